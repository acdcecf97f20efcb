"""What is sent for a request: its answer, a refusal, or what a fault puts in their place."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.responses import Response

from booking_sandbox.faults import Fault, FaultKind
from booking_sandbox.hubspot_calls import Answer
from booking_sandbox.hubspot_errors import Refusal
from booking_sandbox.hubspot_limits import rate_limited
from booking_sandbox.transport import CutConnection

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


def before(fault: Fault, correlation_id: str) -> Response | None:
    """The answer to a request that is not carried out at all; None where this fault lets it be carried out.

    Raises:
        Refusal: the answer is one.
    """
    if fault.kind is FaultKind.FAIL_BEFORE:
        raise lone(fault.status)
    if fault.kind is FaultKind.RATE_LIMITED:
        return refused(rate_limited(fault.policy, correlation_id), dict(fault.headers), correlation_id)
    if fault.kind is FaultKind.HTML:
        return Response(_PROXY_PAGE, fault.status, media_type="text/html")
    if fault.kind is FaultKind.ANSWER:
        return fault.as_response()
    return CutConnection() if fault.kind is FaultKind.DROP_BEFORE else None


def instead(fault: Fault | None) -> Response | None:
    """What is sent in place of the answer of a request that was carried out."""
    if fault is not None and fault.kind is FaultKind.COMMIT_THEN_HANG:
        return CutConnection()
    if fault is not None and fault.kind is FaultKind.COMMIT_THEN_STATUS:
        return refused(lone(fault.status), {}, "")
    if fault is not None and fault.kind is FaultKind.COMMIT_THEN_ANSWER:
        return fault.as_response()
    return None


def put_off(fault: Fault, headers: dict[str, str], correlation_id: str) -> Response:
    """What is sent for a request that will be carried out later."""
    if fault.kind is FaultKind.DROP_THEN_LAND:
        return CutConnection()
    return refused(lone(fault.status), headers, correlation_id)


def sent(answer: Answer, headers: dict[str, str], fault: Fault | None) -> Response:
    """The answer of a request that was carried out."""
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    text = json.dumps(answer.body if fault is None else fault.rewritten(answer.body), ensure_ascii=False)
    if fault is not None and fault.kind is FaultKind.INVALID_JSON:
        text = text[: len(text) * 2 // 3]
    return Response(text, answer.status, media_type="application/json", headers=headers)


def refused(refusal: Refusal, headers: dict[str, str], correlation_id: str) -> Response:
    """HubSpot's error envelope."""
    if refusal.status == _MIGRATION_STATUS:
        headers = {**headers, "Retry-After": _MIGRATION_SECONDS}
    body = json.dumps(refusal.envelope(correlation_id))
    return Response(body, refusal.status, media_type="application/json", headers=headers)


def lone(status: int) -> Refusal:
    """An error that says nothing but its status."""
    return Refusal(status, _LONE_STATUS_CATEGORY.get(status), _STATUS_MESSAGES.get(status, "Internal error"))


def landing(run: Callable[[], Answer]) -> Callable[[], None]:
    """A late effect; nobody hears of it where it is refused."""

    def land() -> None:
        try:
            run()
        except Refusal:
            return

    return land
