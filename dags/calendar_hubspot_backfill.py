r"""Brings the history of Calendar.com into HubSpot, one day per run, on request.

The same reconciliation as `calendar_hubspot_sync`, with daily data intervals and no runs of its own. It is there for
Airflow's backfill: a month of history is 30 runs here and 2,880 there.

**Start it.** *Trigger* → *Backfill*, or

```
airflow backfill create --dag-id calendar_hubspot_backfill \
    --from-date 2026-10-01 --to-date 2026-10-31 --max-active-runs 1
```

Both dates are included. Each run covers the bookings **updated** on its day (UTC). Leave the DAG unpaused, or the runs
stay queued. In the dialog leave *Which bookings* empty: each run's day is its window.

| I want | Do |
|---|---|
| to see what a day would do | *Trigger* with *Dry run*, *Changed from* and *Changed before*; then the tab *Plan* |
| to pause or resume a backfill | the buttons in the blue bar on this DAG; the run at work ends, the others wait |
| one day again | *Reprocess: all runs*, or clear its run: what is done is not done twice |
| only the last hours | `calendar_hubspot_sync` with *Changed from* |

**The 15-minute runs go on meanwhile.** Both work on one integration in turn; a task that has to wait is "up for
reschedule". Older news never overwrites newer.

**The run is red.** Its note says why; what to do stands with `calendar_hubspot_sync`. The other days go on: start the
day again when that is done.

**A plan is refused.** A day on which very much was cancelled or moved can look like a mistake. Answer under *Browse*,
*Required Actions*; nothing of the day is lost meanwhile.
"""

from __future__ import annotations

from booking_sync_airflow.identity import BACKFILL_DAG_ID
from booking_sync_airflow.reconciliation_dag import reconciliation_dag
from booking_sync_airflow.timetable import backfill_timetable

dag = reconciliation_dag(
    BACKFILL_DAG_ID,
    schedule=backfill_timetable(),
    doc_md=__doc__,
    description="Brings a day of Calendar.com history into HubSpot, on request",
)
