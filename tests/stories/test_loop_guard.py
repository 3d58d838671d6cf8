"""A phone that forwards to the hotline must not ring it for ever: such calls are refused before they are answered."""

import dataclasses

import pytest

from domain.directory import Provider
from domain.ids import call_id
from telephony.simulator.scripts import Answers, CallerScript, RingsOut, Script
from telephony.simulator.transcript import Ending, SimulatedCall
from tests.stories.carrier_posts import CarrierPost
from tests.stories.house import House, Line

both_carriers = pytest.mark.parametrize("provider", list(Provider))

TALKS = Answers(talk_seconds=5)


async def assert_rejected(house: House, call: SimulatedCall) -> None:
    log = await house.logged(call)
    assert call.legs == ()
    assert (log["status"], log["outcome"], log["attempts"]) == ("missed", "rejected", [])
    assert (await house.get(f"/incidents?call={log['id']}"))["items"] == []


async def settled(house: House, line: Line) -> None:
    """An ordinary call after the rejected one has its incident: whatever comes before it has come."""
    await house.incident_of(await house.ring(line, Script(otherwise=TALKS)))


@both_carriers
async def test_a_call_from_a_hotlines_number_is_rejected(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    call = await house.ring(line, Script(caller=CallerScript(number=line.number.number), otherwise=TALKS))
    await settled(house, line)
    await assert_rejected(house, call)


@both_carriers
async def test_a_call_forwarded_from_another_hotlines_number_is_rejected(house: House, provider: Provider) -> None:
    # In this order: whoever finds the line by its token knows everything that was written before it.
    other, line = await house.open_line(provider), await house.open_line(provider)
    caller = CallerScript(forwarded_from=other.number.number)
    call = await house.ring(line, Script(caller=caller, otherwise=TALKS))
    await settled(house, line)
    await assert_rejected(house, call)


async def test_twilio_hears_busy_before_anything_is_answered(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    call = await house.ring(line, Script(caller=CallerScript(number=line.number.number)))
    assert call.ending is Ending.REJECTED
    assert call.heard_by_caller == ()


@both_carriers
async def test_the_same_caller_while_the_first_call_still_rings_is_rejected(house: House, provider: Provider) -> None:
    """The responder's phone forwards to the hotline: the call comes back while it rings."""
    line = await house.open_line(provider)
    first = CarrierPost.of(line)
    assert "<Dial" in (await first.send(first.fields())).text
    second = CarrierPost.of(line)
    assert "<Dial" not in (await second.send(second.fields())).text
    log = (await house.ask("GET", f"/calls/{call_id(provider, second.call_id)}")).json()
    assert log.get("outcome") in (None, "rejected")


@both_carriers
async def test_the_same_caller_may_ring_again_after_the_first_call(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    script = Script(caller=CallerScript(number="+14155550177"), otherwise=RingsOut())
    first = await house.logged(await house.ring(line, script))
    again = await house.logged(await house.ring(line, dataclasses.replace(script, otherwise=TALKS)))
    assert (first["outcome"], again["outcome"]) == ("voicemail", "answered")


@both_carriers
async def test_two_withheld_callers_at_once_are_both_served(house: House, provider: Provider) -> None:
    """Nothing says that they are the same person."""
    line = await house.open_line(provider)
    for _ in range(2):
        carrier = CarrierPost.of(line)
        withheld = "+266696687" if provider is Provider.TWILIO else "anonymous"
        assert "<Dial" in (await carrier.send(carrier.fields(From=withheld))).text
