r"""Brings the history of Calendar.com into HubSpot, one day per run, on request.

The same reconciliation as `calendar_hubspot_sync`, with daily data intervals and no runs of its own. It is there for
Airflow's backfill: a month of history is 30 runs here and 2,880 there.

**Start it.** *Trigger* → *Backfill*, or

```
airflow backfill create --dag-id calendar_hubspot_backfill \
    --from-date 2026-10-01 --to-date 2026-10-31 --max-active-runs 1
```

Both dates are included. Each run covers the bookings **updated** on its day (UTC). Leave the DAG unpaused, or the runs
stay queued.

**Running a day again is safe** (*Reprocess: all runs*): what is done is not done twice, and older news never overwrites
newer.

**The 15-minute runs go on meanwhile.** Both work on one integration in turn; a task that has to wait is "up for
reschedule".

**The run is red.** Its note and the log of `close_run` say why.
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
