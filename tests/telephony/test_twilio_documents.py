"""What Twilio is told to do."""

import inspect
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml import lower_camel, voice_response

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
from telephony.twilio import TwilioDialect

HELLO = Say("Hello", "en-US", "Polly.Joanna")
RING = Ring(2, "+12025550111", 20, "+12245550123", 14_400, confirm_seconds=15, record=True)
EVERY_INSTRUCTION: tuple[Instruction, ...] = (
    HELLO,
    Play("https://a.example/hello.mp3"),
    RING,
    TakeMessage(180, 8),
    AskForKey(2, (HELLO, Play("https://a.example/hello.mp3")), 15),
    Connect(),
    Hangup(),
    Reject(),
    StartOver(3),
    Menu((HELLO,), 6),
)


def address(leg: Leg, order: int = 0) -> str:
    return f"https://a.example/{leg}/{order}"


def rendered(*document: Instruction) -> str:
    return TwilioDialect().render(document, address)


def parsed(*document: Instruction) -> ElementTree.Element:
    return ElementTree.fromstring(rendered(*document))


def test_an_empty_document_is_an_empty_response() -> None:
    assert rendered() == "<Response/>"


def test_say_speaks_the_text_in_its_voice() -> None:
    assert rendered(HELLO) == '<Response><Say language="en-US" voice="Polly.Joanna">Hello</Say></Response>'


def test_say_without_a_voice_leaves_it_to_the_carrier() -> None:
    assert rendered(Say("Hallo", "de-DE")) == '<Response><Say language="de-DE">Hallo</Say></Response>'


@pytest.mark.parametrize("text", ["", "  ", "\x00"])
def test_nothing_to_say_is_left_out(text: str) -> None:
    assert rendered(Say(text, "en-US"), Hangup()) == "<Response><Hangup/></Response>"


def test_play_plays_its_address() -> None:
    assert rendered(Play("https://a.example/a?b&c")) == (
        "<Response><Play>https://a.example/a?b&amp;c</Play></Response>"
    )


def test_ring_asks_records_and_reports() -> None:
    assert rendered(RING) == (
        '<Response><Dial action="https://a.example/dial/2#rc=2&amp;rp=ct,5xx" method="POST" timeout="20"'
        ' timeLimit="14400" callerId="+12245550123" answerOnBridge="true" record="record-from-answer-dual"'
        ' recordingStatusCallback="https://a.example/recording/2#rc=2&amp;rp=ct,5xx"'
        ' recordingStatusCallbackEvent="completed absent">'
        '<Number url="https://a.example/whisper/2#rc=2&amp;rp=ct,5xx"'
        ' statusCallback="https://a.example/progress/2#rc=2&amp;rp=ct,5xx"'
        ' statusCallbackEvent="initiated ringing answered completed">+12025550111</Number></Dial></Response>'
    )


def test_ring_without_confirmation_has_no_whisper() -> None:
    number = parsed(Ring(1, "+12025550111", 20, "+12245550123", 14_400)).find("Dial/Number")

    assert number is not None
    assert sorted(number.attrib) == ["statusCallback", "statusCallbackEvent"]


def test_ring_without_recording_records_nothing() -> None:
    assert "ecord" not in rendered(Ring(1, "+12025550111", 20, "+12245550123", 14_400, confirm_seconds=15))


def test_a_plain_ring_has_nothing_that_could_be_at_fault() -> None:
    plain = Ring(2, "+12025550111", 20, "+12245550123", 14_400, confirm_seconds=15, record=True, plain=True)

    assert rendered(plain) == (
        '<Response><Dial action="https://a.example/dial/2#rc=2&amp;rp=ct,5xx" method="POST" timeout="20"'
        ' timeLimit="14400" callerId="+12245550123" answerOnBridge="true">'
        "<Number>+12025550111</Number></Dial></Response>"
    )


