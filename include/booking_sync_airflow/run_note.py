"""Put what a run has to say on the run itself, as its note.

A task cannot write a note: it has no way to Airflow's database, and the API for tasks does not offer it. The scheduler
can: it calls this listener when a run ends. The text travels as an XCom, a few lines of counts without personal data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

from booking_sync_airflow.identity import NOTE_KEY, OUR_DAG_IDS

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

HEADING = "**Booking sync**"
"""How a note of ours begins. What a person has written is kept below it."""

LONGEST_NOTE = 1_000
"""Airflow's column for notes (``dag_run_note.content``) is that long; PostgreSQL refuses more."""

LEAST_ROOM = 100
GAP = " "
SEPARATOR = "\n\n---\n\n"
MORE = "\n- … the log of close_run has the rest"


class RunNoteListener:
    """Listens in the scheduler (and in ``airflow dags test``) for the end of our runs."""

    @hookimpl
    def on_dag_run_success(self, dag_run: DagRun, msg: str) -> None:
        """Take the note over after a green run."""
        del msg
        write_note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: DagRun, msg: str) -> None:
        """Take the note over after a red run."""
        del msg
        write_note(dag_run)


def write_note(dag_run: DagRun) -> None:
    """Write the text that the run's tasks left, if they left one.

    The scheduler holds the run's row locked, so the note must go through its session, which saves it. ``airflow dags
    test`` hands over a run without a session.
    """
    from airflow.models.dagrun import DagRun as StoredRun  # noqa: PLC0415 - loaded in every process: cheap imports only
    from airflow.utils.session import create_session  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from sqlalchemy.orm import object_session  # noqa: PLC0415 - DAG files and plugins must not pay for it

    text = _text_of(dag_run) if dag_run.dag_id in OUR_DAG_IDS else None
    if text is None:
        return
    if object_session(dag_run) is not None:
        dag_run.note = note_with(text, dag_run.note)
        return
    with create_session(scoped=False) as session:
        stored = session.get_one(StoredRun, dag_run.id)
        stored.note = note_with(text, stored.note)


def note_with(text: str, present: str | None) -> str:
    """Put our text above what a person may have written, in place of what we may have written before.

    Airflow's note holds 1,000 characters. What a person wrote is kept whole; ours is cut to what is left.
    """
    theirs = _theirs(present)
    below = f"{SEPARATOR}{theirs}" if theirs else ""
    room = LONGEST_NOTE - len(HEADING) - len(GAP) - len(below)
    return f"{HEADING}{GAP}{_cut(text.strip(), room)}{below}" if room >= LEAST_ROOM else str(present)


def _theirs(present: str | None) -> str:
    if not present:
        return ""
    return present.partition(SEPARATOR)[2] if present.startswith(HEADING) else present


def _cut(text: str, room: int) -> str:
    """Leave out whole lines at the end, and say so."""
    if len(text) <= room:
        return text
    kept = text[: room - len(MORE)].rpartition("\n")[0]
    return f"{kept or text[: room - len(MORE)]}{MORE}"


def _text_of(dag_run: DagRun) -> str | None:
    """Read the newest note.

    In a session of its own: a failure there cannot spoil the scheduler's transaction, and in ``airflow dags test`` that
    transaction began before the note was written.
    """
    from airflow.models.xcom import XComModel  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from airflow.utils.session import create_session  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from sqlalchemy import select  # noqa: PLC0415 - DAG files and plugins must not pay for it

    newest = (
        select(XComModel)
        .where(XComModel.dag_id == dag_run.dag_id, XComModel.run_id == dag_run.run_id, XComModel.key == NOTE_KEY)
        .order_by(XComModel.timestamp.desc())
        .limit(1)
    )
    with create_session(scoped=False) as session:
        row = session.scalar(newest)
        value = None if row is None else XComModel.deserialize_value(row)
    return value if isinstance(value, str) else None
