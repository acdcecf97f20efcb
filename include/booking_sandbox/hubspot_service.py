"""The course of one request through the sandboxed HubSpot: token, scope, limits, faults, operation, history."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from starlette.responses import Response

from booking_sandbox.faults import Fault, FaultKind
from booking_sandbox.history import HistoryEntry
from booking_sandbox.hubspot_calls import Answer, Call, Operation
from booking_sandbox.hubspot_errors import InvalidProperties, Refusal, bad_json, property_refusal
from booking_sandbox.hubspot_limits import RateGate, rate_limited
from booking_sandbox.hubspot_portal import LateLanding, Portal
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.moments import Clock
from booking_sandbox.transport import CutConnection
from booking_sandbox.wire import Json

VERSIONS = frozenset({"2026-03", "2026-09"})
_PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502</h1></center></body></html>"
_STATUS_MESSAGES = {
    423: "The resource is locked; try again later.",
    477: "The account is being migrated to another data centre.",
    502: "Bad gateway",
    503: "Service unavailable",
    504: "Gateway timeout",
}
_LONE_STATUS_CATEGORY = {423: "LOCKED", 477: "MIGRATION_IN_PROGRESS"}
_MIGRATION_STATUS, _MIGRATION_SECONDS = 477, "10"


@dataclass
class HubSpotService:
    """State and switches of one sandboxed HubSpot."""

    clock: Clock
    seed: int = 7
    switches: HubSpotSwitches = field(default_factory=HubSpotSwitches)
    state: HubSpotState = field(init=False)
    _gates: dict[int, RateGate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = HubSpotState(self.clock, lambda: self.switches, self.seed)

    def reset(self) -> None:
        """Back to one empty portal, no faults, no history."""
        self.switches = HubSpotSwitches()
        self.state.reset()
        self._gates.clear()

    def notify(self, entry: HistoryEntry, phase: str) -> None:
        """Tell the hook, where there is one."""
        if self.state.request_hook is not None:
            self.state.request_hook(entry, phase)

    def respond(
        self,
        entry: HistoryEntry,
        operation: Operation,
        params: dict[str, str],
        authorization: str,
        raw: bytes,
        *,
        fault: Fault | None,
    ) -> Response:
        """Serve one request completely and give what is sent for it."""
        with self.state.lock:
            headers: dict[str, str] = {}
            try:
                if fault is not None and (early := self._before(fault)) is not None:
                    return early
                portal = self._authorise(entry, authorization, operation, params)
                self._limit(portal, operation, headers)
                run = self._prepared(entry, operation, params, portal, raw)
                if fault is not None and fault.kind is FaultKind.LATE_LANDING:
                    due_at = self.clock() + timedelta(seconds=fault.seconds)
                    portal.pending.append(LateLanding(due_at, lambda: _land(run)))
                    raise _lone(fault.status)
                answer = run()
            except Refusal as refusal:
                after = _instead(fault) if fault is not None else None
                return after or self._refused(refusal, headers)
            after = _instead(fault) if fault is not None else None
            return after or _sent(answer, headers, fault)

    def _before(self, fault: Fault) -> Response | None:
        """The answer to a request that is not carried out at all."""
        if fault.kind is FaultKind.FAIL_BEFORE:
            raise _lone(fault.status)
        if fault.kind is FaultKind.RATE_LIMITED:
            raise rate_limited(fault.policy, self._uuid())
        if fault.kind is FaultKind.HTML:
            return Response(_PROXY_PAGE, fault.status, media_type="text/html")
        if fault.kind is FaultKind.ANSWER:
            return fault.as_response()
        return CutConnection() if fault.kind is FaultKind.DROP_BEFORE else None

    def _authorise(
        self, entry: HistoryEntry, authorization: str, operation: Operation, params: dict[str, str]
    ) -> Portal:
        scheme, _, value = authorization.partition(" ")
        found = self.state.token_owner(value) if scheme.lower() == "bearer" else None
        if found is None:
            message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
            raise Refusal(401, "INVALID_AUTHENTICATION", message)
        portal, token = found
        entry.portal_id = portal.id
        portal.land(self.clock())
        if token.expires_at is not None and token.expires_at <= self.clock():
            seconds = int((self.clock() - token.expires_at).total_seconds())
            message = f"The OAuth token used to make this call expired {seconds} second(s) ago."
            raise Refusal(401, "EXPIRED_AUTHENTICATION", message)
        wanted = operation.scopes(params)
        missing = [
            one
            for one in wanted
            if one in self.switches.missing_scopes or (token.scopes is not None and one not in token.scopes)
        ]
        if wanted and len(missing) == len(wanted):
            raise _missing_scopes(missing)
        return portal

    def _limit(self, portal: Portal, operation: Operation, headers: dict[str, str]) -> None:
        gate = self._gates.setdefault(portal.id, RateGate(portal.time_zone))
        policy = gate.exceeded(self.switches, self.clock(), is_search=operation.is_search)
        if not operation.is_search:
            headers.update(gate.headers(self.switches))
        if policy is not None:
            raise rate_limited(policy, self._uuid())

    def _prepared(
        self, entry: HistoryEntry, operation: Operation, params: dict[str, str], portal: Portal, raw: bytes
    ) -> Callable[[], Answer]:
        if params.get("version") not in VERSIONS:
            raise Refusal(404, None, f"There is no API version {params.get('version')}")
        entry.body = _parsed(raw)

        def run() -> Answer:
            call = Call(portal, self.switches, params, entry.query, entry.body, self.clock())
            try:
                answer = operation.run(call)
            except InvalidProperties as error:
                raise property_refusal(error.problems, portal.id) from error
            if operation.is_write:
                entry.attempted, entry.effected = answer.attempted, len(answer.effected_ids)
                entry.effected_ids = list(answer.effected_ids)
            return answer

        entry.attempted = _named(entry.body) if operation.is_write else 0
        return run

    def _refused(self, refusal: Refusal, headers: dict[str, str]) -> Response:
        if refusal.status == _MIGRATION_STATUS:
            headers = {**headers, "Retry-After": _MIGRATION_SECONDS}
        body = json.dumps(refusal.envelope(self._uuid()))
        return Response(body, refusal.status, media_type="application/json", headers=headers)

    def _uuid(self) -> str:
        return str(UUID(int=self.state.portal().random.getrandbits(128), version=4))


def _instead(fault: Fault) -> Response | None:
    """What is sent in place of the answer of a request that was carried out."""
    if fault.kind is FaultKind.COMMIT_THEN_HANG:
        return CutConnection()
    if fault.kind is FaultKind.COMMIT_THEN_STATUS:
        body = json.dumps(_lone(fault.status).envelope(""))
        return Response(body, fault.status, media_type="application/json")
    return fault.as_response() if fault.kind is FaultKind.COMMIT_THEN_ANSWER else None


def _sent(answer: Answer, headers: dict[str, str], fault: Fault | None) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    text = json.dumps(fault.rewritten(answer.body) if fault is not None else answer.body, ensure_ascii=False)
    if fault is not None and fault.kind is FaultKind.INVALID_JSON:
        text = text[: len(text) * 2 // 3]
    return Response(text, answer.status, media_type="application/json", headers=headers)


def _land(run: Callable[[], Answer]) -> None:
    try:
        run()
    except Refusal:
        return


def _lone(status: int) -> Refusal:
    return Refusal(status, _LONE_STATUS_CATEGORY.get(status), _STATUS_MESSAGES.get(status, "Internal error"))


def _missing_scopes(scopes: list[str]) -> Refusal:
    message = "This app hasn't been granted all required scopes to make this call."
    errors = [
        {"message": "One or more of the following scopes are required.", "context": {"requiredGranularScopes": scopes}}
    ]
    return Refusal(
        403,
        "MISSING_SCOPES",
        message,
        errors=errors,
        more={"links": {"scopes": "https://developers.hubspot.com/scopes"}},
    )


def _parsed(raw: bytes) -> Json:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise bad_json("the body is not JSON") from error


def _named(body: Json) -> int:
    inputs = body.get("inputs") if isinstance(body, dict) else None
    return len(inputs) if isinstance(inputs, list) else 1
