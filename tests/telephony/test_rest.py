"""What both carriers' REST calls guarantee: parameters, and above all which failures may be retried."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import DeliveryError, MessageKind, Refused, TryLater, Unknown
from domain.directory import CarrierAccount, Provider
from telephony.rest import CarrierRest, carrier_rest
from telephony.rest_exchange import make_client, parse_mail_date, retry_after
from tests.support.fake_carrier import Answer, FakeCarrier

TWILIO = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret", from_number="+12245550123")
PLIVO = CarrierAccount("plivo", Provider.PLIVO, "MA1", "secret", from_number="+12245550124")
BOTH = pytest.mark.parametrize("account", [TWILIO, PLIVO], ids=["twilio", "plivo"])
ANA = "+15550100001"
SINCE = datetime(2026, 3, 4, 9, 15, 0, tzinfo=UTC)

_ODD_BODIES = [b"{}", b'{"code":[1]}', b'{"error":{}}', b'{"code":{"a":1},"message":[]}']


def rest(account: CarrierAccount, *answers: Answer) -> tuple[CarrierRest, FakeCarrier]:
    carrier = FakeCarrier(list(answers))
    return carrier_rest(account.provider, carrier.client()), carrier


async def text(carrier: CarrierRest, account: CarrierAccount, to: str = ANA) -> str:
    return await carrier.send_sms(account, account.from_number or "", to, "#42 down", "https://d.example/s")


async def ring(carrier: CarrierRest, account: CarrierAccount) -> str:
    sender = account.from_number or ""
    return await carrier.place_call(account, sender, ANA, "https://d.example/a", "https://d.example/s", 25, 120)


async def test_twilio_text_message_is_sent_as_documented() -> None:
    carrier, fake = rest(TWILIO, httpx2.Response(201, json={"sid": "SM1"}))
    assert await text(carrier, TWILIO) == "SM1"
    assert str(fake.request.url) == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert fake.request.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:secret").decode()
    assert fake.form() == {
        "To": [ANA],
        "From": ["+12245550123"],
        "Body": ["#42 down"],
        "StatusCallback": ["https://d.example/s"],
        "ValidityPeriod": ["3600"],
    }


async def test_twilio_call_is_placed_as_documented() -> None:
    carrier, fake = rest(TWILIO, httpx2.Response(201, json={"sid": "CA1"}))
    assert await ring(carrier, TWILIO) == "CA1"
    assert str(fake.request.url) == "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls.json"
    assert fake.form() == {
        "To": [ANA],
        "From": ["+12245550123"],
        "Url": ["https://d.example/a"],
        "Method": ["POST"],
        "StatusCallback": ["https://d.example/s"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["25"],
        "TimeLimit": ["120"],
    }


async def test_plivo_text_message_is_sent_as_documented() -> None:
    carrier, fake = rest(PLIVO, httpx2.Response(202, json={"message": "queued", "message_uuid": ["m1"]}))
    assert await text(carrier, PLIVO) == "m1"
    assert str(fake.request.url) == "https://api.plivo.com/v1/Account/MA1/Message/"
    assert fake.json() == {
        "src": "+12245550124",
        "dst": ANA,
        "text": "#42 down",
        "url": "https://d.example/s",
        "method": "POST",
        "message_expiry": 3600,
    }


async def test_plivo_call_is_placed_as_documented() -> None:
    carrier, fake = rest(PLIVO, httpx2.Response(201, json={"message": "call fired", "request_uuid": "r1"}))
    assert await ring(carrier, PLIVO) == "r1"
    assert str(fake.request.url) == "https://api.plivo.com/v1/Account/MA1/Call/"
    assert fake.json() == {
        "from": "+12245550124",
        "to": ANA,
        "answer_url": "https://d.example/a",
        "answer_method": "POST",
        "ring_url": "https://d.example/s",
        "ring_method": "POST",
        "hangup_url": "https://d.example/s",
        "hangup_method": "POST",
        "ring_timeout": 25,
        "time_limit": 120,
    }


@pytest.mark.parametrize(
    ("account", "path"),
    [(TWILIO, "/2010-04-01/Accounts/AC1/Messages.json"), (PLIVO, "/v1/Account/MA1/Message/")],
    ids=["twilio", "plivo"],
)
async def test_a_base_url_replaces_the_carriers_own_address(account: CarrierAccount, path: str) -> None:
    elsewhere = replace(account, base_url="http://127.0.0.1:9/sim/")
    carrier, fake = rest(elsewhere, httpx2.Response(201, json={"sid": "SM1", "message_uuid": "SM1"}))
    await text(carrier, elsewhere)
    assert str(fake.request.url) == f"http://127.0.0.1:9/sim{path}"


@BOTH
@pytest.mark.parametrize("to", ["", "+1555<+1666", "15550100001", "+15550100001<+15550100002", "sip:a@b", "+0123456"])
async def test_nothing_but_one_international_number_is_dialled(account: CarrierAccount, to: str) -> None:
    carrier, fake = rest(account, httpx2.Response(201, json={}))
    with pytest.raises(Refused) as refusal:
        await text(carrier, account, to)
    assert refusal.value.code == "invalid_number"
    assert fake.requests == []


@BOTH
@pytest.mark.parametrize("failure", [httpx2.ConnectError("x"), httpx2.ConnectTimeout("x"), httpx2.PoolTimeout("x")])
async def test_a_request_that_never_left_may_be_retried(account: CarrierAccount, failure: Exception) -> None:
    carrier, fake = rest(account, failure)
    with pytest.raises(TryLater):
        await ring(carrier, account)
    assert len(fake.requests) == 1


@BOTH
@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ReadTimeout("x"),
        httpx2.WriteTimeout("x"),
        httpx2.ReadError("x"),
        httpx2.WriteError("x"),
        httpx2.RemoteProtocolError("x"),
        httpx2.DecodingError("x"),
    ],
)
async def test_a_connection_that_breaks_after_sending_leaves_the_outcome_unknown(
    account: CarrierAccount, failure: Exception
) -> None:
    carrier, fake = rest(account, failure)
    with pytest.raises(Unknown):
        await ring(carrier, account)
    assert len(fake.requests) == 1


@asynccontextmanager
async def server_that_hangs_up() -> AsyncIterator[int]:
    """Reads what comes and closes without an answer."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@BOTH
