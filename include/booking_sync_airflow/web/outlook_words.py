"""What a run now would do with a booking, as a sentence and its tone."""

from __future__ import annotations

from booking_sync.booking_outlook import Outlook, Source
from booking_sync.decision import NoChange
from booking_sync.states import Operation
from booking_sync.story_words import INTENTS, why

_NOTHING = {
    NoChange.UNCHANGED: ("Nothing: HubSpot shows it as it is.", "good"),
    NoChange.SUPERSEDED: ("Nothing: other, or newer, news counts.", "good"),
    NoChange.EXCLUDED: ("Nothing: the settings leave its event out.", ""),
    NoChange.WAITING: ("It would wait.", "warn"),
}


def said_of(outlook: Outlook) -> tuple[str, str]:
    """Return the sentence and its tone."""
    if outlook.is_rejected:
        return "Keep it, because it cannot be understood. Every run reads it again.", "bad"
    if outlook.verdict is None:
        return "Nothing.", "warn" if outlook.problem else ""
    if isinstance(outlook.verdict, NoChange):
        return _NOTHING[outlook.verdict]
    return f"It would {INTENTS[outlook.verdict]}.", "warn"


def reason_of(outlook: Outlook) -> str:
    """Return why, as a sentence; changes name the rule that they follow."""
    if isinstance(outlook.verdict, Operation):
        return why(outlook.verdict, outlook.reason)
    if outlook.is_rejected:
        return f"{outlook.reason}."  # it begins with the name of a field
    return f"{outlook.reason[:1].upper()}{outlook.reason[1:]}."


SOURCES = {
    Source.CALENDAR: "read from Calendar.com just now",
    Source.KEPT: "as it was read last, because a change of it is still open",
    Source.NOWHERE: "not known",
}
