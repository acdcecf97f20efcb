"""Airflow's question to a person, made safe against losing the answer with the task that should have passed it on."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout

from booking_sync_airflow.given_answer import GivenAnswer
from booking_sync_airflow.steps import open_services

if TYPE_CHECKING:
    from airflow.sdk import Context

APPROVE, REJECT = "Approve", "Reject"

LOOK_SECONDS = 90.0
"""How long a second try waits for Airflow's triggerer; where none runs, the question is put again."""


class PlanDecision(HITLOperator):
    """A question with the time limit of our settings, which takes an answer that an earlier try has left.

    Airflow 3.3.2 hands the answer to the process that goes on, and keeps no place for it in the next try. The answer is
    lost to the task when that process dies; and also when a person is quicker than the end of the process that put the
    question: the scheduler then takes its end for the end of the one that goes on (``process_executor_events`` excuses
    a task that is scheduled, but not one that is queued by then). So a further try looks for the answer before it asks.
    """

    def execute(self, context: Context) -> None:
        """Put the question and give the worker back; a further try first has the triggerer look for the answer."""
        if context["ti"].try_number > 1:
            patience = timedelta(seconds=LOOK_SECONDS)
            self.defer(trigger=GivenAnswer(str(context["ti"].id)), method_name="take_or_ask", timeout=patience)
        self._ask(context)

    def take_or_ask(self, context: Context, event: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - as Airflow's
        """Go on with an answer that counts for nothing yet; ask where there is none (a run that was begun again)."""
        if event is not None and self._is_news(context, event):
            return self.execute_complete(context, event)
        return self._ask(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:  # noqa: ANN401 - as Airflow's
        """Go on; where the triggerer could not look, ask."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except (TaskDeferralError, TaskDeferralTimeout) as error:
            self.log.warning("Airflow's triggerer did not say whether there is an answer (%s); asking again.", error)
            return self._ask(context)

    def _ask(self, context: Context) -> None:
        from booking_sync.settings import Settings  # noqa: PLC0415 - DAG files and plugins must not pay for it

        self.response_timeout = timedelta(seconds=Settings.from_environment(os.environ).approval_seconds)
        super().execute(context)

    def _is_news(self, context: Context, answer: dict[str, Any]) -> bool:
        from booking_sync import questions  # noqa: PLC0415 - DAG files and plugins must not pay for it

        return not questions.is_recorded(open_services(), int(context["params"]["plan"]), answer["responded_at"])
