"""The report: figures that balance, and when a run is red."""

from __future__ import annotations

from typing import Any

import pytest

from booking_sync.report import COLUMNS, MOST_PREVIEWED, ChangesOfRun, IntegrationReport, RunReport, integration_report
from booking_sync.states import AuditOutcome, ChangeState, KeptKind, Operation
from booking_sync.store.change_figures import ChangeCount


def a_change(booking_id: str = "bk_1", **fields: Any) -> dict[str, Any]:
    return {
        "booking_id": booking_id,
        "operation": Operation.CREATE,
        "state": ChangeState.DONE,
        "outcome": AuditOutcome.APPLIED,
        "reason": "new booking",
        "error": None,
        "error_code": None,
        "previous_error_code": None,
        "unanswered_count": 0,
        "warnings": [],
        "activity_id": "7",
        "step": "create",
        "booking_version": 1,
        "old_activity_id": None,
        **fields,
    }


def report(
    *changes: dict[str, Any],
    kept: tuple[tuple[str, str | None, str], ...] = (),
    failure: str | None = None,
    is_dry_run: bool = False,
    **counts: int,
) -> IntegrationReport:
    return integration_report(
        "Acme",
        {"hubspot_calls": 3, "calendar_calls": 2, **counts},
        ChangesOfRun(
            [ChangeCount(c["state"], c["operation"], c["outcome"], 1) for c in changes],
            [c for c in changes if c["state"] == ChangeState.PREVIEWED][:MOST_PREVIEWED],
            changes,
        ),
        kept,
        failure=failure,
        is_recorded=failure is None,
        is_dry_run=is_dry_run,
    )


def refused(**fields: Any) -> dict[str, Any]:
    return a_change(state=ChangeState.KEPT, outcome=None, error="HubSpot refuses it: X", error_code="X", **fields)


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({}, "create"),
        ({"operation": Operation.RECREATE}, "recreate"),
        ({"operation": Operation.CANCEL}, "cancel"),
        ({"operation": Operation.UPDATE}, "update"),
        ({"outcome": AuditOutcome.ADOPTED}, "adopted"),
        ({"state": ChangeState.KEPT, "outcome": None}, "kept"),
        ({"state": ChangeState.UNKNOWN, "outcome": None}, "kept"),
        ({"state": ChangeState.SENDING, "outcome": None}, "kept"),
        ({"state": ChangeState.SUPERSEDED, "outcome": None}, "superseded"),
        ({"state": ChangeState.PREVIEWED, "outcome": None, "operation": Operation.CANCEL}, "cancel"),
    ],
)
def test_every_change_is_counted_in_one_column(fields: dict[str, Any], column: str) -> None:
    made = report(a_change(**fields), read=1)
    assert {name for name in COLUMNS if name != "read" and made.counts[name]} == {column}
    assert made.is_balanced


def test_all_figures_together_balance() -> None:
    made = report(a_change(), read=10, rejected=1, unchanged=5, superseded=2, waiting=1)
    assert made.is_balanced
    assert made.counts["kept"] == 1
    assert not RunReport(is_dry_run=False, integrations=(made,)).is_red


def test_figures_that_do_not_balance_make_the_run_red() -> None:
    whole = RunReport(is_dry_run=False, integrations=(report(a_change(), read=2),))
    assert whole.is_red
    assert "do not balance" in whole.reason


def test_a_refusal_is_red_once() -> None:
    assert RunReport(is_dry_run=False, integrations=(report(refused(), read=1),)).is_red
    known = report(refused(previous_error_code="X"), read=1)
    assert not RunReport(is_dry_run=False, integrations=(known,)).is_red
    changed = report(refused(previous_error_code="Y"), read=1)
    assert RunReport(is_dry_run=False, integrations=(changed,)).is_red


@pytest.mark.parametrize("code", ["not_found", "not_reached", "contact_unknown", "outcome_unknown", "Throttled"])
def test_what_mends_itself_is_said_and_is_not_red(code: str) -> None:
    kept = a_change(state=ChangeState.KEPT, outcome=None, error="wait", error_code=code)
    whole = RunReport(is_dry_run=False, integrations=(report(kept, read=1),))
    assert not whole.is_red
    assert "kept bk_1 (create): wait" in whole.note


