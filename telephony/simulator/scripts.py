"""What happens on a simulated call: who calls, what each phone does when it rings, what the carrier does wrong.

A script is built in code by tests and read from a file by ``dutyline ring --script`` (``script_file``). Seconds are
call time, not wall-clock time. Every part has a default: the empty script is a caller who waits, and a first responder
who answers after four seconds, presses 1 and talks for twenty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class RequestKind(StrEnum):
    """Why the carrier sends a request; both dialects in the same words."""

    #: the call comes in, or an alert call was picked up
    ANSWER = "answer"
    #: fetching or running our answer failed
    FALLBACK = "fallback"
    #: an attempt is over
    DIAL = "dial"
    #: the voicemail is over
    RECORD = "record"
    #: a responder picked up and is asked (Twilio: whisper, Plivo: confirm sound)
    WHISPER = "whisper"
    #: keys were pressed at a prompt of ours
    KEY = "key"
    #: our document sent the call to another address
    REDIRECT = "redirect"
    #: progress of a responder's leg or of an alert call
    PROGRESS = "progress"
    #: a recording is ready or absent
    RECORDING = "recording"
    #: the call is over
    ENDED = "ended"
    #: a text message was delivered, or not
    RECEIPT = "receipt"


class Phase(StrEnum):
    """What the caller is going through; a hang-up is timed from the start of one."""

    CALL = "call"
    GREETING = "greeting"
    RINGING = "ringing"
    TALK = "talk"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class HangUp:
    """The caller hangs up so many seconds into a phase. ``attempt`` says which ringing, counted from 1."""

    phase: Phase = Phase.CALL
    after_seconds: float = 0.0
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class SpokenMessage:
    """What the caller leaves on the voicemail, and how it ends."""

    seconds: int
    then: Literal["hang_up", "#", "silence"] = "hang_up"


@dataclass(frozen=True, slots=True)
class CallerScript:
    """The caller. A ``number`` of ``None`` is withheld; anything else is sent as it is, odd ones too.

    ``hang_up`` ``None``: the caller stays until the other side ends the call. ``message`` ``None``: the caller says
    nothing on the voicemail. ``keys``: one for each prompt that asks the caller for keys.
    """

    number: str | None = "+14155550116"
    name: str | None = None
    hang_up: HangUp | None = None
    message: SpokenMessage | None = field(default_factory=lambda: SpokenMessage(12))
    keys: str = ""
    forwarded_from: str | None = None


@dataclass(frozen=True, slots=True)
class RingsOut:
    """Nobody picks up."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A person picks up.

    ``presses``: one key per prompt, each ``press_after_seconds`` into it; empty for none. ``talk_seconds``: hangs up
    after so long a talk, ``None`` leaves the end to the caller. ``leaves_after_seconds``: hangs up so long after
    picking up although the prompt still plays.
    """

    after_seconds: float = 4.0
    presses: str = "1"
    press_after_seconds: float = 3.0
    talk_seconds: float | None = 20.0
    leaves_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A voicemail machine picks up, never presses a key, and ends the call after its own limit once it is connected."""

    after_seconds: float = 15.0
    talk_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Busy:
    after_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Declines:
    """The person rejects the ringing call. Twilio reports it as busy, Plivo as rejected."""

    after_seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class Fails:
    """The number cannot be reached at all; the phone never rings."""

    after_seconds: float = 1.0


Behaviour = RingsOut | Answers | Machine | Busy | Declines | Fails


@dataclass(frozen=True, slots=True)
class CallbackFault:
    """What goes wrong with requests of one kind.

    ``lost``: never arrives (where the carrier waits for a document, it takes that for a dead server). ``swapped``:
    sent after the request that follows it. A request that the carrier waits for cannot be swapped.
    """

    kind: RequestKind
    late_seconds: float = 0.0
    times: int = 1
    lost: bool = False
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class CarrierScript:
    """How the number is set up at the carrier, and what the carrier does wrong.

    ``hangup_notice``: the number's status callback (Twilio) or hang-up address (Plivo) is set. ``ring_buffer_seconds``:
    what the carrier adds to every ring time (Twilio: about 5). ``unconfirmed_dial_status``: Plivo's word for an attempt
    that was picked up but not confirmed, which Plivo does not document.
    """

    method: Literal["GET", "POST"] = "POST"
    hangup_notice: bool = True
    ring_buffer_seconds: float = 0.0
    recording_ready_after_seconds: float = 4.0
    unconfirmed_dial_status: str = "no-answer"
    faults: tuple[CallbackFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """One call.

    What a phone does is looked up by its number first (``responders``, one behaviour per attempt, the last one
    repeats), then by its place among all phones that ring in this call (``rings``), then it is ``otherwise``.
    """

    title: str = ""
    caller: CallerScript = field(default_factory=CallerScript)
    responders: Mapping[str, tuple[Behaviour, ...]] = field(default_factory=dict)
    rings: tuple[Behaviour, ...] = ()
    otherwise: Behaviour = field(default_factory=Answers)
    carrier: CarrierScript = field(default_factory=CarrierScript)
