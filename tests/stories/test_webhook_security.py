"""Who may ring a hotline: signatures, tokens, pins, and requests that make no sense."""

import dataclasses
import secrets
import xml.etree.ElementTree as ET
from typing import Any

import httpx2
import pytest

from domain.directory import Provider
from domain.ids import call_id
from telephony.simulator.carrier import SimulatedCarrier
from telephony.simulator.scripts import Answers, RequestKind, Script
from telephony.simulator.transcript import Ending, SimulatedCall
from tests.stories.carrier_posts import FORM, CarrierPost
from tests.stories.house import House, Line, eventually

both_carriers = pytest.mark.parametrize("provider", list(Provider))

TALKS = Script(otherwise=Answers(talk_seconds=5))


async def ring_for_real(house: House, line: Line, **number: Any) -> SimulatedCall:
    """A call without the simulator's mark, as a real carrier's: only such calls pin a hotline."""
    async with house.http() as http:
        return await SimulatedCarrier(http).ring(dataclasses.replace(line.number, **number), TALKS)


async def hotline(house: House, line: Line) -> Any:
    return await house.get(f"/hotlines/{line.key}")


@both_carriers
async def test_a_bad_signature_is_refused_and_nobody_is_rung(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    stranger = dataclasses.replace(line, number=dataclasses.replace(line.number, auth_token="guessed"))
    call = await house.ring(stranger, TALKS)
    assert {request.status for request in call.requests_of(RequestKind.ANSWER)} == {403}
    assert call.legs == ()
    assert call.ending is Ending.CARRIER_ERROR
    assert (await house.ask("GET", f"/calls/{call_id(provider, call.provider_call_id)}")).status_code == 404


@both_carriers
async def test_an_unsigned_request_is_refused(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    carrier = dataclasses.replace(CarrierPost.of(line), auth_token=None)
    assert (await carrier.send(carrier.fields())).status_code == 403


@both_carriers
async def test_a_changed_field_breaks_the_signature(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    carrier = CarrierPost.of(line)
    fields = carrier.fields()
    signed = carrier.signature(line.number.url, fields)
    changed = dataclasses.replace(carrier, auth_token=None)
    assert (await changed.send({**fields, "From": "+14155550199"}, headers=signed)).status_code == 403


@both_carriers
async def test_during_a_rotation_both_tokens_are_accepted(house: House, provider: Provider) -> None:
    old, new = secrets.token_hex(16), secrets.token_hex(16)
    line = await house.open_line(provider, auth_token=[new, old])
    for token in (old, new):
        signed = dataclasses.replace(line, number=dataclasses.replace(line.number, auth_token=token))
        log = await house.logged(await house.ring(signed, TALKS))
        assert (log["outcome"], log["verified"]) == ("answered", True)


@both_carriers
async def test_the_signature_is_checked_against_the_public_address_behind_a_proxy(
    house: House, provider: Provider
) -> None:
    """The carrier signed the address that was pasted; the proxy calls us by another name."""
    line = await house.open_line(provider)
    carrier = CarrierPost.of(line)
    answer = await carrier.send(carrier.fields(), headers={"Host": "api-2.internal:9000"})
    assert answer.status_code == 200
    assert "<Dial" in answer.text


@both_carriers
async def test_without_a_token_calls_work_and_are_marked_unverified(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, auth_token=None)
    log = await house.logged(await house.ring(line, TALKS))
    assert (log["outcome"], log["verified"], log["warnings"]) == ("answered", False, [])
    assert (await hotline(house, line))["verified"] is False


@both_carriers
async def test_the_first_call_pins_account_and_number_and_a_mismatch_is_answered_with_a_warning(
    house: House, provider: Provider
) -> None:
    line = await house.open_line(provider, auth_token=None)
    first = await house.logged(await ring_for_real(house, line, account_id="FIRST"))
    second = await eventually(lambda: _warned(house, line, "SECOND"))
    assert first["warnings"] == []
    assert (second["outcome"], second["warnings"]) == ("answered", ["account_mismatch"])
    again = await house.logged(await ring_for_real(house, line, account_id="FIRST"))
    assert again["warnings"] == []


async def _warned(house: House, line: Line, account: str) -> Any:
    """The pin is in every process within a second; until then a mismatch is not seen."""
    log = await house.logged(await ring_for_real(house, line, account_id=account))
    return log if log["warnings"] else None


async def test_unpinning_by_api_lets_the_next_call_pin_anew(house: House) -> None:
    line = await house.open_line(Provider.TWILIO, auth_token=None)
    await house.logged(await ring_for_real(house, line, account_id="FIRST"))
    await eventually(lambda: _warned(house, line, "SECOND"))
    assert (await house.ask("POST", f"/hotlines/{line.key}/unpin")).status_code == 200
    moved = await eventually(lambda: _not_warned(house, line, "SECOND"))
    assert moved["warnings"] == []
    assert (await eventually(lambda: _warned(house, line, "FIRST")))["warnings"] == ["account_mismatch"]


async def _not_warned(house: House, line: Line, account: str) -> Any:
    log = await house.logged(await ring_for_real(house, line, account_id=account))
    return None if log["warnings"] else log


async def test_simulated_calls_never_pin(house: House) -> None:
    line = await house.open_line(Provider.TWILIO, auth_token=None)
    await house.logged(await house.ring(line, TALKS))
    other = await house.logged(await ring_for_real(house, line, account_id="REAL"))
    assert other["warnings"] == []


async def test_a_stamp_that_is_not_ours_does_not_move_the_clock(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    carrier = CarrierPost.of(line)
    stamped = {"X-Dutyline-Simulated": "2031-01-01T00:00:00.000Z;forged"}
    await carrier.send(carrier.fields(), headers=stamped)
    call = await eventually(lambda: _call(house, line, carrier))
    assert not call["started_at"].startswith("2031")


async def _call(house: House, line: Line, carrier: CarrierPost) -> Any:
    answer = await house.ask("GET", f"/calls/{call_id(line.number.provider, carrier.call_id)}")
    return answer.json() if answer.status_code == 200 else None


@both_carriers
async def test_an_unknown_token_is_404(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    carrier = CarrierPost.of(line)
    assert (await carrier.send(carrier.fields(), f"{house.url}/voice/nobody-has-this")).status_code == 404


async def test_a_body_larger_than_any_carrier_sends_ends_the_leg(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    carrier = CarrierPost.of(line)
    answer = await carrier.send(carrier.fields(CallerName="x" * 70_000))
    assert answer.status_code == 200
    assert [element.tag for element in ET.fromstring(answer.text)] == ["Hangup"]


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff\xfe\x80", b"%ZZ%00&&&===", b'{"CallSid": "CA1"}', b"a=1&" * 5000, b"<xml/>"],
    ids=["empty", "binary", "broken-escapes", "json", "too-many-fields", "xml"],
)
async def test_garbage_from_nobody_gets_an_answer_and_rings_nobody(house: House, body: bytes) -> None:
    """Without a signature to check, anything may arrive; no call is named, so there is nobody to serve."""
    line = await house.open_line(Provider.TWILIO, auth_token=None)
    async with house.http() as http:
        answer = await http.post(line.number.url, content=body, headers=FORM)
    assert answer.status_code == 200
    assert [element.tag for element in ET.fromstring(answer.text)] == ["Hangup"]


async def test_a_request_that_names_no_call_gets_a_hangup(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    carrier = CarrierPost.of(line)
    answer = await carrier.send({"From": "+14155550116", "To": line.number.number})
    assert [element.tag for element in ET.fromstring(answer.text)] == ["Hangup"]


@both_carriers
@pytest.mark.parametrize("leg", ["nonsense", "alert", "entry/../dial", "dial/x/y/z"])
async def test_an_address_that_we_never_handed_out_is_404(house: House, provider: Provider, leg: str) -> None:
    line = await house.open_line(provider)
    carrier = CarrierPost.of(line)
    assert (await carrier.send(carrier.fields(), f"{line.number.url}/{leg}")).status_code == 404


@pytest.mark.parametrize("leg", ["whisper", "key"])
@both_carriers
async def test_a_responders_leg_never_gets_an_empty_document(house: House, provider: Provider, leg: str) -> None:
    """An empty document would connect the leg: a call that nobody knows, a step long past, a hopeless continuation."""
    line = await house.open_line(provider)
    carrier = CarrierPost.of(line)
    fields = carrier.fields(ParentCallSid=carrier.call_id, Digits="1", CallStatus="in-progress")
    answer = await carrier.send(fields, f"{line.number.url}/{leg}/1/not-a-continuation")
    assert answer.status_code == 200
    # A confirm sound may hold words only: without a key the leg ends by itself.
    may_hang_up = (provider, leg) != (Provider.PLIVO, "whisper")
    assert [element.tag for element in ET.fromstring(answer.text)] == ["Hangup" if may_hang_up else "Speak"]


async def test_a_key_after_the_attempt_is_over_does_not_bridge(house: House) -> None:
    line = await house.open_line(Provider.TWILIO)
    call = await house.ring(line, TALKS)
    key = call.requests_of(RequestKind.KEY)[0]
    carrier = CarrierPost(line, call.provider_call_id, line.number.auth_token)
    answer = await carrier.send({**key.params, "X-Later": "1"}, key.url)
    assert [element.tag for element in ET.fromstring(answer.text)] == ["Hangup"]


@both_carriers
async def test_the_continuation_of_another_call_is_ignored(house: House, provider: Provider) -> None:
    """Somebody who knows one call's address cannot drive another call with it: it begins at the first responder."""
    line = await house.open_line(provider)
    first, second = CarrierPost.of(line), CarrierPost.of(line)
    action = _action(await first.send(first.fields()))
    answer = await second.send(second.fields(CallStatus="in-progress"), action)
    assert answer.status_code == 200
    assert line.ana.lstrip("+") in answer.text


@both_carriers
async def test_another_hotline_has_no_say_in_a_call(house: House, provider: Provider) -> None:
    """The other hotline may have a leaked token or none: with it nobody ends or diverts this hotline's calls."""
    line, other = await house.open_line(provider), await house.open_line(provider, auth_token=None)
    carrier = CarrierPost.of(line)
    action = _action(await carrier.send(carrier.fields()))
    there = CarrierPost(other, carrier.call_id, None)
    foreign = await there.send(
        there.fields(CallStatus="in-progress"), action.replace(f"/voice/{line.key}/", f"/voice/{other.key}/")
    )
    assert [element.tag for element in ET.fromstring(foreign.text)] == ["Hangup"]
    await there.send(there.fields(CallStatus="completed", Event="Hangup"))
    assert line.ben.lstrip("+") in (await carrier.send(carrier.fields(CallStatus="in-progress"), action)).text


def _action(answer: httpx2.Response) -> str:
    dial = ET.fromstring(answer.text).find("Dial")
    assert dial is not None
    return dial.attrib["action"].partition("#")[0]