@pytest.mark.parametrize(("scheme", "error"), [("http", Unknown), ("https", TryLater)])
async def test_real_connections_tell_a_lost_request_from_one_that_was_never_sent(
    account: CarrierAccount, scheme: str, error: type[DeliveryError]
) -> None:
    async with server_that_hangs_up() as port, make_client() as client:
        there = replace(account, base_url=f"{scheme}://127.0.0.1:{port}")
        with pytest.raises(error):
            await text(carrier_rest(account.provider, client), there)
    async with make_client() as client:
        with pytest.raises(TryLater):
            await text(carrier_rest(account.provider, client), there)


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500),
        httpx2.Response(503, headers={"Retry-After": "1"}),
        httpx2.Response(201, text="<html>"),
        httpx2.Response(201, json=["sid"]),
        httpx2.Response(201, json={}),
        httpx2.Response(201, json={"sid": 7, "request_uuid": []}),
        httpx2.Response(201, text="[" * 100_000),
    ],
)
async def test_server_errors_and_unreadable_successes_are_unknown_and_not_repeated(
    account: CarrierAccount, answer: httpx2.Response
) -> None:
    carrier, fake = rest(account, answer)
    with pytest.raises(Unknown):
        await ring(carrier, account)
    assert len(fake.requests) == 1


@BOTH
async def test_too_many_requests_may_be_retried_when_the_carrier_says(account: CarrierAccount) -> None:
    carrier, _ = rest(account, httpx2.Response(429, headers={"Retry-After": "7"}))
    with pytest.raises(TryLater) as error:
        await text(carrier, account)
    assert error.value.retry_after_seconds == 7.0


@BOTH
@pytest.mark.parametrize("status", [301, 307, 400, 402, 403, 404, 405, 422])
async def test_every_other_refusal_is_permanent(account: CarrierAccount, status: int) -> None:
    carrier, fake = rest(account, httpx2.Response(status, headers={"Location": "https://evil.example/"}))
    with pytest.raises(Refused) as refusal:
        await text(carrier, account)
    assert refusal.value.code == str(status)
    assert len(fake.requests) == 1


