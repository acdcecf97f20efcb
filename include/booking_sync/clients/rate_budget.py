"""What HubSpot says of its limits with each answer.

HubSpot docs, usage guidelines: ``X-HubSpot-RateLimit-Max`` and ``-Remaining`` for a span of ten seconds, and for
service keys ``-Daily`` and ``-Daily-Remaining``; an OAuth app has no daily limit. Answers of searches say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

HEADERS = {
    "burst_limit": "X-HubSpot-RateLimit-Max",
    "burst_remaining": "X-HubSpot-RateLimit-Remaining",
    "burst_milliseconds": "X-HubSpot-RateLimit-Interval-Milliseconds",
    "daily_limit": "X-HubSpot-RateLimit-Daily",
    "daily_remaining": "X-HubSpot-RateLimit-Daily-Remaining",
}


def rate_budget(headers: Mapping[str, str]) -> dict[str, int]:
    """Return what the headers say, under the names of :data:`HEADERS`; what they do not say is left out."""
    said = {name: headers.get(header, "").strip() for name, header in HEADERS.items()}
    return {name: int(value) for name, value in said.items() if value.isascii() and value.isdigit()}
