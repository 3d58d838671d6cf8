"""Text messages and phone calls, through the carrier's REST interface."""

from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx2
import pytest

from channels.registry import make_registry
from domain import alerts
from domain.delivery import Refused, Sent
from domain.directory import CarrierAccount, Provider
from tests.channels.builders import PLIVO, TWILIO, alert, message
from tests.support.fake_carrier import FakeCarrier

SINCE = datetime(2026, 3, 4, 9, 15, tzinfo=UTC)


async def test_a_text_message_goes_out_with_its_text_and_receipt_address() -> None:
    fake = FakeCarrier([httpx2.Response(201, json={"sid": "SM1"})])
    sent = await make_registry(fake.client(), {"twilio": TWILIO}, None, "").get("sms").send(message())
    form = parse_qs(fake.request.content.decode())
    assert sent == Sent("twilio", "SM1")
    assert form["Body"] == [alerts.sms_text(alert())]
    assert form["StatusCallback"] == [alert().status_url]


async def test_a_phone_call_fetches_the_alerts_document_and_reports_back() -> None:
    fake = FakeCarrier([httpx2.Response(201, json={"request_uuid": "r1"})])
    sent = await make_registry(fake.client(), {"plivo": PLIVO}, None, "").get("phone").send(message())
    call = fake.json()
    assert sent == Sent("plivo", "r1")
    assert (call["answer_url"], call["hangup_url"]) == (alert().answer_url, alert().status_url)


async def test_an_unknown_outcome_is_settled_by_the_call_that_no_other_alert_claims() -> None:
    stamp = format_datetime(SINCE)
    calls = [
        {"sid": sid, "to": alert().to, "direction": "outbound-api", "date_created": stamp} for sid in ("CA2", "CA1")
    ]
    phone = make_registry(
        FakeCarrier([httpx2.Response(200, json={"calls": calls})]).client(), {"twilio": TWILIO}, None, ""
    ).get("phone")
    assert await phone.find_sent(message(), SINCE, frozenset({"CA2"})) == Sent("twilio", "CA1")
    assert await phone.find_sent(message(), SINCE, frozenset({"CA1", "CA2"})) is None


async def test_a_channel_that_does_not_exist_is_named_with_those_that_do() -> None:
    registry = make_registry(FakeCarrier([]).client(), {}, None, "")
    with pytest.raises(Refused) as refusal:
        registry.get("pigeon")
    assert refusal.value.code == "unknown_channel"
    assert refusal.value.sentence == (
        "There is no channel called 'pigeon'; the channels are email, phone, slack, sms, teams."
    )


@pytest.mark.parametrize("name", ["email", "phone", "sms", "slack", "teams"])
async def test_a_channel_without_its_settings_says_what_to_set(name: str) -> None:
    without_number = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret")
    registry = make_registry(FakeCarrier([]).client(), {"twilio": without_number}, None, "")
    with pytest.raises(Refused) as refusal:
        registry.get(name)
    assert refusal.value.code == "not_set_up"


async def test_alerts_use_the_first_account_that_has_a_number() -> None:
    fake = FakeCarrier([httpx2.Response(202, json={"message_uuid": ["m1"]})])
    without_number = CarrierAccount("emea", Provider.TWILIO, "AC1", "secret")
    registry = make_registry(fake.client(), {"emea": without_number, "plivo": PLIVO, "twilio": TWILIO}, None, "")
    assert await registry.get("sms").send(message()) == Sent("plivo", "m1")


async def test_email_is_there_once_a_mail_server_is_set() -> None:
    registry = make_registry(FakeCarrier([]).client(), {}, "smtp://127.0.0.1:25", "alerts@duty.example")
    assert registry.get("email")
