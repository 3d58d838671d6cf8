"""Documents as Plivo XML. Plivo's defaults are long (no ring time-out, 120 s to confirm), so each is always set."""

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

#: Read from the fragment. Plivo has no fallback for these addresses: one that stays unreachable ends the call.
RETRY = "#ct=3000&rt=8000&rc=3&rp=ct,rt,5xx"


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
        case AskForKey(prompt=prompt):
            # A confirm sound may hold nothing else: the key and its time-out belong to <Dial>.
            for words in prompt:
                _speak(root, words)
        case Menu(prompt, seconds, times):
            for _ in range(times):
                _get_digits(root, prompt, addresses(Leg.ALERT_KEY), seconds)
            add(root, "Hangup")
        case Connect():
            # Plivo joins the caller by itself once the key is pressed.
            pass
        case Hangup():
            add(root, "Hangup")
        case Reject():
            add(root, "Hangup", reason="busy")
        case StartOver(pause_seconds):
            add(root, "Wait", length=pause_seconds)
            add(root, "Redirect", addresses(Leg.ENTRY) + RETRY, method="POST")
        case _:
            assert_never(instruction)


def _speak(parent: Element, words: Say | Play) -> None:
    match words:
        case Play(url):
            add(parent, "Play", url)
        case Say(text, language, voice) if has_speech(text):
            add(parent, "Speak", text, language=language, voice=voice)


def _ring(root: Element, ring: Ring, addresses: Addresses) -> None:
    if ring.record and not ring.plain:
        _record_talk(root, ring, addresses(Leg.RECORDING, ring.order) + RETRY)
    dial = add(
        root,
        "Dial",
        action=addresses(Leg.DIAL, ring.order) + RETRY,
        method="POST",
        redirect=True,
        timeout=ring.ring_seconds,
        timeLimit=ring.max_talk_seconds,
        callerId=_digits(ring.caller_id),
        callbackUrl=None if ring.plain else addresses(Leg.PROGRESS, ring.order) + RETRY,
        callbackMethod=None if ring.plain else "POST",
    )
    if ring.confirm_seconds is not None and not ring.plain:
        dial.set("confirmSound", addresses(Leg.WHISPER, ring.order) + RETRY)
        dial.set("confirmKey", "1")
        dial.set("confirmTimeout", str(ring.confirm_seconds))
    add(dial, "Number", _digits(ring.number))


def _record_talk(root: Element, ring: Ring, address: str) -> None:
    """Comes before <Dial>. Its action is told at the start, without a length; only the callback has the recording."""
    add(
        root,
        "Record",
        action=address,
        method="POST",
        redirect=False,
        startOnDialAnswer=True,
        maxLength=ring.max_talk_seconds,
        fileFormat="mp3",
        recordChannelType="stereo",
        callbackUrl=address,
        callbackMethod="POST",
    )


def _take_message(root: Element, message: TakeMessage, addresses: Addresses) -> None:
    add(
        root,
        "Record",
        action=addresses(Leg.VOICEMAIL) + RETRY,
        method="POST",
        redirect=True,
        timeout=message.silence_seconds,
        finishOnKey="#",
        maxLength=message.max_seconds,
        playBeep=True,
        fileFormat="mp3",
        callbackUrl=None if message.plain else addresses(Leg.RECORDING) + RETRY,
        callbackMethod=None if message.plain else "POST",
    )


def _get_digits(root: Element, prompt: tuple[Say | Play, ...], action: str, wait_seconds: int) -> None:
    digits = add(
        root,
        "GetDigits",
        action=action + RETRY,
        method="POST",
        redirect=True,
        timeout=wait_seconds,
        numDigits=1,
        retries=1,
    )
    for words in prompt:
        _speak(digits, words)


def _digits(number: str) -> str:
    return number.removeprefix("+")
