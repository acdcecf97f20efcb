"""Makes HubSpot follow the bookings that changed in Calendar.com, every 15 minutes.

A new booking becomes an activity (and its invitee a contact), a rescheduled one is deleted and made again, a cancelled
one is renamed to *[Canceled] …*.

| Task | Does |
|---|---|
| `open_run` | checks the form and decides which integrations take part |
| `extract` | reads the changed bookings; one that makes no sense is kept with its reason |
| `diff` | compares them with the mapping and stores the plan |
| `apply_create`, `apply_recreate`, `apply_cancel` | carry the plan out |
| `close_run` | records the window, writes the run's note and decides the colour |

## Where to look

- The **note** on a run: *read = unchanged + create + recreate + …*. Each booking that was read is in one figure.
- The tab **Plan** on a run: every change with old and new, its reason and its state. A dry run ends with just that.
- The page **Booking sync**: what waits and why, and the story of one booking.
- The page **Integrations**: connecting, pausing, settings.

## When to use what

| I want | Do |
|---|---|
| the daily business | nothing: it runs by itself |
| to see what would happen | *Trigger* with *Dry run* on, then the tab *Plan* |
| these bookings, now | *Trigger* with their ids under *Bookings* |
| a gap of hours | *Trigger* with *Changed from* and *Changed before*, or backfill this DAG |
| days or weeks of history | backfill `calendar_hubspot_backfill` |
| to know whether both sides agree | `calendar_hubspot_audit` |

## The run is red

Somebody has to look once. The note says at which integration; the others went through. Nothing is lost.

| The note or log says | Do |
|---|---|
| `is refused` | the plan does very much. See the tab *Plan*, then answer under *Browse*, *Required Actions* |
| `Grant access again` | page *Integrations*, **GRANT HUBSPOT ACCESS** |
| `is missing: add it under Admin, Connections` | do that; the sentence says what it needs |
| `make migrate` | the database has another schema than the code: stop the runs, back up, run that command |
| `the run ended before it came to` | nothing, or clear the run to go on at once |
| `The run is not complete` | clear the failed tasks; their log says what happened |
| `the figures do not balance` | a mistake of ours: keep the log of `close_run` and report it |
| a booking's id and a code of HubSpot | open the booking on *Booking sync*; it is tried again by every run |

**Running it again is always safe.** Clear the run or trigger a new one: what is done is not done twice.

**A task is "up for reschedule".** Another run works on the same integration. The task comes back by itself.

**Another DAG shall wait for a finished sync.** Give it `schedule=[Asset("x-booking-sync://finished")]`: each green run
that was no dry run sends an event with window and counts.
"""

from __future__ import annotations

from airflow.sdk import CronDataIntervalTimetable

from booking_sync_airflow.identity import SYNC_DAG_ID
from booking_sync_airflow.reconciliation_dag import reconciliation_dag

# A plain cron string would give runs without a data interval in Airflow 3.
dag = reconciliation_dag(
    SYNC_DAG_ID,
    schedule=CronDataIntervalTimetable("*/15 * * * *", timezone="UTC"),
    doc_md=__doc__,
    description="Makes HubSpot follow the bookings that changed in Calendar.com",
)
