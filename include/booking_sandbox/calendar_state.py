"""The bookings of a sandboxed Calendar.com and everything that hosts and invitees can do to them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from booking_sandbox.calendar_defaults import as_wire, new_booking, person, refuse_unknown
from booking_sandbox.calendar_store import BookingStore, Version
from booking_sandbox.history import History, RequestHook
from booking_sandbox.moments import Clock, parse_moment
from booking_sandbox.wire import Json

DEFAULT_API_KEY = "sandbox-calendar-key"
_ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 10


@dataclass
class CalendarState:
    """Workspaces, keys and bookings.

    Every method takes the lock, and every change of a booking moves its version. ``updated_at`` comes from the
    clock and grows by at least a microsecond with every change, whatever the clock does; the keyword ``at`` of every
    change overrides it, so that a past can be built.
    """

    clock: Clock
    seed: int = 7
    workspaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, frozenset[str] | None] = field(default_factory=dict)
    """API key → the workspaces it may read; None means all."""
    store: BookingStore = field(default_factory=BookingStore)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    history: History = field(default_factory=History, repr=False)
    request_hook: RequestHook | None = None
    """Called before and after every API request."""

    def __post_init__(self) -> None:
        self.keys.setdefault(DEFAULT_API_KEY, None)
        self._random = Random(self.seed)  # noqa: S311 - ids of a sandbox, reproducible by design
        self._last_change_at: datetime | None = None

    def reset(self) -> None:
        """Forget every workspace, key, booking and request, and start the random ids again."""
        with self.lock:
            self.history.clear()
            self.request_hook = None
            self.workspaces, self.keys, self.store = {}, {}, BookingStore()
            self.__post_init__()

    def add_key(self, key: str, workspace_ids: list[str] | None = None) -> None:
        """Accept one more API key, for all workspaces or only for those named."""
        with self.lock:
            self.keys[key] = None if workspace_ids is None else frozenset(workspace_ids)

    def revoke_key(self, key: str) -> None:
        """From now on the key is answered 401."""
        with self.lock:
            self.keys.pop(key, None)

    def add_workspace(
        self,
        id: str,  # noqa: A002 - the contract's name
        name: str = "Acme Sales",
        plan: str = "pro",
        time_zone: str = "Europe/Berlin",
    ) -> dict[str, Any]:
        """Add a workspace, or change the one with this id (its plan, for example)."""
        with self.lock:
            self.workspaces[id] = {"id": id, "name": name, "plan": plan, "time_zone": time_zone}
            return dict(self.workspaces[id])

    def book(
        self, workspace_id: str, *, booking_id: str | None = None, at: datetime | None = None, **fields: Json
    ) -> dict[str, Any]:
        """Book a meeting; every field has a default (see :func:`booking_sandbox.calendar_defaults.new_booking`)."""
        with self.lock:
            self._require_workspace(workspace_id)
            moment = self._moment(at)
            booking = new_booking(booking_id or self._new_id(), workspace_id, moment, **fields)
            if booking["id"] in self.store:
                raise ValueError(f"there is a booking {booking['id']} already")
            self.store.put(Version(as_wire(booking), workspace_id, (moment, booking["id"])))
            return self.booking(booking["id"])

    def reschedule_in_place(
        self,
        booking_id: str,
        start_at: datetime | str | None = None,
        end_at: datetime | str | None = None,
        host: Mapping[str, Any] | str | None = None,
        by: str = "invitee",
        *,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Move a booking, keeping its id. Without ``end_at`` it keeps its length; without ``start_at`` its start."""

        def move(booking: dict[str, Any]) -> None:
            booking.update(_moved(booking, start_at, end_at))
            if host is not None:
                booking["host"] = person(host, "Host", None)
            booking["reschedule_count"] = booking.get("reschedule_count", 0) + 1
            booking["rescheduled_by"], booking["reschedule_reason"] = by, reason

        return self._change(booking_id, move, at)

    def reschedule_to_new(
        self,
        booking_id: str,
        start_at: datetime | str,
        end_at: datetime | str | None = None,
        host: Mapping[str, Any] | str | None = None,
        by: str = "invitee",
        *,
        reason: str | None = None,
        new_id: str | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Replace a booking by a new one, which is returned; the old one gets the status ``rescheduled``."""
        with self.lock:
            old = self.booking(booking_id)
            new = {**old, **_moved(old, start_at, end_at), "id": new_id or self._new_id(), "version": 1}
            if host is not None:
                new["host"] = person(host, "Host", None)
            new["reschedule_count"] = old["reschedule_count"] + 1
            new["rescheduled_from_id"], new["rescheduled_by"], new["reschedule_reason"] = booking_id, by, reason
            replaced = {"status": "rescheduled", "rescheduled_to_id": new["id"], "rescheduled_by": by}
            self._change(booking_id, lambda booking: booking.update(replaced, reschedule_reason=reason), at)
            moment = self._moment(at)
            new["created_at"] = new["updated_at"] = moment
            self.store.put(Version(as_wire(new), new["workspace_id"], (moment, new["id"])))
            return self.booking(new["id"])

    def cancel(
        self, booking_id: str, by: str = "invitee", reason: str | None = None, at: datetime | None = None
    ) -> dict[str, Any]:
        """Call a booking off."""

        def call_off(booking: dict[str, Any]) -> None:
            booking.update(status="canceled", canceled_by=by, cancel_reason=reason, canceled_at=booking["updated_at"])

        return self._change(booking_id, call_off, at)

    def uncancel(self, booking_id: str, at: datetime | None = None) -> dict[str, Any]:
        """Let a cancelled booking stand again."""
        stands = {"status": "scheduled", "canceled_by": None, "cancel_reason": None, "canceled_at": None}
        return self._change(booking_id, lambda booking: booking.update(stands), at)

    def edit(self, booking_id: str, *, at: datetime | None = None, **fields: Json) -> dict[str, Any]:
        """Change any fields of the contract; ``event_name`` is a short way to rename the event.

        Raises:
            ValueError: a field is not part of the contract.
        """
        event_name = fields.pop("event_name", None)
        refuse_unknown(fields)

        def set_fields(booking: dict[str, Any]) -> None:
            booking.update(as_wire(fields))
            if event_name is not None:
                booking["event"] = {**booking["event"], "name": event_name}

        return self._change(booking_id, set_fields, at)

    def cancel_invitee(self, booking_id: str, invitee_id: str, at: datetime | None = None) -> dict[str, Any]:
        """One invitee of a group event drops out."""
        return self._change_invitee(booking_id, invitee_id, {"status": "canceled"}, at)

    def mark_no_show(
        self,
        booking_id: str,
        invitee_id: str,
        value: bool = True,  # noqa: FBT001, FBT002 - a mark is set or taken back
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """The host marks that an invitee did not come, or takes the mark back."""
        return self._change_invitee(booking_id, invitee_id, {"no_show": value}, at)

    def put_raw(self, workspace_id: str, payload: dict[str, Any], at: datetime | None = None) -> dict[str, Any]:
        """Store a payload as it is, however broken; only what the feed needs (ids, ``updated_at``) is filled in."""
        with self.lock:
            self._require_workspace(workspace_id)
            given = payload.get("updated_at")
            moment = parse_moment(given) if at is None and isinstance(given, str) else self._moment(at)
            raw = {
                "id": self._new_id(),
                "workspace_id": workspace_id,
                **as_wire(payload),
                "updated_at": as_wire(moment),
            }
            self.store.put(Version(raw, workspace_id, (moment, str(raw["id"]))))
            return copy.deepcopy(raw)

    def booking(self, booking_id: str) -> dict[str, Any]:
        """A copy of a booking's present state.

        Raises:
            KeyError: there is no such booking.
        """
        with self.lock:
            return copy.deepcopy(self.store.current(booking_id).booking)

    def bookings(self, workspace_id: str | None = None) -> list[dict[str, Any]]:
        """Copies of all bookings in the order of the feed."""
        with self.lock:
            workspaces = None if workspace_id is None else frozenset({workspace_id})
            return [copy.deepcopy(version.booking) for version in self.store.all_current(workspaces)]

    def _change_invitee(
        self, booking_id: str, invitee_id: str, values: dict[str, Any], at: datetime | None
    ) -> dict[str, Any]:
        def set_values(booking: dict[str, Any]) -> None:
            next(one for one in booking["invitees"] if one["id"] == invitee_id).update(values)

        return self._change(booking_id, set_values, at)

    def _change(self, booking_id: str, change: Callable[[dict[str, Any]], None], at: datetime | None) -> dict[str, Any]:
        with self.lock:
            booking = self.booking(booking_id)
            moment = self._moment(at)
            booking["version"] = booking.get("version", 0) + 1
            booking["updated_at"] = as_wire(moment)
            change(booking)
            self.store.put(Version(booking, booking["workspace_id"], (moment, booking_id)))
            return copy.deepcopy(booking)

    def _moment(self, at: datetime | None) -> datetime:
        if at is not None:
            return at
        now = self.clock()
        if self._last_change_at is not None and now <= self._last_change_at:
            now = self._last_change_at + timedelta(microseconds=1)
        self._last_change_at = now
        return now

    def _new_id(self) -> str:
        return "bk_" + "".join(self._random.choices(_ID_ALPHABET, k=_ID_LENGTH))

    def _require_workspace(self, workspace_id: str) -> None:
        if workspace_id not in self.workspaces:
            raise ValueError(f"there is no workspace {workspace_id}")


def _moved(booking: dict[str, Any], start_at: Json, end_at: Json) -> dict[str, str]:
    old_start, old_end = parse_moment(booking["start_at"]), parse_moment(booking["end_at"])
    start = as_wire(start_at) if start_at is not None else booking["start_at"]
    end = as_wire(end_at) if end_at is not None else as_wire(parse_moment(start) + (old_end - old_start))
    return {"start_at": start, "end_at": end}
