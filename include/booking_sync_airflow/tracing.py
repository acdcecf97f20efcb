"""What a task's work tells of itself: counts, added up, and spans inside the span that Airflow makes for the task.

With ``[traces] otel_on`` Airflow gives OpenTelemetry a provider and each DAG run one trace; without it a span costs a
few microseconds and goes nowhere.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace

from booking_sync.measures import Measure
from booking_sync.telemetry import Fact

PREFIX = "booking_sync."
_tracer = trace.get_tracer("booking_sync")


class TaskListener:
    """Listens to the threads of one task."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._lock = threading.Lock()

    def count(self, name: str, amount: float, labels: Mapping[str, str]) -> None:
        """Add it up: a task makes thousands of requests."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += amount  # type: ignore[assignment]  # a Counter adds fractions too

    @contextmanager
    def span(self, name: str, facts: Mapping[str, Fact]) -> Iterator[Callable[..., None]]:
        """Make a span; what it is told are ids and fixed words. Of an error it names the kind, not the message."""
        attributes = {PREFIX + key: value for key, value in facts.items()}
        with _tracer.start_as_current_span(
            PREFIX + name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:

            def say(**more: Fact) -> None:
                span.set_attributes({PREFIX + key: value for key, value in more.items()})

            try:
                yield say
            except Exception as error:
                span.set_status(trace.StatusCode.ERROR, type(error).__name__)
                raise

    def counted(self) -> list[Measure]:
        """Return what was counted."""
        with self._lock:
            return [Measure(name, amount, dict(labels)) for (name, labels), amount in self._counts.items()]