def test_take_message_is_followed_by_what_is_heard_when_nothing_was_recorded() -> None:
    assert rendered(TakeMessage(180, 8), HELLO, Hangup()) == (
        '<Response><Record action="https://a.example/voicemail/0#rc=2&amp;rp=ct,5xx" method="POST" timeout="8"'
        ' finishOnKey="#" maxLength="180" playBeep="true"'
        ' recordingStatusCallback="https://a.example/recording/0#rc=2&amp;rp=ct,5xx"'
        ' recordingStatusCallbackEvent="completed absent"/>'
        '<Say language="en-US" voice="Polly.Joanna">Hello</Say><Hangup/></Response>'
    )


def test_a_plain_message_has_no_recording_callback() -> None:
    assert "recordingStatusCallback" not in rendered(TakeMessage(180, 8, plain=True))


def test_ask_for_key_hangs_up_when_no_key_comes() -> None:
    assert rendered(AskForKey(2, (HELLO,), 15)) == (
        '<Response><Gather input="dtmf" action="https://a.example/key/2#rc=2&amp;rp=ct,5xx" method="POST" timeout="14"'
        ' numDigits="1" finishOnKey=""><Say language="en-US" voice="Polly.Joanna">Hello</Say></Gather>'
        "<Hangup/></Response>"
    )


@pytest.mark.parametrize(
    ("prompt", "wait_seconds"),
    [
        ((), "15"),
        ((Say("one two three four five", "en-US"),), "13"),
        ((Say("+14155550116", "en-US"),), "10"),
        ((Play("https://a.example/a.mp3"),), "10"),
        ((Say("word " * 500, "en-US"),), "3"),
    ],
)
def test_prompt_and_wait_share_the_time_to_accept(prompt: tuple[Say | Play, ...], wait_seconds: str) -> None:
    gather = parsed(AskForKey(1, prompt, 15)).find("Gather")

    assert gather is not None
    assert gather.get("timeout") == wait_seconds


def test_connect_ends_the_whisper_with_nothing() -> None:
    assert rendered(Connect()) == "<Response/>"


def test_hangup_hangs_up() -> None:
    assert rendered(Hangup()) == "<Response><Hangup/></Response>"


def test_reject_sounds_busy() -> None:
    assert rendered(Reject()) == '<Response><Reject reason="busy"/></Response>'


def test_start_over_waits_and_asks_the_pasted_address_again() -> None:
    assert rendered(StartOver(3)) == (
        '<Response><Pause length="3"/><Redirect method="POST">https://a.example/entry/0#rc=2&amp;rp=ct,5xx</Redirect>'
        "</Response>"
    )


def test_menu_is_said_so_often_then_ends() -> None:
    gather = (
        '<Gather input="dtmf" action="https://a.example/alert_key/0#rc=2&amp;rp=ct,5xx" method="POST" timeout="6"'
        ' numDigits="1" finishOnKey=""><Say language="en-US" voice="Polly.Joanna">Hello</Say></Gather>'
    )
    assert rendered(Menu((HELLO,), 6, times=2)) == f"<Response>{gather}{gather}<Hangup/></Response>"


def test_every_element_stands_where_the_carrier_knows_it_with_attributes_it_knows() -> None:
    for parent in parsed(*EVERY_INSTRUCTION).iter():
        builder = getattr(voice_response, {"Response": "VoiceResponse"}.get(parent.tag, parent.tag))
        for child in parent:
            known = inspect.signature(getattr(builder, child.tag.lower())).parameters
            assert set(child.attrib) <= {lower_camel(name) for name in known}, child.tag


@given(st.text(st.characters(codec=None)))
def test_no_text_breaks_the_document(text: str) -> None:
    document: Document = (Say(text, text, text), Play(text), AskForKey(1, (Say(text, "en-US"),), 15))

    ElementTree.fromstring(rendered(*document).encode())


def test_hostile_text_is_spoken_not_obeyed() -> None:
    spoken = parsed(Say('</Say><Dial>+1900</Dial><Say a="\x00">', "en-US"))

    assert [element.tag for element in spoken.iter()] == ["Response", "Say"]
