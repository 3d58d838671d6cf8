"""What goes in and out of a call's workflow. Fields are only ever added, with defaults: old histories must decode."""

from dataclasses import dataclass
from datetime import datetime

from domain.call_log import LoggedCall
from domain.call_plan import CallPlan
from domain.call_state import Control
from domain.directory import NotifyTarget, Provider
from domain.events import CallIdentity, Event, RecordingKind

#: the type of the failure by which a run that is still open refuses webhooks of a call that is over
CALL_IS_OVER = "CallIsOver"


@dataclass(frozen=True, slots=True)
class CallStart:
    """A call's frozen beginning. ``indexed``: our search attributes are registered and may be set."""

    plan: CallPlan
    identity: CallIdentity
    verified: bool
    warnings: tuple[str, ...] = ()
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class CarrierSaid:
    """One webhook. ``proof`` is the continuation it carried; ``answered`` is where the call went when a process
    answered it without the workflow; ``hotline`` is whose address was called."""

    event: Event
    proof: Control | None = None
    answered: Control | None = None
    hotline: str = ""


@dataclass(frozen=True, slots=True)
class SaveCall:
    """A call's log at one revision; ``hangup_seen`` says that the carrier itself reported the end."""

    call: LoggedCall
    revision: int
    hangup_seen: bool = False


@dataclass(frozen=True, slots=True)
class HandInCall:
    """A finished call, for its incident."""

    call: LoggedCall
    plan: CallPlan


@dataclass(frozen=True, slots=True)
class AnnounceCall:
    """A finished call, and whom its hotline tells of it. ``now`` is the workflow's time: it is this late at least."""

    call: LoggedCall
    targets: tuple[NotifyTarget, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class FetchRecording:
    """A recording to bring under our roof. ``account`` is the carrier account that sent the webhook, ``order`` the
    attempt that was recorded (``None`` for a voicemail), ``absent`` the carrier's word that there is nothing."""

    call_id: str
    hotline: str
    provider: Provider
    provider_call_id: str
    account: str | None
    recording: RecordingKind
    reference: str
    url: str | None
    seconds: int | None
    order: int | None = None
    absent: bool = False
