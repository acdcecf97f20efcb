"""What the task ``diff`` does: compare, decide, and write the plan down."""

from __future__ import annotations

import logging

from booking_sync.plan_view import text_of_part
from booking_sync.planning import Verdict, make_and_save_plan
from booking_sync.services import Services
from booking_sync.shard import for_each_integration, load_due
from booking_sync.source_guard import check_source
from booking_sync.states import RunState
from booking_sync.store.runs import IntegrationRun
from booking_sync.work import Work

logger = logging.getLogger(__name__)


def diff(services: Services, run_id: str, shard: int | None) -> dict[str, int]:
    """Compare what was read with the mapping, decide, and write the plan down."""

    def step(work: Work, part: IntegrationRun) -> dict[str, int]:
        counts = make_and_save_plan(work, check_source(work, part))
        if counts[Verdict.CHANGE] or counts[Verdict.TAKEN_OVER]:
            logger.info("%s", text_of_part(services, run_id, part.integration_id))
        else:
            logger.info("Plan of %s: nothing to do.", work.integration.workspace_id)
        return dict(counts)

    return for_each_integration(services, load_due(services, run_id, shard, {RunState.EXTRACTED}), "diff", step)
