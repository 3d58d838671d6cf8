"""What a carrier told us, free of any carrier's dialect. Every event is stamped with the time we received it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from domain.directory import Provider
from domain.instructions import Leg


class DialStatus(StrEnum):
    """How a carrier says an attempt ended. A word that we do not know is ``UNKNOWN``, never an error."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. ``number`` is E.164 or ``None`` when withheld or odd; ``raw`` is what the carrier sent."""

    number: str | None
    raw: str = ""
    name: str | None = None
    withheld: bool = False
    verification: str | None = None


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Which call a webhook is about. ``provider_call_id`` is always the caller's leg."""

    provider: Provider
    provider_call_id: str
    account: str | None
    caller: Caller
    dialled: str
    forwarded_from: str | None = None
    #: set by the simulated carrier, so that a rehearsal never pins a hotline to it
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class CallStarted:
    at: datetime
    kind: Literal["call_started"] = "call_started"


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """The carrier's word on one attempt. ``bridged`` is ``None`` when it does not say."""

    at: datetime
    order: int
    status: DialStatus
    bridged: bool | None
    caller_present: bool
    leg_seconds: int | None = None
    leg_existed: bool = True
    kind: Literal["attempt_finished"] = "attempt_finished"


@dataclass(frozen=True, slots=True)
class LegRinging:
    at: datetime
    order: int
    kind: Literal["leg_ringing"] = "leg_ringing"


@dataclass(frozen=True, slots=True)
class LegPickedUp:
    """The responder's phone was picked up. ``asks`` when the carrier waits for a document (whisper, confirm sound)."""

    at: datetime
    order: int
    asks: bool = False
    kind: Literal["leg_picked_up"] = "leg_picked_up"


@dataclass(frozen=True, slots=True)
class KeyPressed:
    at: datetime
    order: int
    digits: str
    kind: Literal["key_pressed"] = "key_pressed"


@dataclass(frozen=True, slots=True)
class LegConnected:
    """The carrier joined the two legs after its own confirmation (Plivo: DialConnected)."""

    at: datetime
    order: int
    kind: Literal["leg_connected"] = "leg_connected"


@dataclass(frozen=True, slots=True)
class LegEnded:
    at: datetime
    order: int
    status: DialStatus
    leg_seconds: int | None = None
    kind: Literal["leg_ended"] = "leg_ended"


@dataclass(frozen=True, slots=True)
class VoicemailFinished:
    """The voicemail is over. ``seconds`` is ``None`` when the carrier's request with the length was lost."""

    at: datetime
    seconds: int | None
    caller_present: bool
    reference: str | None = None
    url: str | None = None
    kind: Literal["voicemail_finished"] = "voicemail_finished"


class RecordingKind(StrEnum):
    TALK = "talk"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class RecordingNotice:
    """A recording is ready (``url``) or there is none (``absent``)."""

    at: datetime
    recording: RecordingKind
    reference: str
    url: str | None
    seconds: int | None
    order: int | None = None
    absent: bool = False
    kind: Literal["recording_notice"] = "recording_notice"


@dataclass(frozen=True, slots=True)
class CallEnded:
    at: datetime
    seconds: int | None = None
    kind: Literal["call_ended"] = "call_ended"


@dataclass(frozen=True, slots=True)
class FallbackRequested:
    """The carrier could not fetch or run our answer. ``blames_document`` when it says the document was at fault."""

    at: datetime
    error_code: str
    blames_document: bool
    caller_present: bool = True
    #: the address that failed, as the carrier names it
    failed_url: str = ""
    #: which of our addresses that is; filled in by whoever knows their form
    failed_leg: Leg | None = None
    kind: Literal["fallback_requested"] = "fallback_requested"


#: what asks for the next document on the caller's leg
StepEvent = CallStarted | AttemptFinished | VoicemailFinished | FallbackRequested

Event = (
    CallStarted
    | AttemptFinished
    | LegRinging
    | LegPickedUp
    | KeyPressed
    | LegConnected
    | LegEnded
    | VoicemailFinished
    | RecordingNotice
    | CallEnded
    | FallbackRequested
)
