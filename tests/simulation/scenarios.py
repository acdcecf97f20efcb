"""The scenarios: what happens between runs, in words. Every fault is tried in each of them.

Words are those of ``deeds``; ``run``, ``scheduled``, ``dry``, ``backfill``, ``ids`` and ``audit`` start a run.
"""

from __future__ import annotations

from dataclasses import dataclass

from booking_sandbox.hubspot_switches import UniqueProperties


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story. ``is_connected``: the portal has been worked with before; else the first run makes the properties."""

    name: str
    words: tuple[str, ...]
    portal: UniqueProperties = "allowed"
    is_connected: bool = True
    is_oauth: bool = False


def _told(
    name: str,
    story: str,
    *,
    portal: UniqueProperties = "allowed",
    is_connected: bool = True,
    is_oauth: bool = False,
) -> Scenario:
    words = tuple(word.strip() for word in story.split(","))
    return Scenario(name, words, portal, is_connected and not is_oauth, is_oauth)


CORE = (
    _told("create", "book a, run"),
    _told("reschedule in place", "book a, run, move a 24, run"),
    _told("reschedule to a new booking", "book a, run, replace a b 48, run"),
    _told("cancel", "book a, run, cancel a, run"),
    _told("rename", "book a, run, rename a, run"),
    _told("cancel and let it stand again", "book a, run, cancel a, run, uncancel a, run"),
    _told("reschedule and cancel", "book a, run, move a 24, run, cancel a, run"),
    _told("reschedule twice", "book a, run, move a 24, run, move a 48, run"),
    _told("invite one more", "book a, run, invite a, run"),
    _told("create where the marker is not unique", "book a, run, move a 24, run", portal="ignored"),
)
"""Those that two faults at once are tried in."""

OTHERS = (
    _told("first run ever", "book a, book k known, run", is_connected=False),
    _told("first run where the marker is refused", "book a, run", portal="refused", is_connected=False),
    _told("first run where the marker is not unique", "book a, run", portal="ignored", is_connected=False),
    _told("reschedule twice between runs", "book a, run, move a 24, move a 48, run"),
    _told("chain between runs", "book a, run, replace a b 24, replace b c 48, run"),
    _told("chain, a link a run", "book a, run, replace a b 24, run, replace b c 48, run"),
    _told("chain before the first run", "book a, replace a b 24, replace b c 48, run"),
    _told("successor cancelled", "book a, run, replace a b 24, cancel b, run"),
    _told("reschedule in place, then to a new booking", "book a, run, move a 24, run, replace a b 48, run"),
    _told("to a new booking that moves", "book a, run, replace a b 24, run, move b 72, run"),
    _told("cancelled before the first run", "book a, cancel a, run"),
    _told("cancelled and standing again between runs", "book a, run, cancel a, uncancel a, run"),
    _told("standing again at another time", "book a, run, cancel a, run, uncancel a, move a 24, run"),
    _told("cancelled twice", "book a, run, cancel a, run, uncancel a, run, cancel a, run"),
    _told("moved and cancelled between runs", "book a, run, move a 24, cancel a, run"),
    _told("renamed and cancelled between runs", "book a, run, rename a, cancel a, run"),
    _told("known contact", "book k known, run, move k 24, run"),
    _told("group", "book g group, run, drop g, run, move g 24, run"),
    _told("group invites one more and moves", "book g group, run, invite g, run, move g 24, run"),
    _told("one invitee, two bookings", "book s shared, book t shared, run, move s 24, cancel t, run"),
    _told("nobody invited", "book e empty, run, rename e, run"),
    _told("nobody invited where the marker is not unique", "book e empty, run, move e 24, run", portal="ignored"),
    _told("no address", "book n silent, run, move n 24, run"),
    _told("address refused", "refuse canary.a@example.com, book a, run, move a 24, run"),
    _told("host without owner", "book u unowned, run, rename u, run"),
    _told("host changes", "book a, run, rehost a, run"),
    _told("answers change", "book a, run, answer a Acme, run, move a 24, run"),
    _told("contact deleted", "book a, run, contact-deleted a, move a 24, run"),
    _told("contact merged", "book a, run, contact-merged a, move a 24, run"),
    _told(
        "contact merged where the marker is not unique",
        "book a, run, contact-merged a, move a 24, run",
        portal="ignored",
    ),
    _told("contact readdressed", "book a, run, contact-readdressed a, move a 24, run"),
    _told("contact deleted, one more invited", "book a, run, contact-deleted a, invite a, run"),
    _told("activity deleted by a person, then moved", "book a, run, person-deletes a, move a 24, run"),
    _told("activity deleted by a person, then renamed", "book a, run, person-deletes a, rename a, run"),
    _told("activity deleted by a person, then cancelled", "book a, run, person-deletes a, cancel a, run"),
    _told("activity deleted by a person, one more invited", "book a, run, person-deletes a, invite a, run"),
    _told("activity edited by a person, then renamed", "book a, run, person-edits a, rename a, run"),
    _told("activity cloned by a person, then moved", "book a, run, person-clones a, move a 24, run"),
    _told("dry run in between", "book a, dry, run, move a 24, dry, run"),
    _told("a day backfilled", "book a, sleep 60, backfill, move a 24, run"),
    _told("scheduled runs", "book a, sleep 60, scheduled, move a 24, sleep 60, scheduled"),
    _told("bookings by id", "book a, book b, ids a, run, move b 24, ids b"),
    _told("kept booking", "book a, run, garble a, run, ungarble a, run"),
    _told("plan lost and back", "book a, run, plan starter, move a 24, run, plan pro, run"),
    _told("several at once", "book a, book b, book k known, run, move a 24, cancel b, rename k, run"),
    _told("audit mends", "book a, run, person-edits a, sleep 1900, audit repair, rename a, run"),
    _told("audit looks", "book a, run, person-deletes a, sleep 1900, audit, move a 24, run"),
    _told("audit finds a duplicate", "book a, run, sleep 1900, run, duplicate a, audit repair, run"),
    _told("audit finds an old state", "book a, run, sleep 1900, run, outdate a, audit repair, run"),
    _told("activity of a run that is forgotten", "book a, duplicate a 1, run, move a 24, run"),
    _told("HubSpot takes no contacts", "book a, busy contacts/batch/create 9, run"),
    _told("HubSpot takes no activities", "book a, busy meetings/batch/create 9, run, rename a, run"),
    _told("HubSpot says no", "book a, denied meetings/batch/create, run, run"),
    _told("properties deleted by a person", "properties-deleted, book a, run"),
)

ALL = CORE + OTHERS
"""Those that one fault is tried in."""

TELLING = (
    _told("told of a reschedule", "set notify yes, book a, run, move a 24, run"),
    _told("told of a cancellation", "set notify yes, book g group, run, cancel g, run"),
    _told(
        "told of a reschedule and then of a cancellation", "set notify yes, book a, run, move a 24, run, cancel a, run"
    ),
    _told(
        "told of a new booking in its place", "set notify yes, book a, run, replace a b 24, run, replace b c 48, run"
    ),
    _told("told when the mail server is back", "set notify yes, book a, run, mail-busy 2, cancel a, run"),
)
"""Those in which people are told something (M1)."""

GIVEN = "page grant, page connect, sleep 60"
RARE = (
    _told(
        "access given, used and taken back",
        f"{GIVEN}, book a, run, page pause, page resume, run, page disconnect",
        is_oauth=True,
    ),
    _told("access expires", f"{GIVEN}, book a, run, tokens-expire, move a 24, run", is_oauth=True),
    _told("app taken out on the page", f"{GIVEN}, book a, run, page uninstall", is_oauth=True),
    _told("app taken out in HubSpot", f"{GIVEN}, book a, run, access-revoked, run, {GIVEN}, run", is_oauth=True),
    _told("access ends", f"{GIVEN}, book a, run, refresh-revoked, move a 24, run, {GIVEN}, run", is_oauth=True),
    _told(
        "HubSpot refuses to take the app out",
        f"{GIVEN}, book a, run, denied appinstalls 400, page uninstall, sleep 900, run",
        is_oauth=True,
    ),
    _told("service key connected on the page", "page connect, sleep 60, book a, run", is_connected=False),
    _told("an invitee is erased", "book a, run, page erase, move a 24, run"),
    _told("a meeting ends", "set mark_completed yes, book a, run, sleep 60000, scheduled, sleep 60000, scheduled"),
    _told("a meeting type is chosen", "set activity_type Demo, book a, run"),
    _told("two activities mixed up", "book a, book b, run, mix-up a b, rename a, rename b, run"),
    _told("two activities mixed up, then moved", "book a, book b, run, mix-up a b, move a 24, move b 24, run"),
    _told("marker taken off", "book a, run, person-unmarks a, rename a, run, move a 24, run"),
    _told("mapped to what is not ours", "book a, run, person-deletes a, remap a, move a 24, run"),
    _told("many workspaces", "workspaces 20, crowd 20, run, move c1 24, run"),
    _told("the search is blind", "lag 99999999, book a, duplicate a 1, run, lag 0, move a 24, run"),
    _told("contact readdressed, booked again", "book s shared, run, contact-readdressed s, book t shared, run"),
    _told(
        "contact deleted, invited elsewhere",
        "book s shared, book a, run, contact-deleted s, invite a canary.shared@example.com, run",
    ),
    _told("the owner is taken out", "book a, run, owner-gone, move a 24, run"),
    _told("an old state is swept", "book a, run, outdate a, run"),
    _told("an activity is refused", "demand hs_internal_meeting_notes, book a, run, demand, run"),
    _told(
        "what is refused is ignored and taken up again",
        "demand hs_internal_meeting_notes, book a, run, page find, page ignore, run, demand, page take-up, page retry, "
        "run",
    ),
    _told("the source returns little", "crowd 20, sleep 60, backfill, sleep 604740, backfill, page reject"),
    _told("operators are told", "book a, run, key-lost, run, page fail-to-tell, page tell, key-back, run"),
    _told("what is old is forgotten", "book a, run, sleep 900, page prune, move a 24, run"),
)
"""Those that only show that every boundary is come by; their faults are tried elsewhere, step by step."""

BY_NAME = {one.name: one for one in ALL + TELLING + RARE}
