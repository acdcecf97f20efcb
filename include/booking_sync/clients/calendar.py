"""Calendar.com's booking read API. The class can only read: it has no method that sends anything else than GET (D1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self, Unpack
from urllib.parse import quote

from booking_sync.clients.http import Exchange, HttpOptions, JsonHttp
from booking_sync.clients.retry import HttpLimits
from booking_sync.errors import ConfigurationError, IncompleteRead, Refused
from booking_sync.model import Workspace
from booking_sync.plain_text import one_line

_PAGE_SIZE = 200  # contract: the most that may be asked for
_IDS_PER_REQUEST = 100  # contract: the most ids in one request
_LONGEST_QUERY = 2_000  # characters of ids in one address: servers and proxies refuse addresses of some 8,000
_MOST_PAGES = 10_000
_MOST_EMPTY_PAGES = 100
_MOST_RESTARTS = 2
_CURSOR_EXPIRED = "cursor_expired"

_WORKSPACES = "/v1/workspaces"
_WORKSPACE = "/v1/workspaces/{workspace_id}"
_WORKSPACE_BOOKINGS = "/v1/workspaces/{workspace_id}/bookings"
_BOOKINGS = "/v1/bookings"


class CalendarClient:
    """Reads workspaces and raw bookings.

    Besides what :class:`~booking_sync.clients.http.JsonHttp` raises, a list that does not end as the contract promises
    raises IncompleteRead. What was yielded before then is real, but not the whole.
    """

    def __init__(self, http: JsonHttp) -> None:
        self._http = http

    @classmethod
    def from_connection(cls, base_url: str, api_key: str, **options: Unpack[HttpOptions]) -> Self:
        """Make a client for an address and a key; ``options`` are those of JsonHttp."""
        return cls(JsonHttp("Calendar.com", base_url, api_key, **options))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def with_limits(self, limits: HttpLimits) -> Self:
        """Return a client with the same key and another patience; both share their connections."""
        return type(self)(self._http.with_limits(limits))

    def for_another_thread(self, observer: Callable[[Exchange], None] | None) -> Self:
        """Return a client with the same key, and connections and an observer of its own."""
        return type(self)(self._http.for_another_thread(observer))

    def describe(self) -> str:
        """Ask for the workspaces and say in a sentence what the key may read."""
        count = sum(1 for _ in self.workspaces())
        return f"reads {count} workspace{'' if count == 1 else 's'}"

    def workspaces(self) -> Iterator[Workspace]:
        """Yield every workspace that the key may read."""
        yield from map(_workspace, self._whole(_WORKSPACES, None, {}))

    def workspace(self, workspace_id: str) -> Workspace:
        """Return one workspace."""
        return _workspace(self._http.read("GET", _WORKSPACE, path_values={"workspace_id": workspace_id}))

    def bookings_changed(self, workspace_id: str, since: datetime, until: datetime) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of raw bookings with ``since <= updated_at < until``; one booking may come more than once."""
        return self._changed(_WORKSPACE_BOOKINGS, {"workspace_id": workspace_id}, since, until)

    def bookings_changed_everywhere(self, since: datetime, until: datetime) -> Iterator[list[dict[str, Any]]]:
        """Yield the same across every workspace that the key may read, whatever its plan."""
        return self._changed(_BOOKINGS, None, since, until)

    def bookings_by_id(self, workspace_id: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the raw bookings that exist among ``ids``.

        The contract joins ids with commas, so an id that holds a comma cannot be asked for, nor can an empty one. Such
        ids are passed over, and come back as little as one that does not exist.
        """
        askable = list(dict.fromkeys(booking_id for booking_id in ids if booking_id and "," not in booking_id))
        bookings: list[dict[str, Any]] = []
        for some in _portions(askable):
            params = {"ids": ",".join(some)}
            bookings += self._whole(_WORKSPACE_BOOKINGS, {"workspace_id": workspace_id}, params)
        return bookings

    def _changed(
        self, path: str, path_values: Mapping[str, str] | None, since: datetime, until: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        """Read the window; where the cursor expires, go on from the last ``updated_at`` seen.

        The feed is sorted by ``updated_at``, and the window includes its start, so nothing is passed over. Bookings
        with that very ``updated_at`` come again.
        """
        reached_at = since
        for _ in range(_MOST_RESTARTS + 1):
            params = {"updated_since": _written(reached_at), "updated_until": _written(until)}
            try:
                for page in self._pages(path, path_values, params):
                    yield page
                    reached_at = _reached(page, since=reached_at, until=until)
            except _CursorExpired:
                continue
            return
        raise IncompleteRead(f"GET {path}: the cursor expired {_MOST_RESTARTS + 1} times before the window was read")

    def _whole(
        self, path: str, path_values: Mapping[str, str] | None, params: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Read a short list to its end, from its beginning again where the cursor expires."""
        for _ in range(_MOST_RESTARTS + 1):
            try:
                return [item for page in self._pages(path, path_values, params) for item in page]
            except _CursorExpired:
                continue
        raise IncompleteRead(f"GET {path}: the cursor expired {_MOST_RESTARTS + 1} times before the list was read")

    def _pages(
        self, path: str, path_values: Mapping[str, str] | None, params: Mapping[str, str]
    ) -> Iterator[list[dict[str, Any]]]:
        cursors = _Cursors(path)
        while True:
            asked = {**params, "limit": str(_PAGE_SIZE), **cursors.as_params()}
            try:
                document = self._http.read("GET", path, path_values=path_values, params=asked)
            except Refused as error:
                if error.code == _CURSOR_EXPIRED and cursors.current:
                    raise _CursorExpired from None
                raise
            page = _items(document, path)
            if page:
                yield page
            if not cursors.advance(document, is_empty=not page):
                return


class _CursorExpired(Exception):
    """Calendar.com has forgotten the cursor; the window can be asked for anew."""


class _Cursors:
    """Follows the cursors of one list and notices when it does not come to an end."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: set[str] = set()
        self._empty_pages = 0
        self.current: str | None = None

    def as_params(self) -> dict[str, str]:
        return {"cursor": self.current} if self.current else {}

    def advance(self, document: dict[str, Any], *, is_empty: bool) -> bool:
        """Take the next cursor; return whether there is one."""
        following = document.get("next_cursor", "")
        if following is None:
            return False
        if not isinstance(following, str) or not following:
            raise self._incomplete("the next cursor is missing or no text")
        if following in self._seen:
            raise self._incomplete("a cursor came back a second time")
        self._seen.add(following)
        self._empty_pages += is_empty
        if len(self._seen) > _MOST_PAGES or self._empty_pages > _MOST_EMPTY_PAGES:
            raise self._incomplete("there is no end of pages")
        self.current = following
        return True

    def _incomplete(self, reason: str) -> IncompleteRead:
        return IncompleteRead(f"GET {self._path}: {reason}")


def _portions(ids: Sequence[str]) -> Iterator[list[str]]:
    """Cut ids into as many as one address can hold."""
    portion: list[str] = []
    length = 0
    for booking_id in ids:
        needed = len(quote(booking_id, safe="")) + len("%2C")
        if portion and (len(portion) == _IDS_PER_REQUEST or length + needed > _LONGEST_QUERY):
            yield portion
            portion, length = [], 0
        portion.append(booking_id)
        length += needed
    if portion:
        yield portion


def _items(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
    items = document.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise IncompleteRead(f"GET {path}: the answer has no list of objects under data")
    return items


def _workspace(payload: dict[str, Any]) -> Workspace:
    fields = [payload.get(name) for name in ("id", "name", "plan", "time_zone")]
    identity, name, plan, time_zone = (field if isinstance(field, str) else "" for field in fields)
    if not identity:
        raise IncompleteRead(f"GET {_WORKSPACES}: a workspace has no id")
    return Workspace(id=identity, name=one_line(name), plan=plan, time_zone=time_zone)


def _reached(page: list[dict[str, Any]], *, since: datetime, until: datetime) -> datetime:
    """Return the ``updated_at`` of the last booking, or ``since`` where it cannot be read or leaves the window."""
    try:
        moment = datetime.fromisoformat(page[-1]["updated_at"])
    except (KeyError, TypeError, ValueError):
        return since
    return moment if moment.tzinfo and since <= moment < until else since


def _written(moment: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds, so that the edges of a window are exact."""
    if moment.tzinfo is None:
        raise ConfigurationError("a window needs times with a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
