"""The caller and the beep."""

from dataclasses import dataclass
from enum import StrEnum

from telephony.simulator.scripts import Phase
from telephony.simulator.stage import Left, Leg
from telephony.simulator.transcript import Who


class MessageEnd(StrEnum):
    HANG_UP = "hang_up"
    KEY = "key"
    SILENCE = "silence"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class TakenMessage:
    seconds: int
    ended_by: MessageEnd


async def take_message(leg: Leg, silence_seconds: float, most_seconds: int, finish_keys: str) -> TakenMessage | None:
    """Records the caller; ``None`` when nothing was said.

    ``silence_seconds`` 0 never ends the recording. Raises :class:`Left` only when the caller leaves without a word.
    """
    stage = leg.stage
    stage.enter(Phase.VOICEMAIL)
    stage.notebook.caller_hears_something()
    stage.notebook.note(Who.CARRIER, "beep, the caller is recorded")
    spoken = stage.script.caller.message
    if spoken is None:
        await leg.wait(min(silence_seconds or most_seconds, most_seconds))
        stage.notebook.note(Who.CARRIER, "nothing was said, the recording is dropped")
        return None
    begun = stage.clock.offset
    seconds = min(spoken.seconds, most_seconds)
    try:
        await leg.wait(seconds)
        ended_by = MessageEnd.LIMIT
        if spoken.seconds < most_seconds:
            ended_by = await _end_of_message(leg, spoken.then, silence_seconds, finish_keys)
    except Left:
        seconds = min(seconds, int(stage.clock.offset - begun))
        ended_by = MessageEnd.HANG_UP
        if seconds == 0:
            raise
    stage.voicemail_seconds = seconds
    stage.notebook.note(Who.CARRIER, f"has a message of {seconds} s")
    return TakenMessage(seconds, ended_by)


async def _end_of_message(leg: Leg, then: str, silence_seconds: float, finish_keys: str) -> MessageEnd:
    stage = leg.stage
    if then == "hang_up":
        stage.caller.leaves_at = stage.clock.offset
        await leg.wait(0)
    if then == "#" and "#" in finish_keys:
        stage.notebook.note(Who.CALLER, "the caller presses #")
        return MessageEnd.KEY
    await leg.wait(silence_seconds)
    return MessageEnd.SILENCE