@BOTH
async def test_wrong_credentials_are_named(account: CarrierAccount) -> None:
    carrier, _ = rest(account, httpx2.Response(401, text="Could not verify your access level"))
    with pytest.raises(Refused) as refusal:
        await text(carrier, account)
    assert refusal.value.code == "401"
    assert "auth token" in refusal.value.sentence


async def test_a_known_code_becomes_a_sentence_that_helps() -> None:
    carrier, _ = rest(TWILIO, httpx2.Response(400, json={"code": 21610, "message": "x", "status": 400}))
    with pytest.raises(Refused) as refusal:
        await text(carrier, TWILIO)
    assert refusal.value.code == "21610"
    assert "STOP" in refusal.value.sentence


async def test_an_unknown_code_keeps_the_carriers_words_without_the_number() -> None:
    body = {"code": 99999, "message": f"The 'To' number {ANA} is odd\r\nreally"}
    carrier, _ = rest(TWILIO, httpx2.Response(400, json=body))
    with pytest.raises(Refused) as refusal:
        await text(carrier, TWILIO)
    assert refusal.value.code == "99999"
    assert refusal.value.sentence == "Twilio refused the request (HTTP 400, 99999). The 'To' number … is odd really"


async def test_plivo_errors_are_read() -> None:
    carrier, _ = rest(PLIVO, httpx2.Response(400, json={"api_id": "1", "error": "src is invalid"}))
    with pytest.raises(Refused) as refusal:
        await text(carrier, PLIVO)
    assert refusal.value.sentence == "Plivo refused the request (HTTP 400). src is invalid"


@BOTH
@pytest.mark.parametrize("base_url", ["nonsense", "ftp://x", "http://[::1", "http://x:port"])
async def test_an_unusable_base_url_is_a_refusal(account: CarrierAccount, base_url: str) -> None:
    broken = replace(account, base_url=base_url)
    async with make_client() as client:
        with pytest.raises(Refused) as refusal:
            await text(carrier_rest(account.provider, client), broken)
    assert refusal.value.code == "bad_base_url"


@BOTH
@given(
    status=st.integers(200, 599),
    body=st.binary(max_size=60) | st.sampled_from([b"{}", b'{"code":[1]}', b'{"error":{}}']),
)
async def test_no_answer_escapes_the_closed_set_of_errors(account: CarrierAccount, status: int, body: bytes) -> None:
    carrier, _ = rest(account, httpx2.Response(status, content=body))
    with pytest.raises(DeliveryError):
        await text(carrier, account)


async def test_twilio_finds_what_was_queued_but_neither_older_nor_hotline_legs() -> None:
    def item(sid: str, created: datetime | None, direction: str = "outbound-api", to: str = ANA) -> dict[str, object]:
        stamp = format_datetime(created) if created else None
        return {"sid": sid, "to": to, "direction": direction, "date_created": stamp, "start_time": None}

    calls = [
        item("CA5", SINCE + timedelta(seconds=1), "outbound-dial"),
        item("CA4", SINCE + timedelta(seconds=1), to="+15550100002"),
        item("CA3", None),
        item("CA2", SINCE),
        item("CA1", SINCE - timedelta(minutes=1)),
    ]
    carrier, fake = rest(TWILIO, httpx2.Response(200, json={"calls": calls}))
    assert await carrier.find_recent(TWILIO, ANA, SINCE, MessageKind.CALL) == ["CA3", "CA2"]
    assert fake.request.url.path == "/2010-04-01/Accounts/AC1/Calls.json"
    assert dict(fake.request.url.params) == {"To": ANA, "PageSize": "50"}


async def test_twilio_finds_messages() -> None:
    message = {"sid": "SM1", "to": ANA, "direction": "outbound-api", "date_created": format_datetime(SINCE)}
    carrier, fake = rest(TWILIO, httpx2.Response(200, json={"messages": [message]}))
    assert await carrier.find_recent(TWILIO, ANA, SINCE, MessageKind.SMS) == ["SM1"]
    assert fake.request.url.path == "/2010-04-01/Accounts/AC1/Messages.json"


