"""The course of one request through the sandboxed HubSpot: token, scope, limits, faults, operation, history."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from starlette.responses import Response

from booking_sandbox import hubspot_responses as responses
from booking_sandbox.faults import LATE_KINDS, Fault
from booking_sandbox.history import HistoryEntry
from booking_sandbox.hubspot_calls import Answer, Call, Operation
from booking_sandbox.hubspot_errors import InvalidProperties, Refusal, bad_json, property_refusal
from booking_sandbox.hubspot_grants import Token
from booking_sandbox.hubspot_late import LateLandings
from booking_sandbox.hubspot_limits import RateGate, rate_limited
from booking_sandbox.hubspot_oauth import FormCall, FormOperation, authenticated_app, read_form
from booking_sandbox.hubspot_portal import Portal
from booking_sandbox.hubspot_state import HubSpotState
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.moments import Clock
from booking_sandbox.wire import Json

VERSIONS = frozenset({"2026-03", "2026-09"})
TOKEN_VERSIONS = VERSIONS | {"v3"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it arrived; ``params`` are the parts of its path."""

    params: dict[str, str]
    authorization: str
    content_type: str
    raw: bytes

    @property
    def bearer(self) -> str:
        """The bearer token, or nothing."""
        scheme, _, value = self.authorization.partition(" ")
        return value if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be carried out, and where it waits if it is to land late."""

    run: Callable[[], Answer]
    late: LateLandings


@dataclass
class HubSpotService:
    """State and switches of one sandboxed HubSpot."""

    clock: Clock
    seed: int = 7
    switches: HubSpotSwitches = field(default_factory=HubSpotSwitches)
    state: HubSpotState = field(init=False)
    _gates: dict[tuple[int, str | None], RateGate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = HubSpotState(self.clock, lambda: self.switches, self.seed)

    def reset(self) -> None:
        """Back to empty portals, no faults, no history."""
        self.switches = HubSpotSwitches()
        self.state.reset()
        self._gates.clear()

    def notify(self, entry: HistoryEntry, phase: str) -> None:
        """Tell the hook, where there is one."""
        if self.state.request_hook is not None:
            self.state.request_hook(entry, phase)

    def recognise(self, entry: HistoryEntry, incoming: Incoming) -> None:
        """Note whose token it is, so that a fault can be meant for one portal only."""
        with self.state.lock:
            found = self.state.token_owner(incoming.bearer)
            entry.portal_id = None if found is None else found[0].id

    def respond(
        self,
        entry: HistoryEntry,
        operation: Operation | FormOperation,
        incoming: Incoming,
        *,
        fault: Fault | None,
    ) -> Response:
        """Serve one request completely and give what is sent for it."""
        with self.state.lock:
            headers: dict[str, str] = {}
            try:
                if fault is not None and (early := responses.before(fault, self._uuid())) is not None:
                    return early
                admitted = self._admit(entry, operation, incoming, headers)
                if fault is not None and fault.kind in LATE_KINDS:
                    due_at = self.clock() + timedelta(seconds=fault.seconds)
                    admitted.late.add(due_at, responses.landing(admitted.run))
                    return responses.put_off(fault, headers, self._uuid())
                answer = admitted.run()
            except Refusal as refusal:
                return responses.instead(fault) or responses.refused(refusal, headers, self._uuid())
            return responses.instead(fault) or responses.sent(answer, headers, fault)

    def _admit(
        self,
        entry: HistoryEntry,
        operation: Operation | FormOperation,
        incoming: Incoming,
        headers: dict[str, str],
    ) -> Admitted:
        if isinstance(operation, FormOperation):
            return self._admit_form(entry, operation, incoming)
        portal, token = self._authorise(incoming, operation)
        self._limit(portal, token, operation, headers)
        return Admitted(self._prepared(entry, operation, incoming, (portal, token)), portal.late)

    def _admit_form(self, entry: HistoryEntry, operation: FormOperation, incoming: Incoming) -> Admitted:
        """Let a request to a token endpoint in. HubSpot documents no rate limit of its own for them."""
        self.state.late.land(self.clock())
        _require_version(incoming.params, TOKEN_VERSIONS)
        form = read_form(entry, operation, incoming.content_type, incoming.raw)
        call = FormCall(self.state, self.switches, authenticated_app(self.state, form), form, entry)
        return Admitted(lambda: operation.run(call), self.state.late)

    def _authorise(self, incoming: Incoming, operation: Operation) -> tuple[Portal, Token]:
        found = self.state.token_owner(incoming.bearer)
        if found is None:
            message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
            raise Refusal(401, "INVALID_AUTHENTICATION", message)
        portal, token = found
        portal.late.land(self.clock())
        if token.expires_at is not None and token.expires_at <= self.clock():
            seconds = int((self.clock() - token.expires_at).total_seconds())
            message = f"The OAuth token used to make this call expired {seconds} second(s) ago."
            raise Refusal(401, "EXPIRED_AUTHENTICATION", message)
        for scopes in (operation.scopes, operation.other_side_scopes):
            self._require_one(scopes(incoming.params), token)
        return portal, token

    def _require_one(self, wanted: tuple[str, ...], token: Token) -> None:
        missing = [
            one
            for one in wanted
            if one in self.switches.missing_scopes or (token.scopes is not None and one not in token.scopes)
        ]
        if wanted and len(missing) == len(wanted):
            raise _missing_scopes(missing)

    def _limit(self, portal: Portal, token: Token, operation: Operation, headers: dict[str, str]) -> None:
        gate = self._gates.setdefault((portal.id, token.client_id), RateGate(portal.time_zone, token.client_id))
        limits = self.switches.limits_of(portal.id)
        policy = gate.exceeded(limits, self.clock(), is_search=operation.is_search)
        if not operation.is_search:
            headers.update(gate.headers(limits))
        if policy is not None:
            raise rate_limited(policy, self._uuid())

    def _prepared(
        self, entry: HistoryEntry, operation: Operation, incoming: Incoming, owner: tuple[Portal, Token]
    ) -> Callable[[], Answer]:
        _require_version(incoming.params, VERSIONS)
        entry.body = _parsed(incoming.raw)

        def run() -> Answer:
            call = Call(*owner, self.switches, incoming.params, entry.query, entry.body, self.clock())
            try:
                answer = operation.run(call)
            except InvalidProperties as error:
                raise property_refusal(error.problems, call.portal.id) from error
            if operation.is_write:
                entry.attempted, entry.effected = answer.attempted, len(answer.effected_ids)
                entry.effected_ids = list(answer.effected_ids)
            return answer

        entry.attempted = _named(entry.body) if operation.is_write else 0
        return run

    def _uuid(self) -> str:
        return str(UUID(int=self.state.portal().random.getrandbits(128), version=4))


def _require_version(params: dict[str, str], known: frozenset[str]) -> None:
    if params.get("version") not in known:
        raise Refusal(404, None, f"There is no API version {params.get('version')}")


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
