"""A caller reaches a responder: who was rung, what was heard, what the log and the incident say."""

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, CallerScript, Fails, HangUp, Machine, Phase, RingsOut, Script
from telephony.simulator.transcript import LegOutcome
from tests.stories.house import House

pytestmark = pytest.mark.parametrize("provider", list(Provider))

TALKS_33_SECONDS = Answers(after_seconds=6, talk_seconds=33)


async def test_the_second_responder_answers_after_the_first_let_it_ring(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (RingsOut(),), line.ben: (TALKS_33_SECONDS,)}))
    log = await house.logged(call)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["no_answer", "answered"]
    assert (log["status"], log["outcome"], log["duration_seconds"]) == ("answered", "answered", 33)
    assert log["answered_by"]["name"] == "Ben Okafor"
    assert not call.document_errors


async def test_the_incident_of_an_answered_call_has_title_and_payload(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(
        line, Script(caller=CallerScript(number="+14156040016"), responders={line.ana: (TALKS_33_SECONDS,)})
    )
    incident = await house.incident_of(call)
    assert incident["title"] == "On-call hotline: Call from (+14156040016) (33s)"
    details = incident["payload"]["details"]
    assert details["call"]["duration"] == 33
    assert details["receiver"]["name"] == "Ana Reyes"
    assert (incident["priority"], incident["severity"], incident["payload"]["severity"]) == ("p1", "sev1", "high")


async def test_a_voicemail_machine_does_not_end_the_hunt(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (Machine(),), line.ben: (TALKS_33_SECONDS,)}))
    log = await house.logged(call)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["not_accepted", "answered"]


async def test_a_disconnected_number_counts_as_no_and_is_reported(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (Fails(),), line.ben: (TALKS_33_SECONDS,)}))
    log = await house.logged(call)
    assert [attempt["outcome"] for attempt in log["attempts"]] == ["failed", "answered"]


async def test_a_responder_hears_who_calls_and_for_what(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(
        line, Script(caller=CallerScript(number="+14156040016"), responders={line.ana: (TALKS_33_SECONDS,)})
    )
    heard = " ".join(call.heard_by_responders[line.ana])
    assert "On-call hotline" in heard
    assert "1 4 1 5 6 0 4 0 0 1 6" in heard


async def test_responders_see_the_hotlines_number(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (TALKS_33_SECONDS,)}))
    assert call.legs[0].caller_id.lstrip("+") == line.number.number.lstrip("+")


async def test_after_the_talk_nobody_else_is_rung(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (TALKS_33_SECONDS,)}))
    assert [leg.outcome for leg in call.legs] == [LegOutcome.ANSWERED]


async def test_a_talk_that_the_caller_ends_is_answered(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    caller = CallerScript(hang_up=HangUp(Phase.TALK, after_seconds=12))
    call = await house.ring(line, Script(caller=caller, responders={line.ana: (Answers(talk_seconds=None),)}))
    log = await house.logged(call)
    assert (log["outcome"], log["duration_seconds"]) == ("answered", 12)


async def test_every_leg_has_its_reason_in_the_timeline(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(responders={line.ana: (RingsOut(),), line.ben: (TALKS_33_SECONDS,)}))
    log = await house.logged(call)
    timeline = (await house.get(f"/calls/{log['id']}/timeline"))["items"]
    ringing = [entry["text"] for entry in timeline if entry["kind"] == "ringing"]
    assert ringing == ["Ringing Ana Reyes: named in the chain", "Ringing Ben Okafor: named in the chain"]
    assert all(attempt["reason"] for attempt in log["attempts"])


async def test_plain_connect_needs_no_key(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, accept="none")
    call = await house.ring(line, Script(responders={line.ana: (Answers(presses="", talk_seconds=15),)}))
    log = await house.logged(call)
    assert log["outcome"] == "answered"