async def test_plivo_finds_calls_that_are_queued_running_and_over() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        match request.url.path, request.url.params.get("status"):
            case "/v1/Account/MA1/Call/", "queued":
                return httpx2.Response(200, json={"calls": ["q1", "vanished"]})
            case "/v1/Account/MA1/Call/", "live":
                return httpx2.Response(200, json={"calls": ["l1", "l2", "l3"]})
            case "/v1/Account/MA1/Call/q1/", "queued":
                return httpx2.Response(200, json={"to": ANA, "direction": "outbound"})
            case "/v1/Account/MA1/Call/l1/", "live":
                return httpx2.Response(
                    200, json={"to": "15550100001", "direction": "outbound", "session_start": "2026-03-04 09:15:01+00"}
                )
            case "/v1/Account/MA1/Call/l2/", "live":
                return httpx2.Response(200, json={"to": ANA, "direction": "inbound"})
            case "/v1/Account/MA1/Call/l3/", "live":
                return httpx2.Response(200, json={"to": ANA, "session_start": "2026-03-04 09:00:00+00:00"})
            case "/v1/Account/MA1/Call/", None:
                started = "2026-03-04 09:15:02+00:00"
                over = {"call_uuid": "o1", "to_number": "15550100001", "initiation_time": started}
                leg = {"call_uuid": "o2", "to_number": ANA, "initiation_time": started, "parent_call_uuid": "p"}
                return httpx2.Response(200, json={"objects": [over, leg]})
            case _:
                return httpx2.Response(404, json={"error": "not found"})

    carrier, _ = rest(PLIVO, answer)
    assert await carrier.find_recent(PLIVO, ANA, SINCE, MessageKind.CALL) == ["q1", "l1", "o1"]


async def test_plivo_with_more_running_calls_than_can_be_looked_at_stays_unknown() -> None:
    carrier, _ = rest(PLIVO, httpx2.Response(200, json={"calls": [f"c{n}" for n in range(51)]}))
    with pytest.raises(Unknown):
        await carrier.find_recent(PLIVO, ANA, SINCE, MessageKind.CALL)


async def test_plivo_finds_messages() -> None:
    body = {"objects": [{"message_uuid": "m1", "to_number": "15550100001"}]}
    carrier, fake = rest(PLIVO, httpx2.Response(200, json=body))
    assert await carrier.find_recent(PLIVO, ANA, SINCE, MessageKind.SMS) == ["m1"]
    assert fake.request.url.params["message_time__gte"] == "2026-03-04 09:14:55"


@BOTH
async def test_a_list_that_cannot_be_read_never_looks_like_nothing_was_sent(account: CarrierAccount) -> None:
    carrier, _ = rest(account, httpx2.Response(200, json={"page": 0}))
    for kind in MessageKind:
        with pytest.raises(Refused):
            await carrier.find_recent(account, ANA, SINCE, kind)


async def test_ping_accepts_working_credentials_and_asks_nothing_else() -> None:
    twilio, twilio_fake = rest(TWILIO, httpx2.Response(200, json={"sid": "AC1", "status": "active"}))
    plivo, plivo_fake = rest(PLIVO, httpx2.Response(200, json={"auth_id": "MA1"}))
    await twilio.ping(TWILIO)
    await plivo.ping(PLIVO)
    assert twilio_fake.request.url.path == "/2010-04-01/Accounts/AC1.json"
    assert plivo_fake.request.url.path == "/v1/Account/MA1/"


async def test_ping_names_a_suspended_account() -> None:
    carrier, _ = rest(TWILIO, httpx2.Response(200, json={"status": "suspended"}))
    with pytest.raises(Refused) as refusal:
        await carrier.ping(TWILIO)
    assert refusal.value.code == "account_inactive"


@given(st.text(max_size=40))
def test_any_retry_after_is_a_bounded_time_or_none(value: str) -> None:
    response = httpx2.Response(429, headers=[(b"retry-after", value.encode("utf-8", "replace"))])
    seconds = retry_after(response)
    assert seconds is None or 0 <= seconds <= 3600


def test_retry_after_is_read_as_a_date_too() -> None:
    in_a_day = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    assert retry_after(httpx2.Response(429, headers={"Retry-After": in_a_day})) == 3600.0


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(value: str) -> None:
    assert parse_mail_date(value) is None or parse_mail_date(value)
