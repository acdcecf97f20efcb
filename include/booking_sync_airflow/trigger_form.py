"""The trigger form of a reconciliation, as Airflow shows it.

The form is a convenience: Airflow accepts unknown keys and checks no dates, so the first task validates everything
again (:mod:`booking_sync.request`).
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

_WINDOW = "Which bookings"
_NARROWER = "Only some of them"
_SAFETY = "What to do"
_DIALECT = "http://json-schema.org/draft-03/schema#"
"""Airflow checks the schema of every field in every task. All dialects say the same with the keywords that our fields
have; in draft 7 the check takes twice as long as in this one, and in the latest eight times."""


def form_field(*, default: bool | list[str] | None, **schema: Any) -> Param:  # noqa: ANN401 - as JSON Schema has it
    """Make a field of a form from its default and its JSON Schema."""
    return Param(default, schema={"$schema": _DIALECT, **schema})


def trigger_form() -> dict[str, Param]:
    """Make the fields; every one has a default that changes nothing."""
    return {
        "window_start": form_field(
            default=None,
            type=["null", "string"],
            format="date-time",
            section=_WINDOW,
            title="Changed from",
            description_md="Bookings **updated** at this time or later. Without a zone it is UTC. "
            "Empty: since the end of the last recorded window. In a backfill leave it empty: its days are its windows.",
        ),
        "window_end": form_field(
            default=None,
            type=["null", "string"],
            format="date-time",
            section=_WINDOW,
            title="Changed before",
            description_md="Bookings updated **before** this time, at most 400 days later. Needs *Changed from*. "
            "Empty: now.",
        ),
        "workspaces": workspaces_field(),
        "booking_ids": _ids(
            "Bookings",
            "Booking ids, one a line and at most 1,000, instead of a window: each is read and reconciled now.",
        ),
        "dry_run": form_field(
            default=False,
            type="boolean",
            section=_SAFETY,
            title="Dry run",
            description_md="Do everything but write to HubSpot: the tab *Plan* of the run shows what would be done.",
        ),
        "approve_plan": approval_field(_SAFETY),
    }


def workspaces_field() -> Param:
    """Make the field that names some workspaces instead of all."""
    return _ids("Workspaces", "Workspace ids, one a line. Empty: every connected one.")


def approval_field(section: str) -> Param:
    """Make the field that lets a refused plan through."""
    return form_field(
        default=None,
        type=["null", "string"],
        section=section,
        title="Approve plan",
        description_md="Checksum of a refused plan, from the note of the run that refused it: lets **exactly that "
        "plan** through, once. The approval is recorded with your name.",
    )


def _ids(title: str, description: str) -> Param:
    return form_field(
        default=[],
        type=["null", "array"],
        items={"type": "string"},
        section=_NARROWER,
        title=title,
        description_md=description,
    )
