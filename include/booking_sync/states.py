"""The states that are stored, each as a closed set of words."""

from __future__ import annotations

from enum import StrEnum


class IntegrationState(StrEnum):
    """Whether runs pass anything on for an integration."""

    CONNECTED = "connected"
    PAUSED = "paused"
    NEEDS_RECONNECTING = "needs_reconnecting"
    DISCONNECTED = "disconnected"


class RunState(StrEnum):
    """How far a run, or one integration's part of it, has come.

    ``stopped``: the plan is written down, but HubSpot took nothing more; what was left is kept for the next run.
    ``failed``: the window is not recorded, and the next run covers it again.
    ``idle``: there was nothing to do, and the window is recorded with those of all other idle ones.
    """

    OPEN = "open"
    EXTRACTED = "extracted"
    PLANNED = "planned"
    STOPPED = "stopped"
    RECORDED = "recorded"
    FAILED = "failed"
    IDLE = "idle"


class ChangeState(StrEnum):
    """The life of a change. The first four are open: at most one open change per booking."""

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    KEPT = "kept"
    DONE = "done"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    PREVIEWED = "previewed"


OPEN_STATES = (ChangeState.PLANNED, ChangeState.SENDING, ChangeState.UNKNOWN, ChangeState.KEPT)
IN_FLIGHT_STATES = (ChangeState.SENDING, ChangeState.UNKNOWN)


class Untouched(StrEnum):
    """Why a booking that a run has read got no change; the names are those of the run's counts."""

    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    EXCLUDED = "excluded"
    IGNORED = "ignored"


class RecordedState(StrEnum):
    """What HubSpot holds for a booking, as far as we recorded: a live activity, a cancelled one, or none any more."""

    LIVE = "live"
    CANCELED = "canceled"
    REPLACED = "replaced"


class RefusedKind(StrEnum):
    """What was refused: the plan of a run, the repair of an audit, or a window that returned suspiciously little."""

    PLAN = "plan"
    REPAIR = "repair"
    SOURCE = "source"


class RefusedState(StrEnum):
    """What became of a refused plan.

    ``waiting``, ``granted`` and ``rejected`` plans are held back: nobody has decided; a person has approved it and the
    next run lets it through; a person, or the time limit, has said no, which an approval can still undo. ``approved``
    says that it was let through, once; ``overtaken``, that it is not what is held back any more.
    """

    WAITING = "waiting"
    GRANTED = "granted"
    REJECTED = "rejected"
    APPROVED = "approved"
    OVERTAKEN = "overtaken"


class AlertKind(StrEnum):
    """What operators are alerted to."""

    RECONNECT = "reconnect"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    STALE = "stale"
    NO_RUN = "no_run"


HELD_BACK_STATES = (RefusedState.WAITING, RefusedState.GRANTED, RefusedState.REJECTED)


class ActivityOutcome(StrEnum):
    """What an activity says of how the meeting went. HubSpot docs, meetings: values of ``hs_meeting_outcome``."""

    SCHEDULED = "SCHEDULED"
    RESCHEDULED = "RESCHEDULED"
    COMPLETED = "COMPLETED"
    NO_SHOW = "NO_SHOW"
    CANCELED = "CANCELED"


class AuditOutcome(StrEnum):
    """What came of one write to HubSpot."""

    SENT = "sent"
    APPLIED = "applied"
    ADOPTED = "adopted"
    NOT_APPLIED = "not_applied"
    REFUSED = "refused"


class ContactFinding(StrEnum):
    """How the contact of an address was come by. Only ``created`` wrote anything to it (C1 to C8).

    ``remembered``: from an earlier booking, without asking again. ``by_id``: its address was changed, or it was merged.
    ``existing``: HubSpot named it when it was to be created. ``refused``: HubSpot does not take the address (C6).
    """

    CREATED = "created"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    REMEMBERED = "remembered"
    BY_ID = "by_id"
    EXISTING = "existing"
    REFUSED = "refused"


class Intervention(StrEnum):
    """What a person did about one booking, or all that wait. ``changed``: news of the booking ended an ignoring."""

    RETRY = "retry"
    RETRY_ALL = "retry_all"
    IGNORE = "ignore"
    TAKE_UP = "take_up"
    CHANGED = "changed"


class KeptKind(StrEnum):
    """Why a booking is read again by the next run."""

    REJECTED = "rejected"
    WAITING = "waiting"


class Operation(StrEnum):
    """What a change does to HubSpot."""

    CREATE = "create"
    RECREATE = "recreate"
    CANCEL = "cancel"
    UPDATE = "update"
    MARK = "mark"


class Step(StrEnum):
    """The remote write that a change does next."""

    CREATE = "create"
    ARCHIVE = "archive"
    ASSOCIATE = "associate"
    WRITE = "write"


class NoticeKind(StrEnum):
    """What people are told of a meeting (M1)."""

    RESCHEDULED = "rescheduled"
    CANCELED = "canceled"


class NoticeState(StrEnum):
    """What became of one mail to one person. The first two are open; every other one is an end.

    ``unknown``: handed over, but the mail server's answer was lost; it is not sent again.
    ``refused``: the mail server will not take it.
    ``overtaken``: newer news, or an erasure, or the setting came before it was sent.
    ``expired``: it was too late for it.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"
    EXPIRED = "expired"


OPEN_NOTICES = (NoticeState.WAITING, NoticeState.SENDING)


class AccessState(StrEnum):
    """What becomes of our OAuth access to a portal.

    ``usable``: tokens are there. ``broken``: HubSpot takes them no more; somebody has to grant access again.
    ``revoking`` and ``uninstalling``: they are to be given back and must not be used for anything else.
    ``erased``: there are no tokens.
    """

    USABLE = "usable"
    BROKEN = "broken"
    REVOKING = "revoking"
    UNINSTALLING = "uninstalling"
    ERASED = "erased"


class GrantRefusal(StrEnum):
    """Why a consent came to nothing."""

    UNKNOWN_STATE = "unknown_state"
    REPLAYED_STATE = "replayed_state"
    FOREIGN_STATE = "foreign_state"
    EXPIRED_STATE = "expired_state"
    DENIED = "denied"
    CODE_REFUSED = "code_refused"
    WRONG_PORTAL = "wrong_portal"
    MISSING_SCOPE = "missing_scope"


class ConnectRefusal(StrEnum):
    """Why an integration is not connected."""

    UNREADABLE_WORKSPACE = "unreadable_workspace"
    PLAN = "plan"
    NO_ACCESS = "no_access"
    MISSING_SCOPE = "missing_scope"
    PORTAL_TAKEN = "portal_taken"
    OTHER_PORTAL = "other_portal"
    NOT_PROVISIONED = "not_provisioned"


class IntegrationEvent(StrEnum):
    """What people did to an integration, or what befell it."""

    CONNECTED = "connected"
    RECONNECTED = "reconnected"
    PAUSED = "paused"
    RESUMED = "resumed"
    BROKEN = "broken"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"
    UNINSTALLED = "uninstalled"
