"""Reading the feed: what a request asks for, which page it gets, and how the page may go wrong."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from booking_sandbox.calendar_state import CalendarState
from booking_sandbox.calendar_store import Position, Version, Workspaces, visible_until
from booking_sandbox.calendar_switches import CalendarSwitches
from booking_sandbox.moments import microseconds, parse_moment

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 200
MOST_IDS = 100


class CalendarError(Exception):
    """An error answer of the contract: HTTP status, code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """One page of the feed as it was asked for. ``after`` is where the page before ended."""

    workspace_id: str | None
    since: datetime | None
    until: datetime | None
    ids: tuple[str, ...] | None
    limit: int
    after: Position | None = None
    cursor: str | None = None
    readable: Workspaces = None

    @property
    def workspaces(self) -> Workspaces:
        """The workspaces that this page may show."""
        return self.readable if self.workspace_id is None else frozenset({self.workspace_id})


def read_limit(query: Mapping[str, str]) -> int:
    """The page size that was asked for."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST_LIMIT:
        raise CalendarError(422, "invalid_request", f"limit must be a whole number from 1 to {LARGEST_LIMIT}")
    return int(text)


def read_request(query: Mapping[str, str], workspace_id: str | None) -> FeedRequest:
    """Check the query of a bookings request. With a cursor the window may be repeated but not changed."""
    allowed = {"updated_since", "updated_until", "cursor", "limit"} | ({"ids"} if workspace_id is not None else set())
    unknown = query.keys() - allowed
    if unknown:
        raise CalendarError(422, "invalid_request", f"unknown parameter: {', '.join(sorted(unknown))}")
    since, until = _moment(query, "updated_since"), _moment(query, "updated_until")
    ids = _ids(query)
    if "cursor" in query:
        request = _from_cursor(query["cursor"], workspace_id)
        if (
            (since not in {None, request.since})
            or (until not in {None, request.until})
            or ids not in {None, request.ids}
        ):
            raise CalendarError(422, "invalid_request", "a cursor goes with the window that it was made for")
        return replace(request, limit=read_limit(query))
    if workspace_id is None and (since is None or until is None):
        raise CalendarError(422, "invalid_request", "updated_since and updated_until are required")
    if since and until and since > until:
        raise CalendarError(422, "invalid_request", "updated_since is later than updated_until")
    return FeedRequest(workspace_id, since, until, ids, read_limit(query))


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        return parse_moment(query[name])
    except ValueError as error:
        raise CalendarError(422, "invalid_request", f"{name} is not a date-time with an offset") from error


def _ids(query: Mapping[str, str]) -> tuple[str, ...] | None:
    if "ids" not in query:
        return None
    ids = tuple(dict.fromkeys(part for part in query["ids"].split(",") if part))
    if not 1 <= len(ids) <= MOST_IDS:
        raise CalendarError(422, "invalid_request", f"ids takes 1 to {MOST_IDS} booking ids")
    return ids


def _to_cursor(request: FeedRequest, after: Position) -> str:
    moments = [microseconds(one) if one else None for one in (request.since, request.until, after[0])]
    parts = [request.workspace_id, *moments, after[1], list(request.ids) if request.ids else None]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _from_cursor(cursor: str, workspace_id: str | None) -> FeedRequest:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        workspace, since, until, moment, booking_id, ids = json.loads(text)
        request = FeedRequest(
            workspace,
            parse_moment(since) if since else None,
            parse_moment(until) if until else None,
            tuple(ids) if ids else None,
            DEFAULT_LIMIT,
            (parse_moment(moment), booking_id),
            cursor,
        )
    except (ValueError, TypeError, binascii.Error) as error:
        raise CalendarError(422, "invalid_request", "the cursor is not one of ours") from error
    if workspace != workspace_id:
        raise CalendarError(422, "invalid_request", "the cursor belongs to another feed")
    return request


def read_page(state: CalendarState, switches: CalendarSwitches, request: FeedRequest) -> str:
    """The page as JSON text; the caller holds the state's lock."""
    if request.cursor and switches.expire_cursors > 0:
        switches.expire_cursors -= 1
        raise CalendarError(410, "cursor_expired", "This cursor has expired; start the window again.")
    if switches.empty_pages > 0:
        switches.empty_pages -= 1
        start = request.after or (request.since or datetime.fromisoformat("0001-01-02T00:00:00+00:00"), "")
        return _page_text([], _to_cursor(request, start))
    versions = _matching(state, switches, request)
    page, has_next = versions[: request.limit], len(versions) > request.limit
    cursor = _to_cursor(request, page[-1].position) if has_next else None
    if switches.repeat_cursor and request.cursor:
        cursor = request.cursor
    if has_next and switches.change_while_paging > 0:
        switches.change_while_paging -= 1
        text = _page_text(page, cursor)
        state.edit(page[0].position[1])
        return text
    if switches.duplicate_across_pages and request.after and request.after[1] in state.store:
        page = [state.store.current(request.after[1]), *page]
    return _page_text(page, cursor)


def _matching(state: CalendarState, switches: CalendarSwitches, request: FeedRequest) -> list[Version]:
    horizon = visible_until(state.clock(), switches.late_visibility_seconds)
    is_late = switches.late_visibility_seconds > 0
    if request.ids is not None:
        return _by_ids(state, request, horizon if is_late else None)
    window = (request.workspaces, request.after, request.since, request.until, request.limit + 1)
    return state.store.late_window(*window, visible_until=horizon) if is_late else state.store.window(*window)


def _by_ids(state: CalendarState, request: FeedRequest, horizon: datetime | None) -> list[Version]:
    store = state.store
    found = [
        store.current(one) if horizon is None else store.visible(one, horizon)
        for one in request.ids or ()
        if one in store
    ]
    versions = [one for one in found if one is not None and _is_asked_for(one, request)]
    return sorted(versions, key=lambda version: version.position)


def _is_asked_for(version: Version, request: FeedRequest) -> bool:
    moment = version.position[0]
    return (
        version.workspace_id == request.workspace_id
        and (request.since is None or moment >= request.since)
        and (request.until is None or moment < request.until)
        and (request.after is None or version.position > request.after)
    )


def _page_text(versions: list[Version], cursor: str | None) -> str:
    return '{"data":[' + ",".join(version.text for version in versions) + '],"next_cursor":' + json.dumps(cursor) + "}"
