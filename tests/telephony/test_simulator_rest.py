"""The simulated carrier's REST interface: alerts go out, callbacks come back, recordings are served."""

import io
import json
import wave
from typing import Any

import httpx2
import pytest

from telephony.simulator.media import plivo_recording_id, twilio_recording_sid
from telephony.simulator.rest import SimulatedRest
from telephony.simulator.scripts import Answers, Behaviour, Busy, Machine, Script
from telephony.simulator.sent import MediaRules, Refusal
from tests.telephony.simulator_server import ANA, BASE, BEN, HOTLINE, FakeDutyline, connection, dutyline

SID = "AC00000000000000000000000000000a11"
AUTH_ID = "MAEXAMPLE00000000000"
TWILIO = (SID, "token")
PLIVO = (AUTH_ID, "secret")
TWILIO_MENU = '<Gather action="/alert/key" numDigits="1"><Say>Press 4 to acknowledge</Say></Gather><Hangup/>'
PLIVO_MENU = f'<GetDigits action="{BASE}/alert/key" numDigits="1"><Speak>Press 4</Speak></GetDigits><Hangup/>'


class Carrier:
    """The REST interface and a client for it."""

    def __init__(self, server: FakeDutyline, http: httpx2.AsyncClient, **options: Any) -> None:
        self.server = server
        self.rest = SimulatedRest(http, {SID: "token", AUTH_ID: "secret"}, **options)
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.rest.app), base_url="http://rest")

    async def twilio(self, what: str, auth: tuple[str, str] = TWILIO, **form: Any) -> httpx2.Response:
        fields = {"To": ANA, "From": HOTLINE} | form
        return await self.client.post(f"/2010-04-01/Accounts/{SID}/{what}.json", data=fields, auth=auth)

    async def plivo(self, what: str, **body: Any) -> httpx2.Response:
        return await self.client.post(f"/v1/Account/{AUTH_ID}/{what}/", json=body, auth=PLIVO)


async def test_a_twilio_message_is_kept_and_its_delivery_reported() -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http)
        response = await carrier.twilio("Messages", Body="#7 Down", StatusCallback=f"{BASE}/receipt")
        await carrier.rest.settle()

    assert response.status_code == 201
    assert [(sent.to, sent.text) for sent in carrier.rest.sent_messages] == [(ANA, "#7 Down")]
    assert [r.params["MessageStatus"] for r in server.of("/receipt")] == ["sent", "delivered"]
    assert server.of("/receipt")[0].params["MessageSid"] == response.json()["sid"]
    assert "x-twilio-signature" in server.of("/receipt")[0].headers


async def test_an_undeliverable_message_is_reported_with_its_error() -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http, undeliverable={ANA: "30003"})
        await carrier.twilio("Messages", Body="#7 Down", StatusCallback=f"{BASE}/receipt")
        await carrier.rest.settle()

    last = server.of("/receipt")[-1].params
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30003")


async def test_a_plivo_message_is_kept_and_its_delivery_reported() -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http)
        response = await carrier.plivo("Message", src=HOTLINE, dst=ANA, text="#7 Down", url=f"{BASE}/receipt")
        await carrier.rest.settle()

    assert response.status_code == 202
    assert server.of("/receipt")[-1].params["MessageUUID"] == response.json()["message_uuid"][0]
    assert server.of("/receipt")[-1].params["Status"] == "delivered"


async def test_an_alert_call_at_twilio_is_listened_to_and_answered_with_a_key() -> None:
    server = dutyline(alert=TWILIO_MENU, alert_key="<Say>Acknowledged</Say><Hangup/>")
    script = Script(responders={ANA: (Answers(presses="4"),)})
    async with connection(server) as http:
        carrier = Carrier(server, http, script=script)
        events = ["initiated", "ringing", "answered", "completed"]
        response = await carrier.twilio(
            "Calls", Url=f"{BASE}/alert", StatusCallback=f"{BASE}/progress", StatusCallbackEvent=events
        )
        await carrier.rest.settle()

    [call] = carrier.rest.placed_calls
    assert response.json()["sid"] == call.call_id
    assert (call.heard, call.pressed) == (["Press 4 to acknowledge", "Acknowledged"], "4")
    assert server.of("/alert/key")[0].params["Digits"] == "4"
    assert [r.params["CallStatus"] for r in server.of("/progress")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]


async def test_an_alert_call_at_plivo_is_listened_to_and_answered_with_a_key() -> None:
    server = dutyline(alert=PLIVO_MENU, alert_key="<Speak>Acknowledged</Speak>")
    async with connection(server) as http:
        carrier = Carrier(server, http, script=Script(otherwise=Answers(presses="4")))
        order: dict[str, Any] = {
            "from": HOTLINE,
            "to": ANA,
            "answer_url": f"{BASE}/alert",
            "hangup_url": f"{BASE}/over",
        }
        response = await carrier.plivo("Call", **order)
        await carrier.rest.settle()

    assert response.status_code == 201
    assert carrier.rest.placed_calls[0].heard == ["Press 4", "Acknowledged"]
    assert server.of("/over")[0].params["RequestUUID"] == response.json()["request_uuid"]


