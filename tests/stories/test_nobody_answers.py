"""A caller does not reach a responder, and is never left in silence: voicemail, messages, ends."""

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import (
    Answers,
    CallerScript,
    Declines,
    HangUp,
    Phase,
    RingsOut,
    Script,
    SpokenMessage,
)
from tests.stories.house import House

pytestmark = pytest.mark.parametrize("provider", list(Provider))

NOBODY = Script(otherwise=RingsOut())


async def test_after_everybody_was_tried_a_message_is_taken(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, NOBODY)
    log = await house.logged(call)
    assert (log["status"], log["outcome"]) == ("missed", "voicemail")
    assert log["voicemail"] == {"seconds": 12}


async def test_an_empty_message_is_no_voicemail(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(caller=CallerScript(message=None), otherwise=RingsOut()))
    log = await house.logged(call)
    assert (log["outcome"], log["voicemail"]) == ("no_answer", None)


async def test_an_empty_chain_goes_straight_to_the_no_one_on_call_message(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, chain=[], messages={"no_one_on_call": "Everybody is asleep."})
    call = await house.ring(line, NOBODY)
    log = await house.logged(call)
    assert "Everybody is asleep." in call.heard_by_caller
    assert (log["outcome"], log["attempts"]) == ("no_one_on_call", [])


async def test_the_longest_wait_beats_the_length_of_the_chain(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, max_call_wait="60s", ring="25s")
    users = (line.key.replace("line", "ana"), line.key.replace("line", "ben"))
    await house.configure()
    long = await house.open_line(provider, chain=[{"user": user} for user in users * 5], max_call_wait="60s")
    call = await house.ring(long, NOBODY)
    assert len(call.legs) <= 3
    assert (await house.logged(call))["outcome"] == "voicemail"


async def test_a_caller_who_leaves_while_it_rings_is_a_missed_call(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    caller = CallerScript(hang_up=HangUp(Phase.RINGING, after_seconds=8))
    call = await house.ring(line, Script(caller=caller, otherwise=RingsOut()))
    log = await house.logged(call)
    assert (log["status"], log["outcome"]) == ("missed", "caller_gone")
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["caller_gone"]


async def test_a_caller_who_leaves_during_the_greeting_is_logged(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    caller = CallerScript(hang_up=HangUp(Phase.GREETING, after_seconds=1))
    call = await house.ring(line, Script(caller=caller))
    log = await house.logged(call)
    assert log["outcome"] == "caller_gone"


async def test_a_responder_who_declines_is_passed(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (Declines(),), line.ben: (Answers(talk_seconds=5),)}))
    log = await house.logged(call)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["busy", "answered"]


async def test_a_wrong_key_is_asked_again_and_does_not_drop_the_caller(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (Answers(presses="51", talk_seconds=9),)}))
    assert (await house.logged(call))["outcome"] == "answered"


async def test_without_voicemail_the_caller_hears_the_message_and_goodbye(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, voicemail=False, messages={"no_answer": "Nobody.", "goodbye": "Bye."})
    call = await house.ring(line, NOBODY)
    assert call.heard_by_caller[-2:] == ("Nobody.", "Bye.")
    assert (await house.logged(call))["outcome"] == "no_answer"


async def test_the_caller_never_hears_a_long_silence_or_an_error(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, NOBODY)
    assert not call.document_errors
    assert call.longest_silence_seconds < 5


async def test_a_message_ended_with_the_pound_key_is_thanked_for(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, messages={"voicemail_thanks": "Got it."})
    caller = CallerScript(message=SpokenMessage(7, then="#"))
    call = await house.ring(line, Script(caller=caller, otherwise=RingsOut()))
    assert "Got it." in call.heard_by_caller
