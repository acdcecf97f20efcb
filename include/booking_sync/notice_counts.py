"""What a run's report says of notices (M1): counts in words, nothing personal."""

from __future__ import annotations

from collections.abc import Mapping

from booking_sync.states import NoticeState

WITHOUT_SERVER = "notices_without_server"
"""Count of changes that nobody was told of for want of a mail server."""

_WORDS = {
    NoticeState.SENT: "sent",
    NoticeState.WAITING: "waiting for the mail server",
    NoticeState.REFUSED: "refused by the mail server",
    NoticeState.UNKNOWN: "without an answer, not sent again",
    NoticeState.EXPIRED: "given up, too late",
}


def count_name(state: NoticeState) -> str:
    """Return the name under which mails that came to this end are counted."""
    return f"notices_{state}"


def notice_sentences(counts: Mapping[str, int]) -> list[str]:
    """Say what became of an integration's notices in a run."""
    parts = [f"{count} {words}" for state, words in _WORDS.items() if (count := counts.get(count_name(state), 0))]
    told = [f"notices: {', '.join(parts)}"] if parts else []
    if untold := counts.get(WITHOUT_SERVER, 0):
        told.append(f"notices: nobody was told of {untold} changes, because no mail server is set up")
    return told
