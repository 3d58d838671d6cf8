"""What Plivo is told to do."""

import inspect
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plivo import plivoxml

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
from telephony.plivo import PlivoDialect

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
RETRY = "#ct=3000&amp;rt=8000&amp;rc=3&amp;rp=ct,rt,5xx"


def address(leg: Leg, order: int = 0) -> str:
    return f"https://a.example/{leg}/{order}"


def rendered(*document: Instruction) -> str:
    return PlivoDialect().render(document, address)


def parsed(*document: Instruction) -> ElementTree.Element:
    return ElementTree.fromstring(rendered(*document))


def test_an_empty_document_is_an_empty_response() -> None:
    assert rendered() == "<Response/>"


def test_say_speaks_the_text_in_its_voice() -> None:
    assert rendered(HELLO) == '<Response><Speak language="en-US" voice="Polly.Joanna">Hello</Speak></Response>'


@pytest.mark.parametrize("text", ["", "  ", "\x00"])
def test_nothing_to_say_is_left_out(text: str) -> None:
    assert rendered(Say(text, "en-US"), Hangup()) == "<Response><Hangup/></Response>"


def test_play_plays_its_address() -> None:
    assert rendered(Play("https://a.example/a.mp3")) == "<Response><Play>https://a.example/a.mp3</Play></Response>"


def test_ring_asks_records_and_reports_with_bare_digits() -> None:
    assert rendered(RING) == (
        f'<Response><Record action="https://a.example/recording/2{RETRY}" method="POST" redirect="false"'
        ' startOnDialAnswer="true" maxLength="14400" fileFormat="mp3" recordChannelType="stereo"'
        f' callbackUrl="https://a.example/recording/2{RETRY}" callbackMethod="POST"/>'
        f'<Dial action="https://a.example/dial/2{RETRY}" method="POST" redirect="true" timeout="20"'
        f' timeLimit="14400" callerId="12245550123" callbackUrl="https://a.example/progress/2{RETRY}"'
        f' callbackMethod="POST" confirmSound="https://a.example/whisper/2{RETRY}" confirmKey="1"'
        ' confirmTimeout="15"><Number>12025550111</Number></Dial></Response>'
    )


def test_ring_without_confirmation_asks_for_no_key() -> None:
    assert "confirm" not in rendered(Ring(1, "+12025550111", 20, "+12245550123", 14_400))


def test_ring_without_recording_records_nothing() -> None:
    assert "Record" not in rendered(Ring(1, "+12025550111", 20, "+12245550123", 14_400, confirm_seconds=15))


def test_a_plain_ring_has_nothing_that_could_be_at_fault() -> None:
    plain = Ring(2, "+12025550111", 20, "+12245550123", 14_400, confirm_seconds=15, record=True, plain=True)

    assert rendered(plain) == (
        f'<Response><Dial action="https://a.example/dial/2{RETRY}" method="POST" redirect="true" timeout="20"'
        ' timeLimit="14400" callerId="12245550123"><Number>12025550111</Number></Dial></Response>'
    )


def test_take_message_sets_every_default_of_the_carrier() -> None:
    assert rendered(TakeMessage(180, 8), HELLO, Hangup()) == (
        f'<Response><Record action="https://a.example/voicemail/0{RETRY}" method="POST" redirect="true" timeout="8"'
        ' finishOnKey="#" maxLength="180" playBeep="true" fileFormat="mp3"'
        f' callbackUrl="https://a.example/recording/0{RETRY}" callbackMethod="POST"/>'
        '<Speak language="en-US" voice="Polly.Joanna">Hello</Speak><Hangup/></Response>'
    )


def test_a_plain_message_has_no_recording_callback() -> None:
    assert "callback" not in rendered(TakeMessage(180, 8, plain=True))


def test_a_confirm_sound_holds_the_prompt_and_nothing_else() -> None:
    assert rendered(AskForKey(2, (HELLO, Play("https://a.example/a.mp3")), 15)) == (
        '<Response><Speak language="en-US" voice="Polly.Joanna">Hello</Speak>'
        "<Play>https://a.example/a.mp3</Play></Response>"
    )


def test_connect_is_nothing() -> None:
    assert rendered(Connect()) == "<Response/>"


def test_hangup_hangs_up() -> None:
    assert rendered(Hangup()) == "<Response><Hangup/></Response>"


def test_reject_sounds_busy() -> None:
    assert rendered(Reject()) == '<Response><Hangup reason="busy"/></Response>'


def test_start_over_waits_and_asks_the_pasted_address_again() -> None:
    assert rendered(StartOver(3)) == (
        f'<Response><Wait length="3"/><Redirect method="POST">https://a.example/entry/0{RETRY}</Redirect></Response>'
    )


def test_menu_is_said_so_often_then_ends() -> None:
    digits = (
        f'<GetDigits action="https://a.example/alert_key/0{RETRY}" method="POST" redirect="true" timeout="6"'
        ' numDigits="1" retries="1"><Speak language="en-US" voice="Polly.Joanna">Hello</Speak></GetDigits>'
    )
    assert rendered(Menu((HELLO,), 6, times=2)) == f"<Response>{digits}{digits}<Hangup/></Response>"


def test_every_element_and_attribute_exists_at_the_carrier() -> None:
    for element in parsed(*EVERY_INSTRUCTION).iter():
        if element.tag == "Response":
            continue
        known = inspect.signature(getattr(plivoxml, f"{element.tag}Element").__init__).parameters
        assert set(element.attrib) <= {_camel(name) for name in known}, element.tag


def test_every_element_may_stand_where_it_stands() -> None:
    for parent in parsed(*EVERY_INSTRUCTION).iter():
        allowed = getattr(plivoxml, f"{parent.tag}Element")._nestable
        assert {child.tag for child in parent} <= set(allowed), parent.tag


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


@given(st.text(st.characters(codec=None)))
def test_no_text_breaks_the_document(text: str) -> None:
    document: Document = (Say(text, text, text), Play(text), Menu((Say(text, "en-US"),), 6))

    ElementTree.fromstring(rendered(*document).encode())
