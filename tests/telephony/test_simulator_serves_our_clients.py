"""Dutyline's own REST clients work with the simulated carrier's REST interface."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from domain.delivery import MessageKind, Refused, Unknown
from domain.directory import CarrierAccount, Provider
from telephony.rest import CarrierRest, carrier_rest
from telephony.simulator.media import plivo_recording_id, twilio_recording_sid
from telephony.simulator.rest import SimulatedRest
from telephony.simulator.scripts import Answers, Script
from telephony.simulator.sent import MediaRules, Refusal
from tests.telephony.simulator_server import ANA, BASE, HOTLINE, STARTED_AT, connection, dutyline

ACCOUNTS = {
    Provider.TWILIO: CarrierAccount("twilio", Provider.TWILIO, "AC1", "token", HOTLINE, "http://simulated"),
    Provider.PLIVO: CarrierAccount("plivo", Provider.PLIVO, "MA1", "secret", HOTLINE, "http://simulated"),
}


@pytest.fixture(params=list(Provider))
def account(request: pytest.FixtureRequest) -> CarrierAccount:
    return ACCOUNTS[request.param]


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedRest]:
    server = dutyline(alert="<Hangup/>")
    async with connection(server) as http:
        rest = SimulatedRest(
            http,
            {"AC1": "token", "MA1": "secret"},
            script=Script(otherwise=Answers(presses="4")),
            now=lambda: STARTED_AT,
        )
        yield rest
        await rest.settle()


def client_of(simulated: SimulatedRest, account: CarrierAccount) -> CarrierRest:
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=simulated.app))
    return carrier_rest(account.provider, http)


async def place(client: CarrierRest, account: CarrierAccount) -> str:
    return await client.place_call(account, HOTLINE, ANA, f"{BASE}/alert", f"{BASE}/progress", 30, 120)


async def test_the_account_can_be_checked(simulated: SimulatedRest, account: CarrierAccount) -> None:
    await client_of(simulated, account).ping(account)


async def test_a_message_is_sent(simulated: SimulatedRest, account: CarrierAccount) -> None:
    sent = await client_of(simulated, account).send_sms(account, HOTLINE, ANA, "#7 Down", f"{BASE}/receipt")

    assert [message.message_id for message in simulated.sent_messages] == [sent]


async def test_a_call_is_placed_and_played(simulated: SimulatedRest, account: CarrierAccount) -> None:
    await place(client_of(simulated, account), account)
    await simulated.settle()

    assert [(call.to.lstrip("+"), call.status) for call in simulated.placed_calls] == [(ANA.lstrip("+"), "completed")]


async def test_a_call_whose_answer_was_lost_is_found(simulated: SimulatedRest, account: CarrierAccount) -> None:
    client = client_of(simulated, account)
    simulated.refusals.append(Refusal("call", 503, processed=True))
    with pytest.raises(Unknown):
        await place(client, account)
    await simulated.settle()

    found = await client.find_recent(account, ANA, STARTED_AT - timedelta(minutes=1), MessageKind.CALL)
    assert found == [simulated.placed_calls[0].call_id]


async def test_a_recording_is_fetched_with_credentials_only(simulated: SimulatedRest, account: CarrierAccount) -> None:
    simulated.media = MediaRules(needs_credentials=True)
    path = (
        f"2010-04-01/Accounts/AC1/Recordings/{twilio_recording_sid(2)}"
        if account.provider is Provider.TWILIO
        else f"v1/Account/MA1/Recording/{plivo_recording_id(2)}.mp3"
    )
    client = client_of(simulated, account)
    async with client.fetch_recording(f"http://simulated/{path}", account) as recording:
        assert recording.content_type == "audio/wav"

    wrong = CarrierAccount("wrong", account.provider, account.account_id, "wrong", HOTLINE, "http://simulated")
    with pytest.raises(Refused):
        async with client.fetch_recording(f"http://simulated/{path}", wrong):
            pass