@pytest.mark.parametrize(("behaviour", "status"), [(None, "no-answer"), (Busy(), "busy"), (Machine(2), "completed")])
async def test_an_alert_call_that_nobody_takes_ends_without_a_key(behaviour: Behaviour | None, status: str) -> None:
    server = dutyline(alert=TWILIO_MENU)
    script = Script(otherwise=behaviour) if behaviour is not None else None
    async with connection(server) as http:
        carrier = Carrier(server, http, script=script)
        await carrier.twilio("Calls", Url=f"{BASE}/alert", StatusCallback=f"{BASE}/progress")
        await carrier.rest.settle()

    assert [r.params["CallStatus"] for r in server.of("/progress")] == [status]
    assert not server.of("/alert/key")


async def test_an_alert_calls_document_must_not_dial() -> None:
    server = dutyline(alert=f"<Dial>{BEN}</Dial>")
    async with connection(server) as http:
        carrier = Carrier(server, http, script=Script(otherwise=Answers()))
        await carrier.twilio("Calls", Url=f"{BASE}/alert")
        await carrier.rest.settle()

    assert carrier.rest.placed_calls[0].document_errors[0].code == "12200"


@pytest.mark.parametrize("auth", [("", ""), (SID, "wrong"), (AUTH_ID, "token")])
async def test_credentials_are_required(auth: tuple[str, str]) -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http)
        response = await carrier.twilio("Messages", auth=auth, Body="x")

    assert (response.status_code, response.json()["code"]) == (401, 20003)
    assert carrier.rest.sent_messages == []


@pytest.mark.parametrize(
    ("form", "code"),
    [({"To": "ana"}, 21211), ({"From": ""}, 21212), ({"Body": ""}, 21602), ({"Body": "x" * 1601}, 21617)],
)
async def test_a_wrong_request_is_refused_with_twilios_code(form: dict[str, Any], code: int) -> None:
    server = dutyline()
    async with connection(server) as http:
        response = await Carrier(server, http).twilio("Messages", **{"Body": "x", **form})

    assert (response.status_code, response.json()["code"]) == (400, code)


async def test_a_scripted_refusal_comes_as_often_as_it_says() -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http, refusals=[Refusal("message", 429, retry_after_seconds=7)])
        first = await carrier.twilio("Messages", Body="x")
        second = await carrier.twilio("Messages", Body="x")
        await carrier.rest.settle()

    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert second.status_code == 201
    assert len(carrier.rest.sent_messages) == 1


async def test_a_scripted_refusal_can_be_for_one_number() -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http, refusals=[Refusal("message", 400, to=BEN, code=21610)])
        other = await carrier.twilio("Messages", Body="x")
        refused = await carrier.twilio("Messages", Body="x", To=BEN)

    assert (other.status_code, refused.status_code, refused.json()["code"]) == (201, 400, 21610)


async def test_a_refusal_can_hide_that_the_call_was_placed_and_the_list_shows_it() -> None:
    server = dutyline(alert=TWILIO_MENU)
    async with connection(server) as http:
        carrier = Carrier(server, http, refusals=[Refusal("call", 503, processed=True)])
        response = await carrier.twilio("Calls", Url=f"{BASE}/alert")
        path = f"/2010-04-01/Accounts/{SID}/Calls.json"
        listed = await carrier.client.get(path, params={"To": ANA, "StartTime>": "2026-01-01"}, auth=TWILIO)
        others = await carrier.client.get(path, params={"To": BEN}, auth=TWILIO)
        await carrier.rest.settle()

    assert response.status_code == 503
    assert [call["to"] for call in listed.json()["calls"]] == [ANA]
    assert others.json()["calls"] == []


async def test_what_was_sent_can_be_read_as_json() -> None:
    server = dutyline()
    async with connection(server) as http:
        carrier = Carrier(server, http)
        await carrier.twilio("Messages", Body="#7 Down")
        sent = json.loads((await carrier.client.get("/_sent")).text)

    assert [message["text"] for message in sent["messages"]] == ["#7 Down"]


@pytest.mark.parametrize(
    "path",
    [
        f"/2010-04-01/Accounts/{SID}/Recordings/{twilio_recording_sid(33)}",
        f"/2010-04-01/Accounts/{SID}/Recordings/{twilio_recording_sid(33)}.wav",
        f"/v1/Account/{AUTH_ID}/Recording/{plivo_recording_id(33)}.mp3",
    ],
    ids=["twilio", "twilio-wav", "plivo-mp3"],
)
async def test_a_recording_is_sound_of_its_length(path: str) -> None:
    server = dutyline()
    async with connection(server) as http:
        response = await Carrier(server, http).client.get(path)

    with wave.open(io.BytesIO(response.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == 33


async def test_a_recording_may_need_credentials() -> None:
    server = dutyline()
    path = f"/2010-04-01/Accounts/{SID}/Recordings/{twilio_recording_sid(3)}"
    async with connection(server) as http:
        client = Carrier(server, http, media=MediaRules(needs_credentials=True)).client
        without, with_them = await client.get(path), await client.get(path, auth=TWILIO)

    assert (without.status_code, with_them.status_code) == (401, 200)


async def test_a_recording_may_not_be_ready_at_first() -> None:
    server = dutyline()
    path = f"/2010-04-01/Accounts/{SID}/Recordings/{twilio_recording_sid(3)}"
    async with connection(server) as http:
        client = Carrier(server, http, media=MediaRules(not_ready_times=2)).client
        statuses = [(await client.get(path)).status_code for _ in range(3)]

    assert statuses == [404, 404, 200]


async def test_a_recording_that_nobody_made_is_not_found() -> None:
    server = dutyline()
    async with connection(server) as http:
        response = await Carrier(server, http).client.get(f"/2010-04-01/Accounts/{SID}/Recordings/RE1")

    assert response.status_code == 404
