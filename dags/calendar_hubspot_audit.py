"""Compares bookings, mapping and HubSpot once a day, and reports where they disagree.

It reads every booking of each connected workspace and every activity that carries our marker. Disagreement is
information: the run stays green with it. Its note has the figures and the first findings; all of them are in the table
`drift` of the booking database.

| Finding | Means | Repair |
|---|---|---|
| missing | a booking that changed since the workspace was connected never came to HubSpot | makes it |
| stale | an activity shows an older state than its booking | writes it again |
| duplicate | a booking has more than one activity of ours | archives all but one |
| deleted | a person deleted the activity; the next change of the booking makes it again | no |
| edited | a person changed title, times, outcome or marker | no |
| wrong association | a person took a contact off the activity | no |
| foreign marker | an activity that we did not make names a booking of ours, such as a copy | no |
| orphan | an activity of ours whose booking nobody knows | no |
| unmapped | an activity of ours that the mapping has lost | no |
| vanished | Calendar.com no longer returns the booking | no |

**Where to look.** The note has the figures, the tab *Plan* of the run every finding, in the group *Found*.

**Repair.** Trigger it with *Repair* on. It mends the first three, through the same steps as the sync, and nothing that
a person made. Where it would archive suspiciously much it asks first: *Browse*, *Required Actions*.

**When to use it.** It runs by itself. Trigger it after a database was restored, after somebody has worked on many
activities in HubSpot, or when somebody asks whether both sides agree.

**The run is red.** Its note and the log of `close_run` say which integration could not be compared and why. Nothing was
repaired there. Running it again is safe.

**A task is "up for reschedule".** A sync works on the same integration. The task comes back by itself.
"""

from __future__ import annotations

from airflow.sdk import CronDataIntervalTimetable

from booking_sync_airflow.audit_dag import audit_dag

# Not on the quarter of an hour: there the sync begins.
dag = audit_dag(schedule=CronDataIntervalTimetable("37 3 * * *", timezone="UTC"), doc_md=__doc__)
