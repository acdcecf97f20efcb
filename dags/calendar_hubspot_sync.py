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

**The run is red.** Its note and the log of `close_run` say why and for which integration. The others went through.

**Running it again is always safe.** Clear the run or trigger a new one: what is done is not done twice.

**What would it do?** Trigger it with *Dry run* on.

**A short gap is missing.** Backfill this DAG. For weeks of history use `calendar_hubspot_backfill`.

**A task is "up for reschedule".** Another run works on the same integration. The task comes back by itself.
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
