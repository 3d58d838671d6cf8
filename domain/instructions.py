"""What we tell a carrier to do, free of any carrier's dialect.

A *document* is a tuple of instructions, answered to one webhook. ``telephony/`` renders it as TwiML or Plivo XML and
puts in the addresses that the carrier calls next.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Leg(StrEnum):
    """Which address of ours the carrier calls, and with it who is on the line (``calls``: "which leg is asking")."""

    #: the address pasted at the carrier: answer, fallback and hang-up. Caller's leg
    ENTRY = "entry"
    #: the attempt is over. Caller's leg
    DIAL = "dial"
    #: the voicemail is over. Caller's leg
    VOICEMAIL = "voicemail"
    #: the responder picked up and must be asked. Responder's leg (Twilio: whisper, Plivo: confirm sound)
    WHISPER = "whisper"
    #: the responder pressed a key. Responder's leg
    KEY = "key"
    #: progress of a responder's leg. Notification
    PROGRESS = "progress"
    #: a recording is ready or absent. Notification
    RECORDING = "recording"
    #: an alert call was picked up. Responder's leg, no caller behind it
    ALERT = "alert"
    #: a key was pressed on an alert call
    ALERT_KEY = "alert_key"
    #: progress of an alert call or a text message. Notification
    ALERT_PROGRESS = "alert_progress"


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str
    voice: str | None = None
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class Play:
    url: str
    kind: Literal["play"] = "play"


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring one responder. ``confirm_seconds`` is the time to press 1 after pick-up, ``None`` connects at pick-up."""

    order: int
    number: str
    ring_seconds: int
    caller_id: str
    max_talk_seconds: int
    confirm_seconds: int | None = None
    record: bool = False
    #: without it the document has nothing that could be at fault: no whisper, no progress, no recording
    plain: bool = False
    kind: Literal["ring"] = "ring"


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Record a voicemail: beep, at most ``max_seconds``, ended by ``#``, hanging up or silence."""

    max_seconds: int
    silence_seconds: int
    plain: bool = False
    kind: Literal["take_message"] = "take_message"


@dataclass(frozen=True, slots=True)
class AskForKey:
    """On the responder's leg: speak the prompt, wait for one key, hang the leg up when none comes.

    ``seconds`` is the whole time from pick-up for prompt and key together.
    """

    order: int
    prompt: tuple[Say | Play, ...]
    seconds: int
    kind: Literal["ask_for_key"] = "ask_for_key"


@dataclass(frozen=True, slots=True)
class Connect:
    """On the responder's leg: join the caller."""

    kind: Literal["connect"] = "connect"


@dataclass(frozen=True, slots=True)
class Hangup:
    kind: Literal["hangup"] = "hangup"


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the call before it is answered; the caller hears a busy tone."""

    kind: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True)
class StartOver:
    """Pause, then ask the pasted address again (used when nothing is known about the hotline)."""

    pause_seconds: int
    kind: Literal["start_over"] = "start_over"


@dataclass(frozen=True, slots=True)
class Menu:
    """On an alert call: speak the prompt, take one key, and say it again up to ``times`` in all; then hang up."""

    prompt: tuple[Say | Play, ...]
    seconds: int
    times: int = 2
    kind: Literal["menu"] = "menu"


Instruction = Say | Play | Ring | TakeMessage | AskForKey | Connect | Hangup | Reject | StartOver | Menu
Document = tuple[Instruction, ...]
