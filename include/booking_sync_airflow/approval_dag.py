"""The DAG in which a refused plan waits for a person, one run for each: its form, its shape and its tasks (W5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, get_current_context, task

from booking_sync_airflow.identity import APPROVAL_DAG_ID, NOTE_KEY, PLAN_TAB
from booking_sync_airflow.plan_decision import APPROVE, REJECT, PlanDecision
from booking_sync_airflow.reconciliation_dag import LONG_AGO
from booking_sync_airflow.steps import open_services

if TYPE_CHECKING:
    from airflow.sdk import Context

DESCRIBE, DECIDE, RECORD = "describe_plan", "decide", "record_answer"

MOST_ASKED = 100
"""How many questions are open at once; the others follow. Airflow's scheduler looks at every run that is under way."""


def approval_dag(*, doc_md: str) -> DAG:
    """Make the DAG: ``describe_plan`` → ``decide`` (a person) → ``record_answer`` → ``carry_out``.

    It is not paused when Airflow first sees it: else nobody would be asked.
    """
    with DAG(
        APPROVAL_DAG_ID,
        description="Asks a person whether a refused plan may be carried out",
        schedule=None,
        start_date=LONG_AGO,
        catchup=False,
        max_active_runs=MOST_ASKED,
        is_paused_upon_creation=False,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=15)},
        params=approval_form(),
        doc_md=doc_md,
        tags=["calendar.com", "hubspot"],
    ) as dag:
        _wire()
    return dag


def approval_form() -> dict[str, Param]:
    """Make the only field: the sync fills it in; by hand one asks again about a plan that was rejected."""
    return {
        "plan": Param(
            type="integer",
            minimum=1,
            title="Refused plan",
            description_md="Its number: the last part of the id of the run that asked about it.",
        )
    }


def _wire() -> None:
    @task.short_circuit(task_id=DESCRIBE, multiple_outputs=False)
    def described() -> dict[str, str]:
        return describe_plan(get_current_context())

    @task.short_circuit(task_id=RECORD, multiple_outputs=False)
    def recorded(answer: dict[str, Any]) -> dict[str, Any]:
        return record_answer(answer, get_current_context())

    decide = PlanDecision(
        task_id=DECIDE,
        subject=f"{{{{ ti.xcom_pull(task_ids='{DESCRIBE}')['subject'] }}}}",
        body=f"{{{{ ti.xcom_pull(task_ids='{DESCRIBE}')['body'] }}}}",
        options=[APPROVE, REJECT],
        defaults=REJECT,
    )
    answer = recorded(decide.output)  # type: ignore[arg-type]  # Airflow hands over what it stands for
    carry_out = TriggerDagRunOperator(
        task_id="carry_out",
        trigger_dag_id=f"{{{{ ti.xcom_pull(task_ids='{RECORD}')['dag_id'] }}}}",
        trigger_run_id=f"{{{{ ti.xcom_pull(task_ids='{RECORD}')['run_id'] }}}}",
        conf=f"{{{{ ti.xcom_pull(task_ids='{RECORD}')['conf'] | tojson }}}}",  # type: ignore[arg-type]  # a template, which Airflow reads as JSON
        logical_date=None,
        skip_when_already_exists=True,
    )
    described() >> decide
    answer >> carry_out


def describe_plan(context: Context) -> dict[str, str]:
    """Return what to ask; nothing where the plan does not wait any more: then the run ends here."""
    from booking_sync import questions  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it

    plan_id = int(context["params"]["plan"])
    with airflow_outcomes(context):
        services = open_services()
        question = questions.question_about(services, plan_id)
        if isinstance(question, str):
            questions.note_withdrawn(services, plan_id)
            context["ti"].xcom_push(NOTE_KEY, question)
            return {}
    run_url = _run_url(question.dag_id, question.dag_run_id)
    links = f"[Every change of it, old and new]({run_url}/{PLAN_TAB}) · [The run that refused it]({run_url})"
    return {"subject": question.subject, "body": f"{question.body}\n\n{links}"}


def record_answer(answer: dict[str, Any], context: Context) -> dict[str, Any]:
    """Record who decided what; return the run that carries the plan out, or nothing."""
    from booking_sync import questions  # noqa: PLC0415 - DAG files and plugins must not pay for it
    from booking_sync_airflow.outcomes import airflow_outcomes  # noqa: PLC0415 - DAG files and plugins must not pay for it

    person = answer["responded_by_user"]
    with airflow_outcomes(context):
        decision = questions.decide(
            open_services(),
            int(context["params"]["plan"]),
            is_approved=answer["chosen_options"] == [APPROVE],
            person=(person["name"] or person["id"]) if person else None,
            at=_aware(answer["responded_at"]),
        )
    context["ti"].xcom_push(NOTE_KEY, decision.sentence)
    if decision.request is None:
        return {}
    run_id = f"approved__{context['dag_run'].run_id}#{context['dag_run'].clear_number}"
    return {"dag_id": decision.dag_id, "run_id": run_id, "conf": dict(decision.request)}


def _aware(at: datetime | str) -> datetime:
    return (at if isinstance(at, datetime) else datetime.fromisoformat(at)).astimezone(UTC)


def _run_url(dag_id: str, run_id: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - DAG files and plugins must not pay for it

    from booking_sync_airflow.airflow_address import airflow_url  # noqa: PLC0415 - DAG files and plugins must not pay for it

    return f"{airflow_url()}/dags/{dag_id}/runs/{quote(run_id)}"
