"""Looks once an hour whether operators have to know something, also when the sync does not run at all.

| Alert | Means |
|---|---|
| no sync has ended | `calendar_hubspot_sync` is paused, or its runs do not come through |
| to be connected again | HubSpot takes an integration's tokens no more |
| a plan is refused | it waits under *Browse*, *Required Actions* |
| requests without an answer | for more than an hour; each run looks again what came of them |
| not passed on yet | an integration is behind, although the sync runs |

Each is told once until it is over: by mail to `alert_to` in the extra field of the connection `smtp_default`, and by
the functions in `BOOKING_SYNC_ALERT_CALLBACKS`. The sync tells them at its end, too; this DAG is for when it does not
come so far.

**The run is red.** There is an alert, and nobody to tell it to or no way to tell it: the note has it.
"""

from __future__ import annotations

from airflow.sdk import CronDataIntervalTimetable

from booking_sync_airflow.watch_dag import watch_dag

# Not on the quarter of an hour: there the sync begins.
dag = watch_dag(schedule=CronDataIntervalTimetable("7 * * * *", timezone="UTC"), doc_md=__doc__)
