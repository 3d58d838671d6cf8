"""Documents as TwiML."""

from math import ceil
from typing import assert_never
from xml.etree.ElementTree import Element

from domain.instructions import (
    AskForKey,
    Connect,
    Document,
    Hangup,
    Instruction,
    Leg,
    Menu,
    Play,
    Reject,
    Ring,
    Say,
    StartOver,
    TakeMessage,
)
from telephony.dialect import Addresses
from telephony.markup import add, has_speech, response, to_xml

#: Twilio reads how to repeat a failed request from the fragment, which it neither sends nor signs.
RETRY = "#rc=2&rp=ct,5xx"

_WORDS_PER_SECOND = 2.5
#: the length of recorded audio is not known here
_PLAY_SECONDS = 5
#: a responder must have a chance to find the key, even after a prompt that used up the whole time
_SHORTEST_WAIT_SECONDS = 3


def render(document: Document, addresses: Addresses) -> str:
    root = response()
    for instruction in document:
        _add(root, instruction, addresses)
    return to_xml(root)


def _add(root: Element, instruction: Instruction, addresses: Addresses) -> None:
    match instruction:
        case Say() | Play():
            _speak(root, instruction)
        case Ring():
            _ring(root, instruction, addresses)
        case TakeMessage():
            _take_message(root, instruction, addresses)
        case AskForKey(order, prompt, seconds):
            _gather(root, prompt, addresses(Leg.KEY, order), max(seconds - _spoken_seconds(prompt), 0))
            add(root, "Hangup")
        case Menu(prompt, seconds, times):
            for _ in range(times):
                _gather(root, prompt, addresses(Leg.ALERT_KEY), seconds)
            add(root, "Hangup")
        case Connect():
            # A whisper document that ends without <Hangup/> joins the caller.
            pass
        case Hangup():
            add(root, "Hangup")
        case Reject():
            add(root, "Reject", reason="busy")
        case StartOver(pause_seconds):
            add(root, "Pause", length=pause_seconds)
            add(root, "Redirect", addresses(Leg.ENTRY) + RETRY, method="POST")
        case _:
            assert_never(instruction)


def _speak(parent: Element, words: Say | Play) -> None:
    match words:
        case Play(url):
            add(parent, "Play", url)
        case Say(text, language, voice) if has_speech(text):
            add(parent, "Say", text, language=language, voice=voice)


def _ring(root: Element, ring: Ring, addresses: Addresses) -> None:
    recorded = ring.record and not ring.plain
    dial = add(
        root,
        "Dial",
        action=addresses(Leg.DIAL, ring.order) + RETRY,
        method="POST",
        timeout=ring.ring_seconds,
        timeLimit=ring.max_talk_seconds,
        callerId=ring.caller_id,
        # The caller hears ringing, not silence, while the responder listens to the whisper.
        answerOnBridge=True,
        record="record-from-answer-dual" if recorded else None,
        recordingStatusCallback=addresses(Leg.RECORDING, ring.order) + RETRY if recorded else None,
        recordingStatusCallbackEvent="completed absent" if recorded else None,
    )
    if ring.plain:
        add(dial, "Number", ring.number)
        return
    add(
        dial,
        "Number",
        ring.number,
        url=addresses(Leg.WHISPER, ring.order) + RETRY if ring.confirm_seconds is not None else None,
        statusCallback=addresses(Leg.PROGRESS, ring.order) + RETRY,
        statusCallbackEvent="initiated ringing answered completed",
    )


def _take_message(root: Element, message: TakeMessage, addresses: Addresses) -> None:
    add(
        root,
        "Record",
        action=addresses(Leg.VOICEMAIL) + RETRY,
        method="POST",
        timeout=message.silence_seconds,
        finishOnKey="#",
        maxLength=message.max_seconds,
        playBeep=True,
        recordingStatusCallback=None if message.plain else addresses(Leg.RECORDING) + RETRY,
        recordingStatusCallbackEvent=None if message.plain else "completed absent",
    )


def _gather(root: Element, prompt: tuple[Say | Play, ...], action: str, wait_seconds: int) -> None:
    gather = add(
        root,
        "Gather",
        input="dtmf",
        action=action + RETRY,
        method="POST",
        timeout=max(wait_seconds, _SHORTEST_WAIT_SECONDS),
        numDigits=1,
        # Empty: otherwise "#" would end the question without a digit.
        finishOnKey="",
    )
    for words in prompt:
        _speak(gather, words)


def _spoken_seconds(prompt: tuple[Say | Play, ...]) -> int:
    """An estimate: Twilio starts the wait for a key only after the prompt. Numbers are spoken digit by digit."""
    seconds = 0.0
    for words in prompt:
        match words:
            case Play():
                seconds += _PLAY_SECONDS
            case Say(text):
                seconds += sum(max(1, sum(map(str.isdigit, token))) for token in text.split()) / _WORDS_PER_SECOND
    return ceil(seconds)
