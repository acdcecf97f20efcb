"""The settings of one integration as a form, with the changes made so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup

from booking_sync.clients.mail import NoMailServer
from booking_sync.errors import BookingSyncError, IntegrationUnavailable, InvalidSettings
from booking_sync.integration_settings import DEFAULT_SETTINGS, IntegrationSettings, check_settings
from booking_sync.notice_sample import notice_sample
from booking_sync.preview import preview
from booking_sync.services import Services
from booking_sync.settings_form import form_fields
from booking_sync.store.database import reading, writing
from booking_sync.store.settings_history import SettingsChange, load_settings, save_settings, settings_changes
from booking_sync_airflow.web.access import Administrator, Reader, Visitor
from booking_sync_airflow.web.backing import Backing
from booking_sync_airflow.web.cards import CardView
from booking_sync_airflow.web.form_values import form_texts, read_form
from booking_sync_airflow.web.integration_tabs import SETTINGS, find_integration, tab_page
from booking_sync_airflow.web.notices import done, notices_of
from booking_sync_airflow.web.sample_booking import newest_booking

router = APIRouter(prefix="/integrations/{workspace_id}/settings")

PREVIEW = "preview"
"""The value of the button that saves nothing."""

SEEN = "seen"
"""The field that says which settings the form was opened on: when they were saved."""

_NEVER_SAVED = "never"
_STALE = (
    "They have been saved by somebody else since you opened this page: see below. Save again to put yours in place."
)
_SHOWN_CHANGES = 20
_UNREADABLE = "What is stored cannot be read, so nothing is passed on. These are the defaults: check them, and save."


@router.get("")
def show_settings(request: Request, workspace_id: str, visitor: Reader, services: Backing) -> Response:
    """Show the form."""
    view, integration_id = find_integration(services, workspace_id)
    problems: dict[str, str] = {}
    with reading(services.engine) as connection:
        try:
            settings = load_settings(connection, integration_id)
        except IntegrationUnavailable:
            settings, problems = DEFAULT_SETTINGS, {"": _UNREADABLE}
    texts = form_texts(form_fields(), settings.model_dump(mode="json"))
    return _form(services, visitor, view, integration_id, texts, problems, notices=notices_of(request))


@router.post("")
async def change_settings(request: Request, workspace_id: str, visitor: Administrator, services: Backing) -> Response:
    """Check and store what the form holds, or show it again with a sentence at each field that is wrong."""
    form = await request.form()
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_change, services, workspace_id, visitor, texts)


def _change(services: Services, workspace_id: str, visitor: Visitor, texts: Mapping[str, str]) -> Response:
    view, integration_id = find_integration(services, workspace_id)
    submitted = read_form(form_fields(), texts)
    shown, seen = {field.name: texts.get(field.name, "") for field in form_fields()}, texts.get(SEEN, "")
    try:
        settings = _checked(submitted.values, submitted.problems)
    except InvalidSettings as error:
        return _form(services, visitor, view, integration_id, shown, error.problems, status_code=422, seen=seen)
    if texts.get("action") == PREVIEW:
        preview = _previewed(services, workspace_id, settings)
        return _form(services, visitor, view, integration_id, shown, {}, seen=seen, **preview)
    with writing(services.engine) as connection:
        is_stale = seen != _saved_last(settings_changes(connection, integration_id, most=1))
        is_news = not is_stale and save_settings(
            connection, integration_id, settings, changed_by=visitor.name, at=services.clock()
        )
    if is_stale:
        return _form(services, visitor, view, integration_id, shown, {"": _STALE}, status_code=409)
    return done(view.path + SETTINGS, "saved" if is_news else "unchanged")


def _saved_last(changes: Sequence[SettingsChange]) -> str:
    return changes[0].at.isoformat() if changes else _NEVER_SAVED


def _previewed(services: Services, workspace_id: str, settings: IntegrationSettings) -> dict[str, Any]:
    """Return what the newest booking would look like in HubSpot under settings that are not saved."""
    try:
        booking = newest_booking(services, workspace_id)
    except BookingSyncError as error:
        return {"preview_problem": str(error)}
    if booking is None:
        return {"preview_problem": "No booking of this workspace changed in the last 30 days."}
    at = services.clock()
    shown = preview(booking, settings, at=at)
    body = Markup(shown.body)  # noqa: S704 - made and escaped by the renderer that makes HubSpot's
    notice = notice_sample(booking, at=at) if settings.notify else None
    return {"preview": shown, "preview_body": body, "preview_notice": notice}


def _checked(values: Mapping[str, object], problems: Mapping[str, str]) -> IntegrationSettings:
    """Check what could be read, and name everything that is wrong at once."""
    try:
        settings = check_settings(values)
    except InvalidSettings as error:
        raise InvalidSettings({**error.problems, **problems}) from None
    if problems:
        raise InvalidSettings(problems)
    return settings


def _hints(services: Services, texts: Mapping[str, str]) -> dict[str, str]:
    """Return a sentence for each setting that has no effect as things are."""
    server = services.mail_server() if texts.get("notify") else None
    return {"notify": f"Nobody is told now. {server.why}"} if isinstance(server, NoMailServer) else {}


def _form(
    services: Services,
    visitor: Visitor,
    view: CardView,
    integration_id: str,
    texts: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    seen: str | None = None,
    **more: Any,  # noqa: ANN401 - passed on to the template
) -> Response:
    with reading(services.engine) as connection:
        changes = settings_changes(connection, integration_id, most=_SHOWN_CHANGES)
    fields = form_fields()
    return tab_page(
        "settings.html",
        visitor,
        view,
        tab=SETTINGS,
        fields=fields,
        texts=texts,
        problems=problems,
        titles={field.name: field.title for field in fields},
        changes=changes,
        now=services.clock(),
        hints=_hints(services, texts),
        seen_field=SEEN,
        seen=_saved_last(changes) if seen is None else seen,
        **{"preview": None, "preview_problem": None, "preview_notice": None, **more},
    )
