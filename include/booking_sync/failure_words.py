"""Why something was not passed on: what it means to people who answer for the CRM, and what helps. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailureWords:
    """What happened, in plain words, and what helps."""

    meaning: str
    remedy: str
    mends_itself: bool = False


_BY_ITSELF = "Nothing to do: the next run carries on."
WORDS = {
    "plan_refused": FailureWords(
        "The plan that it belongs to would change suspiciously much at once, so it waits for a person.",
        "Look at the plan, then approve or reject it.",
    ),
    "outcome_unknown": FailureWords(
        "HubSpot did not answer, so nobody knows yet whether the request was carried out.",
        "Nothing to do: it is looked up in HubSpot, and taken over or sent again.",
        mends_itself=True,
    ),
    "not_found": FailureWords(
        "HubSpot did not answer, and nothing of the request is to be found there.", _BY_ITSELF, mends_itself=True
    ),
    "not_reached": FailureWords("The run ended before it came to this change.", _BY_ITSELF, mends_itself=True),
    "contact_unknown": FailureWords(
        "HubSpot has not answered whether it made the invitee's contact.", _BY_ITSELF, mends_itself=True
    ),
    "Throttled": FailureWords("HubSpot took no more requests for the moment.", _BY_ITSELF, mends_itself=True),
    "DailyLimitReached": FailureWords(
        "HubSpot's daily limit of requests is used up; it begins anew at the account's midnight.",
        "Nothing to do, or give other integrations of the account less to do.",
        mends_itself=True,
    ),
    "NotSent": FailureWords("HubSpot could not be reached.", _BY_ITSELF, mends_itself=True),
    "TokensUnavailable": FailureWords("HubSpot gave no new access token.", _BY_ITSELF, mends_itself=True),
    "IntegrationStopped": FailureWords(
        "Somebody paused or disconnected the integration meanwhile.", "Resume it on its page.", mends_itself=True
    ),
    "NeedsReconnecting": FailureWords(
        "HubSpot takes our access no more.", "Grant access again on the page Integrations.", mends_itself=True
    ),
    "TurnOver": FailureWords(
        "Other HubSpot accounts waited, so this one goes on later.", _BY_ITSELF, mends_itself=True
    ),
    "PROPERTY_DOESNT_EXIST": FailureWords(
        "A property that is written does not exist in HubSpot.",
        "Ours are made again by the next run. Where the settings name another one, correct the settings.",
    ),
    "INVALID_OPTION": FailureWords(
        "HubSpot does not know the value for a field with fixed choices.",
        "Add the choice in HubSpot, or change the settings.",
    ),
    "VALIDATION_ERROR": FailureWords(
        "HubSpot's rules for this account refuse what is written.",
        "Look in HubSpot for required fields, validation rules or workflows of meetings.",
    ),
    "MISSING_REQUIRED_PROPERTY": FailureWords(
        "HubSpot demands a property that bookings do not fill.",
        "Make the property that is named beside it optional in HubSpot's settings, then retry.",
    ),
    "MISSING_SCOPES": FailureWords(
        "Our access to HubSpot does not cover this.", "Grant access again on the page Integrations."
    ),
    "INVALID_OWNER_ID": FailureWords(
        "HubSpot does not take the owner.", "Look whether the host is still a user of the HubSpot account."
    ),
    "OBJECT_NOT_FOUND": FailureWords("What was to be changed is not in HubSpot any more.", _BY_ITSELF),
}
"""By code: of ours, or one that HubSpot gives."""

_UNKNOWN = FailureWords(
    "HubSpot refuses it.",
    "See the booking's story for the code; mend the cause in HubSpot or in the booking, then retry.",
)
REJECTED = FailureWords(
    "The booking itself could not be understood.",
    "Every run reads it again. If it stays so, ask Calendar.com's support.",
)
WAITING = FailureWords(
    "It waits for another booking, or for an earlier request, to be cleared up.", _BY_ITSELF, mends_itself=True
)


def failure_words(error_code: str | None) -> FailureWords:
    """Return what an error code means to people."""
    return WORDS.get(error_code or "", _UNKNOWN)
