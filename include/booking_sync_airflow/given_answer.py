"""Asking Airflow, in its triggerer, whether a question has been answered already: a task cannot ask that itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

SETTLE_SECONDS = 10.0
"""A trigger that fires at once would run into what it is there to mend: see :class:`PlanDecision`."""


class GivenAnswer(BaseTrigger):
    """Fires once, with the answer that Airflow keeps for a task instance, or without one."""

    def __init__(self, ti_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.ti_id = ti_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return how the triggerer makes it."""
        return (f"{type(self).__module__}.{type(self).__qualname__}", {"ti_id": self.ti_id})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait until the task's own process is certainly over, then look."""
        await asyncio.sleep(SETTLE_SECONDS)
        yield TriggerEvent(await asyncio.to_thread(_answer, self.ti_id))  # type: ignore[no-untyped-call]  # Airflow's


def _answer(ti_id: str) -> dict[str, Any] | None:
    """Return the answer as Airflow hands it to a task that goes on; None where there is no answer, or no question."""
    from uuid import UUID  # noqa: PLC0415 - DAG files must not pay for it

    from airflow.sdk.exceptions import AirflowRuntimeError  # noqa: PLC0415 - DAG files must not pay for it
    from airflow.sdk.execution_time.hitl import get_hitl_detail_content_detail  # noqa: PLC0415 - DAG files must not pay for it

    try:
        given = get_hitl_detail_content_detail(UUID(ti_id))
    except AirflowRuntimeError:
        return None
    if not given.response_received:
        return None
    person = given.responded_by_user
    return {
        "chosen_options": list(given.chosen_options or []),
        "params_input": given.params_input or {},
        "responded_at": given.responded_at,
        "responded_by_user": {"id": person.id, "name": person.name} if person else None,
    }
