"""The documents that a caller and a responder hear, built from the plan. No decisions are made here."""

from datetime import datetime, timedelta

from domain.call_plan import CallPlan
from domain.call_state import Control, Rung
from domain.directory import Accept, CallerIdPolicy, Message, MessageKey
from domain.instructions import AskForKey, Document, Hangup, Play, Ring, Say, TakeMessage
from domain.messages import whisper_for

#: speech rate used to bound how long a document can take; slow on purpose
_WORDS_PER_SECOND = 2.0
_AUDIO_SECONDS = 30


def speak(plan: CallPlan, message: Message, plain: bool = False) -> tuple[Say | Play, ...]:
    """One message; nothing for an empty one. A plain document has no voice and plays nothing."""
    if message.play is not None:
        return () if plain else (Play(message.play),)
    if not message.text:
        return ()
    return (Say(message.text, plan.language, None if plain else plan.voice),)


def say(plan: CallPlan, control: Control, *keys: MessageKey) -> tuple[Say | Play, ...]:
    return tuple(spoken for key in keys for spoken in speak(plan, plan.messages[key], control.plain))


def greeting(plan: CallPlan, control: Control) -> tuple[Say | Play, ...]:
    keys = [MessageKey.WELCOME]
    if plan.record_calls and control.ringing is not None:
        keys.append(MessageKey.RECORDING)
    return say(plan, control, *keys)


def ring(plan: CallPlan, control: Control, rung: Rung, seconds: int) -> Ring:
    confirm = plan.accept is Accept.PRESS_KEY and not control.plain
    shows_caller = plan.caller_id is CallerIdPolicy.CALLER and control.caller is not None
    return Ring(
        order=rung.order,
        number=rung.number,
        ring_seconds=seconds,
        caller_id=control.caller if shows_caller and control.caller else plan.hotline_number,
        max_talk_seconds=plan.max_talk_seconds,
        confirm_seconds=plan.accept_within_seconds if confirm else None,
        record=plan.record_calls and not control.plain,
        plain=control.plain,
    )


def voicemail(plan: CallPlan, control: Control) -> Document:
    """The reason why nobody can be reached, then the beep; or, without voicemail, the reason and goodbye."""
    message = MessageKey.NO_ANSWER if control.anyone else MessageKey.NO_ONE_ON_CALL
    spoken = say(plan, control, message)
    if plan.voicemail is None:
        return (*spoken, *say(plan, control, MessageKey.GOODBYE), Hangup())
    take = TakeMessage(plan.voicemail.max_seconds, plan.voicemail.silence_seconds, control.plain)
    return (*spoken, take, *say(plan, control, MessageKey.NOTHING_RECORDED), Hangup())


def whisper(plan: CallPlan, control: Control, order: int) -> AskForKey:
    message = whisper_for(
        plan.messages[MessageKey.WHISPER],
        language=plan.language,
        hotline=plan.hotline_name,
        caller_name=plan.caller_name,
        caller_number=control.caller,
        recorded=plan.record_calls and bool(plan.messages[MessageKey.RECORDING].text),
        test_entry=(order, control.test_entries) if control.test_entries else None,
    )
    return AskForKey(order, speak(plan, message), plan.accept_within_seconds)


def speech_seconds(document: Document) -> int:
    """An upper bound for how long the spoken part of a document takes."""
    seconds = 0.0
    for instruction in document:
        match instruction:
            case Say(text=text):
                seconds += 1 + len(text.split()) / _WORDS_PER_SECOND
            case Play():
                seconds += _AUDIO_SECONDS
            case _:
                pass
    return round(seconds)


def deadline(plan: CallPlan, control: Control) -> datetime:
    """From here on no new attempt starts."""
    return control.started_at + timedelta(seconds=plan.max_call_wait_seconds)