def test_a_window_that_is_not_recorded_is_red_and_says_why() -> None:
    whole = RunReport(is_dry_run=False, integrations=(report(failure="the key is not accepted", read=5),))
    assert whole.is_red
    assert whole.reason == "Acme: the key is not accepted"  # figures of half a run need not balance


def test_a_change_that_is_never_answered_is_red_with_its_third_request_and_only_then() -> None:
    lost = a_change(state=ChangeState.UNKNOWN, outcome=None, error="no answer", error_code="outcome_unknown")
    tries = [{**lost, "unanswered_count": before} for before in range(4)]
    colours = [RunReport(is_dry_run=False, integrations=(report(one, read=1),)).is_red for one in tries]
    assert colours == [False, False, True, False]


def test_what_was_rejected_is_named_and_its_older_change_counts_by_itself() -> None:
    kept = ((KeptKind.REJECTED, "bk_1", "status: 'tentative' is not known"), (KeptKind.REJECTED, None, "id: is empty"))
    made = report(a_change(operation=Operation.RECREATE), kept=kept, read=2, rejected=1)
    assert made.is_balanced
    note = RunReport(is_dry_run=False, integrations=(made,)).note
    assert "rejected bk_1: status: 'tentative' is not known" in note
    assert "rejected (no id): id: is empty" in note


def test_what_an_activity_lacks_is_said() -> None:
    warned = a_change(warnings=["no_usable_email: invitee inv_1", "contacts_looked_up_again"])
    note = RunReport(is_dry_run=False, integrations=(report(warned, read=1),)).note
    assert "bk_1: no_usable_email: invitee inv_1" in note  # C6
    assert "looked_up" not in note


def test_the_note_begins_with_what_matters() -> None:
    good = report(a_change(), read=1)
    assert RunReport(is_dry_run=False, integrations=(good,)).note.startswith(
        "Done: read 1 = 1 create\n- Acme: read 1 = 1 create;"
    )
    bad = report(refused(), read=1)
    assert RunReport(is_dry_run=False, integrations=(bad,)).note.startswith("Needs attention: read 1 = 1 kept\n")
    dry = report(a_change(state=ChangeState.PREVIEWED, outcome=None), is_dry_run=True, read=1)
    assert RunReport(is_dry_run=True, integrations=(dry,)).note.startswith("**Dry run: nothing was written.**")


def test_notices_of_the_whole_run_are_in_the_note() -> None:
    assert (
        "Small: not connected" in RunReport(is_dry_run=False, integrations=(), notices=("Small: not connected",)).note
    )


def test_totals_add_up_over_integrations() -> None:
    one, other = report(a_change(), read=1), report(read=4, unchanged=4)
    counts = RunReport(is_dry_run=False, integrations=(one, other)).counts
    assert (counts["read"], counts["create"], counts["unchanged"]) == (5, 1, 4)
    assert (counts["hubspot_calls"], counts["calendar_calls"]) == (6, 4)


def test_the_table_has_a_line_an_integration() -> None:
    lines = RunReport(is_dry_run=False, integrations=(report(a_change(), read=1), report())).table.splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1


def test_a_note_stays_short_however_much_there_is_to_tell() -> None:
    many = [
        a_change(f"bk_{n}", state=ChangeState.KEPT, outcome=None, error="wait", error_code="X", warnings=[f"odd: {n}"])
        for n in range(1_000)
    ]
    kept = tuple((KeptKind.REJECTED, f"bk_r{n}", "status: is missing") for n in range(1_000))
    made = report(*many, kept=kept, read=2_000, rejected=1_000)
    lines = RunReport(is_dry_run=False, integrations=(made,)).note.splitlines()
    assert made.counts["kept"] == 1_000
    assert sum("… and 900 more" in line for line in lines) == 4  # refused anew, kept, rejected, warnings of other kinds
    assert len(lines) < 450


def test_a_preview_says_how_many_more_there_are() -> None:
    many = [a_change(f"bk_{n}", state=ChangeState.PREVIEWED, outcome=None) for n in range(150)]
    note = RunReport(is_dry_run=True, integrations=(report(*many, is_dry_run=True, read=150),)).note
    assert "would create bk_99: new booking" in note
    assert "bk_100" not in note
    assert "… and 50 more" in note
