"""Asks a person whether a refused plan may be carried out: one run for each plan, started by the run that refused it.

A plan is refused when it cancels, archives or remakes suspiciously much. Nothing of it is written; other runs go on.

| Task | Does |
|---|---|
| `describe_plan` | puts the numbers together; ends the run if the plan does not wait any more |
| `decide` | waits for a person: *Browse*, *Required Actions* |
| `record_answer` | records who approved or rejected it, and when |
| `carry_out` | after an approval: starts the run that writes exactly this plan, once |

**Nobody answers.** After a week (`BOOKING_SYNC_APPROVAL_SECONDS`) that counts as *Reject*. No run waits for the answer.

**The plan has changed.** The old question is withdrawn: its run ends as superseded. A run for the new plan asks.

**It was rejected, and that was wrong.** Trigger this DAG with the plan's number, the last part of the run's id; or
trigger the sync with *Approve plan*.

**Pausing this DAG** means that nobody is asked; plans can then be approved through the sync's trigger form only.
"""

from __future__ import annotations

from booking_sync_airflow.approval_dag import approval_dag

dag = approval_dag(doc_md=__doc__)
