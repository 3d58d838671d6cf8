"""Test mode: for five minutes every entry rings the tester, so that letting it ring out tests the whole chain."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.directory import Provider
from telephony.simulator.carrier import SimulatedCarrier
from telephony.simulator.scripts import Answers, CallerScript, RingsOut, Script
from telephony.simulator.transcript import SimulatedCall
from tests.stories.house import House, Line, eventually

both_carriers = pytest.mark.parametrize("provider", list(Provider))


async def start_test(house: House, line: Line) -> str:
    """Ben tests the line; his number."""
    await end_of_test_mode(house, line)
    return line.ben


async def end_of_test_mode(house: House, line: Line) -> datetime:
    """Ben tests the line; until when."""
    tester = line.key.replace("line", "ben")
    answer = await house.ask("POST", f"/hotlines/{line.key}/test-mode", {"user": tester})
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["until"])


@both_carriers
async def test_every_entry_rings_the_tester_and_says_which_one_it_is(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    tester = await start_test(house, line)
    behaviours = (RingsOut(), Answers(talk_seconds=9))
    call = await ring_until_tested(house, line, Script(responders={tester: behaviours}))
    assert [leg.number for leg in call.legs] == [tester, tester]
    assert "test call, entry 2 of 2" in " ".join(call.heard_by_responders[tester]).lower()


@both_carriers
async def test_a_test_call_is_marked_and_opens_no_incident(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    tester = await start_test(house, line)
    call = await ring_until_tested(house, line, Script(responders={tester: (Answers(talk_seconds=9),)}))
    log = await house.logged(call)
    assert (log["test"], log["outcome"]) == (True, "answered")
    await house.ask("DELETE", f"/hotlines/{line.key}/test-mode")
    await real_call_has_its_incident(house, line)
    assert (await house.get(f"/incidents?call={log['id']}"))["items"] == []


@both_carriers
async def test_a_rung_out_test_takes_a_message(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    tester = await start_test(house, line)
    log = await house.logged(await ring_until_tested(house, line, Script(responders={tester: (RingsOut(),)})))
    assert (log["outcome"], [attempt["outcome"] for attempt in log["attempts"]]) == ("voicemail", ["no_answer"] * 2)


async def test_after_five_minutes_calls_ring_whoever_is_on_call(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    until = await end_of_test_mode(house, line)
    await ring_until_tested(house, line, Script(responders={line.ben: (Answers(talk_seconds=1),)}))
    almost = await ring_at(house, line, until - timedelta(seconds=1), "+14155550194")
    later = await ring_at(house, line, until + timedelta(seconds=1), "+14155550195")
    assert [call.legs[0].number for call in (almost, later)] == [line.ben, line.ana]


async def test_ending_test_mode_rings_whoever_is_on_call(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    await start_test(house, line)
    assert (await house.ask("DELETE", f"/hotlines/{line.key}/test-mode")).status_code == 204

    async def ana_rings() -> bool:
        call = await house.ring(line, Script(otherwise=Answers(talk_seconds=1)))
        return call.legs[0].number == line.ana

    await eventually(ana_rings)


async def test_who_would_ring_shows_the_tester(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    tester = await start_test(house, line)
    chain = (await house.get(f"/hotlines/{line.key}/who-would-ring"))["chain"]
    assert [entry["number"] for entry in chain] == [tester, tester]


async def test_a_tester_without_a_phone_is_422(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    await house.configure(("users", f"deaf-{line.key}", {"name": "No Phone"}))
    answer = await house.ask("POST", f"/hotlines/{line.key}/test-mode", {"user": f"deaf-{line.key}"})
    assert (answer.status_code, "phone" in answer.json()["error"]["message"]) == (422, True)


async def test_an_unknown_tester_is_422(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    assert (await house.ask("POST", f"/hotlines/{line.key}/test-mode", {"user": "nobody"})).status_code == 422


async def test_the_last_one_who_switches_it_on_wins(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    await start_test(house, line)
    ana = line.key.replace("line", "ana")
    answer = (await house.ask("POST", f"/hotlines/{line.key}/test-mode", {"user": ana})).json()
    assert (answer["user"]["key"], answer["instead_of"]["key"]) == (ana, line.key.replace("line", "ben"))


async def ring_until_tested(house: House, line: Line, script: Script) -> SimulatedCall:
    """The process that answers knows of the test mode at once when it is the one that was asked, else in a second."""

    async def tested() -> SimulatedCall | None:
        call = await house.ring(line, script)
        return call if (await house.logged(call))["test"] else None

    return await eventually(tested)


async def ring_at(house: House, line: Line, moment: datetime, caller: str) -> SimulatedCall:
    """A call at a moment of the carrier's clock. Each is another caller's, so that the loop guard has no reason to look
    at them."""
    async with house.http() as http:
        carrier = SimulatedCarrier(http, stamp=house.stamp, now=lambda: moment)
        return await carrier.ring(
            line.number, Script(caller=CallerScript(number=caller), otherwise=Answers(talk_seconds=1))
        )


async def real_call_has_its_incident(house: House, line: Line) -> Any:
    """The end of test mode is known as its beginning is: at once, or in a second."""

    async def real() -> SimulatedCall | None:
        call = await house.ring(line, Script(otherwise=Answers(talk_seconds=1)))
        return call if not (await house.logged(call))["test"] else None

    return await house.incident_of(await eventually(real))
