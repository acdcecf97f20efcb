"""Templates turned into answers: autoescaped, and a name that a template is not given is an error, not a gap."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from booking_sync.story_words import span
from booking_sync.utc_minute import utc_minute
from booking_sync_airflow.airflow_address import airflow_url
from booking_sync_airflow.identity import OUR_DAG_IDS, REQUIRED_ACTIONS
from booking_sync_airflow.web import spans
from booking_sync_airflow.web.access import Visitor
from booking_sync_airflow.web.address import pages_path
from booking_sync_airflow.web.assets import asset, asset_url
from booking_sync_airflow.web.headers import content_security_policy
from booking_sync_airflow.web.links import run_url, run_words
from booking_sync_airflow.web.session import FIELD, remember


def page(
    template: str,
    visitor: Visitor,
    *,
    status_code: int = 200,
    policy: str | None = None,
    **values: Any,  # noqa: ANN401 - whatever the template shows
) -> HTMLResponse:
    """Render a page for a person; ``policy`` replaces the content security policy."""
    html = environment().get_template(template).render(visitor=visitor, csrf_token=visitor.session.token, **values)
    answer = HTMLResponse(html, status_code, {"content-security-policy": policy} if policy else None)
    remember(visitor.session, answer)
    return answer


def problem_page(status_code: int, title: str, sentence: str, *, back: str | None = None) -> HTMLResponse:
    """Render what went wrong, for somebody who may not be logged in: the page asks for no other file.

    ``back`` is where its link leads, by default the Integrations page.
    """
    style = asset("pages.css")
    html = (
        environment()
        .get_template("problem.html")
        .render(
            title=title,
            sentence=sentence,
            back=back or f"{pages_path()}/integrations",
            style=Markup(style.content.decode()),  # noqa: S704 - our own stylesheet
        )
    )
    policy = content_security_policy(style_src=style.policy_source)
    return HTMLResponse(html, status_code, {"content-security-policy": policy})


@cache
def environment() -> Environment:
    """Return the one Jinja environment of this process."""
    made = Environment(
        loader=PackageLoader("booking_sync_airflow.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"airflow": airflow_url(), "pages": pages_path(), "asset": asset_url, "csrf_field": FIELD}
    made.globals |= {"required_actions": f"{airflow_url()}/{REQUIRED_ACTIONS}"}
    made.globals |= {"our_dags": OUR_DAG_IDS, "run_url": run_url, "run_words": run_words}
    made.filters |= {"ago": spans.ago, "until": spans.until, "moment": utc_minute, "thousands": spans.thousands}
    made.filters |= {
        "moment_with_seconds": spans.moment_with_seconds,
        "within": spans.within,
        "lasting": spans.lasting,
        "day": spans.day,
        "meeting": span,
    }
    return made
