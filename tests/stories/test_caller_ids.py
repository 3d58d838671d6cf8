"""Odd callers: withheld numbers, SIP addresses, hostile names. Nothing breaks, and the log says what is known."""

import itertools
import xml.etree.ElementTree as ET
from typing import Any

import httpx2
import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, CallerScript, Script
from telephony.simulator.transcript import SimulatedCall
from tests.stories.house import API_TOKEN, House

both_carriers = pytest.mark.parametrize("provider", list(Provider))

TALKS = Answers(after_seconds=6, talk_seconds=33)
_next_caller = itertools.count(10)

HOSTILE_NAMES = {
    "xml": '</Say><Dial>+19995550100</Dial> & "friends"',
    "script": "<script>alert(1)</script>",
    "control-characters": "Bob\x00\x07\r\nX-Injected: 1\u202e\u2028",
    "ten-kilobytes": "A" * 10_240,
    "template": "{{7*7}} {caller} %s ${jndi:ldap://example.net/a}",
    "quotes": "Robert'); DROP TABLE calls;--",
    "emoji": "Zoë 🎷 木村",
}


def fresh_number() -> str:
    return f"+141560400{next(_next_caller)}"


async def ring(house: House, provider: Provider, caller: CallerScript, **settings: Any) -> SimulatedCall:
    line = await house.open_line(provider, **settings)
    return await house.ring(line, Script(caller=caller, responders={line.ana: (TALKS,)}))


@both_carriers
@pytest.mark.parametrize("number", ["anonymous", "+266696687", "", "Restricted", None])
async def test_a_withheld_number_is_called_so_and_never_shown(
    house: House, provider: Provider, number: str | None
) -> None:
    call = await ring(house, provider, CallerScript(number=number))
    log, incident = await house.logged(call), await house.incident_of(call)
    assert incident["title"] == "On-call hotline: Call from withheld number (33s)"
    assert incident["payload"]["details"]["caller"] == {"name": None, "number": None}
    assert (log["caller"]["number"], log["caller"]["withheld"]) == (None, True)
    assert not call.document_errors


@both_carriers
async def test_a_known_caller_is_named_in_title_and_payload(house: House, provider: Provider) -> None:
    number = fresh_number()
    await house.configure(("contacts", f"known-{number[1:]}", {"name": "Mitchell Starc", "number": number}))
    incident = await house.incident_of(await ring(house, provider, CallerScript(number=number)))
    assert incident["title"] == f"On-call hotline: Call from Mitchell Starc ({number}) (33s)"
    assert incident["payload"]["details"]["caller"] == {"name": "Mitchell Starc", "number": number}


@both_carriers
async def test_an_unknown_caller_is_a_number_in_title_and_payload(house: House, provider: Provider) -> None:
    number = fresh_number()
    incident = await house.incident_of(await ring(house, provider, CallerScript(number=number)))
    assert incident["title"] == f"On-call hotline: Call from ({number}) (33s)"
    assert incident["payload"]["details"]["caller"] == {"name": None, "number": number}


@both_carriers
@pytest.mark.parametrize("address", ["sip:ana@pbx.example.com", "sip:+14155550116@pbx.example.com;transport=tls"])
async def test_a_sip_caller_reaches_the_responder_and_is_shown_as_the_carrier_sent_it(
    house: House, provider: Provider, address: str
) -> None:
    call = await ring(house, provider, CallerScript(number=address), caller_id="caller")
    incident = await house.incident_of(call)
    assert not call.document_errors
    assert incident["title"].startswith("On-call hotline: Call from (sip:")
    assert incident["payload"]["details"]["caller"]["number"] is None


@both_carriers
@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
async def test_a_hostile_name_breaks_neither_xml_nor_api_nor_dashboard(
    house: House, provider: Provider, name: str
) -> None:
    call = await ring(house, provider, CallerScript(number=fresh_number(), name=name))
    log, incident = await house.logged(call), await house.incident_of(call)
    assert not call.document_errors
    assert (log["outcome"], [leg.talk_seconds for leg in call.legs]) == ("answered", [33])
    for text in (log["caller"]["name"] or "", incident["title"]):
        assert text.isprintable()
        assert len(text) <= 200
    for page in (f"/calls/{log['id']}", f"/incidents/{incident['number']}"):
        answer = await see(house, page)
        assert answer.status_code == 200, page
        assert "<script>alert(1)" not in answer.text


@both_carriers
@pytest.mark.parametrize("number", ["<Hangup/>", "javascript:alert(1)", "9" * 10_000])
async def test_a_hostile_number_is_no_number(house: House, provider: Provider, number: str) -> None:
    call = await ring(house, provider, CallerScript(number=number), caller_id="caller")
    log = await house.logged(call)
    assert not call.document_errors
    assert (log["outcome"], log["caller"]["number"]) == ("answered", None)
    assert (await see(house, f"/calls/{log['id']}")).status_code == 200


@both_carriers
async def test_every_document_of_a_hostile_call_is_well_formed(house: House, provider: Provider) -> None:
    call = await ring(house, provider, CallerScript(number=fresh_number(), name=HOSTILE_NAMES["xml"]))
    for request in call.requests:
        if request.body:
            assert ET.fromstring(request.body).tag == "Response"
    assert "+19995550100" not in {leg.number for leg in call.legs}


@both_carriers
async def test_saving_a_contact_names_this_caller_and_later_ones(house: House, provider: Provider) -> None:
    caller = CallerScript(number=fresh_number())
    first = await house.logged(await ring(house, provider, caller))
    saved = await house.ask("PUT", f"/calls/{first['id']}/contact", {"name": "Mitchell Starc"})
    assert (saved.status_code, saved.json()["caller"]["name"]) == (200, "Mitchell Starc")
    incident = await house.incident_of(await ring(house, provider, caller))
    assert incident["title"] == f"On-call hotline: Call from Mitchell Starc ({caller.number}) (33s)"


async def test_a_withheld_caller_cannot_be_saved(house: House) -> None:
    log = await house.logged(await ring(house, Provider.TWILIO, CallerScript(number=None)))
    assert (await house.ask("PUT", f"/calls/{log['id']}/contact", {"name": "Nobody"})).status_code == 409


@both_carriers
async def test_responders_see_the_callers_number_when_the_hotline_says_so(house: House, provider: Provider) -> None:
    number = fresh_number()
    call = await ring(house, provider, CallerScript(number=number), caller_id="caller")
    assert [leg.caller_id for leg in call.legs] == [number]


@both_carriers
async def test_a_withheld_caller_shows_the_hotlines_number(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, caller_id="caller")
    call = await house.ring(line, Script(caller=CallerScript(number=None), responders={line.ana: (TALKS,)}))
    assert [leg.caller_id for leg in call.legs] == [line.number.number]


async def see(house: House, path: str) -> httpx2.Response:
    """A page of the dashboard."""
    async with house.http() as http:
        return await http.get(f"{house.url}{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
