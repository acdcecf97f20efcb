"""Sending a batch of changes: once, and in halves where HubSpot refuses the whole for one bad item."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from booking_sync.clients.hubspot import BatchRefused
from booking_sync.clients.hubspot_model import BatchResult
from booking_sync.errors import (
    BookingSyncError,
    IntegrationUnavailable,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    Throttled,
)
from booking_sync.record import record_not_sent, record_unknown
from booking_sync.store.statements import chunks
from booking_sync.work import Work

logger = logging.getLogger(__name__)


class Traced(Protocol):
    """An item of a batch that carries the id of its change."""

    @property
    def trace_id(self) -> str:
        """The id of the change."""


Item = TypeVar("Item", bound=Traced)


def send_batch(
    work: Work,
    items: Sequence[Item],
    send: Callable[[Sequence[Item]], BatchResult],
    record: Callable[[BatchResult], None],
    suspects: Mapping[str, int] | None = None,
) -> None:
    """Send items whose intent is recorded, and record each answer before anything else is sent.

    A refusal of the whole is split until the bad item stands alone; nothing of a refused batch was carried out.
    ``suspects`` are changes that have got no answer before, with the number of times: one of them may be what breaks
    the service, so they are sent in tens at first and alone from then on (W6).

    Raises:
        IntegrationUnavailable, Throttled, NotSent: HubSpot takes nothing now. What was not sent is kept.
    """
    pending = _parts(items, suspects or {})
    while pending:
        part = pending.pop()
        with work.recording():
            pass  # a last look that the lease is still ours
        try:
            result = send(part)
        except BatchRefused as refused:
            if len(part) > 1:
                middle = len(part) // 2
                pending += [part[middle:], part[:middle]]
                continue
            result = BatchResult(refused={part[0].trace_id: refused.refusal})
        except OutcomeUnknown as unknown:
            record_unknown(work, [item.trace_id for item in part], str(unknown))
            continue
        except (IntegrationUnavailable, Throttled, NotSent, Refused, NotFound) as error:
            unsent = [item.trace_id for some in (*pending, part) for item in some]
            record_not_sent(work, unsent, error_code=_code(error), error=str(error))
            raise
        with _told_where_not_recorded(result):
            record(result)
        record_unknown(work, result.unmatched, "HubSpot's answer does not say what became of this item")


@contextmanager
def _told_where_not_recorded(result: BatchResult) -> Iterator[None]:
    """Log what HubSpot has done where the database does not take it: the only trace until it is read back."""
    try:
        yield
    except Exception:
        written = ", ".join(
            f"change {trace_id} is object {object_id}" for trace_id, object_id in result.written.items()
        )
        logger.error("HubSpot has carried out what could not be recorded: %s", written or "nothing")  # noqa: TRY400 - who catches it logs where
        raise


def _parts(items: Sequence[Item], suspects: Mapping[str, int]) -> list[list[Item]]:
    """Cut a batch so that those who have been heard of come first; the last part is sent first."""
    trusted = [item for item in items if item.trace_id not in suspects]
    tens = [item for item in items if suspects.get(item.trace_id) == 1]
    alone = [[item] for item in items if suspects.get(item.trace_id, 0) > 1]
    parts = [*alone, *(list(some) for some in chunks(tens, 10)), trusted]
    return [part for part in parts if part]


def _code(error: BookingSyncError) -> str:
    code = getattr(error, "code", None)
    return str(code) if code else type(error).__name__
