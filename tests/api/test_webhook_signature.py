"""What proves who sent a webhook, and what does not."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from api.webhook_signature import verified_id
from config.values import signing_key
from tests.support.incident_io import OTHER_SECRET, SECRET, by_svix, signed

NOW = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
BODY = '{"name": "Größe"}'.encode()
KEY = signing_key(SECRET)


def verify(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> str | None:
    return verified_id(KEY, [(name.encode(), value.encode("latin-1")) for name, value in headers.items()], body, now)


def test_what_the_standards_library_signs_is_verified() -> None:
    assert verify(signed(BODY, NOW, webhook_id="msg_7")) == "msg_7"


def test_the_names_of_svix_are_as_good() -> None:
    assert verify(by_svix(signed(BODY, NOW))) == "msg_1"


def test_a_request_may_have_the_headers_by_both_names() -> None:
    headers = signed(BODY, NOW)
    assert verify(headers | by_svix(headers)) == "msg_1"


def test_either_names_suffice_when_the_others_are_no_good() -> None:
    forged, real = signed(BODY, NOW, webhook_id="msg_9", secret=OTHER_SECRET), signed(BODY, NOW)
    assert verify(forged | by_svix(real)) == "msg_1"
    assert verify(real | by_svix(forged)) == "msg_1"


def test_the_names_are_not_mixed() -> None:
    headers = signed(BODY, NOW)
    del headers["webhook-id"]
    assert verify({**headers, "svix-id": "msg_1"}) is None


def test_one_of_several_signatures_is_enough() -> None:
    headers, other = signed(BODY, NOW), signed(BODY, NOW, secret=OTHER_SECRET)
    for first, second in ((headers, other), (other, headers)):
        both = f"{first['webhook-signature']} v1a,bm90IG91cnM= {second['webhook-signature']}"
        assert verify({**headers, "webhook-signature": both}) == "msg_1"


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_allowed(seconds: int) -> None:
    assert verify(signed(BODY, NOW + timedelta(seconds=seconds))) == "msg_1"


@pytest.mark.parametrize("seconds", [-301, -86_400, 301, 86_400])
def test_more_than_five_minutes_are_not(seconds: int) -> None:
    assert verify(signed(BODY, NOW + timedelta(seconds=seconds))) is None


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_without_one_of_the_headers_nothing_is_proved(name: str) -> None:
    headers = signed(BODY, NOW)
    assert verify({**headers, name: ""}) is None
    del headers[name]
    assert verify(headers) is None


def test_another_body_another_id_or_another_time_is_not_what_was_signed() -> None:
    headers = signed(BODY, NOW)
    assert verify(headers, BODY + b" ") is None
    assert verify({**headers, "webhook-id": "msg_2"}) is None
    assert verify({**headers, "webhook-timestamp": str(int(NOW.timestamp()) + 1)}) is None


def test_another_secret_signs_for_nobody() -> None:
    assert verify(signed(BODY, NOW, secret=OTHER_SECRET)) is None


@pytest.mark.parametrize(
    "signature",
    [
        "v1",
        "v1,",
        ",",
        " ",
        "v1,v1,v1",
        "v1 ,",
        "v1,====",
        "v1,not base64",
        "v2,{}",
        "v1a,{}",
        "{}",
        "v1,ÿ",
        "ÿ,{}",
        ",{}",
    ],
)
def test_a_signature_header_of_another_form_proves_nothing(signature: str) -> None:
    headers = signed(BODY, NOW)
    right = headers["webhook-signature"].removeprefix("v1,")
    assert verify({**headers, "webhook-signature": signature.format(right)}) is None


def headers_of(body: bytes, webhook_id: str = "msg_1", timestamp: str = str(int(NOW.timestamp()))) -> dict[str, str]:
    """Signed with our key, for what the library would not sign."""
    content = b".".join((webhook_id.encode(), timestamp.encode("latin-1"), body))
    signature = base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-1", "1767610800.5", " 1767610800", "²", "9" * 5000])
def test_a_time_of_another_form_proves_nothing_however_it_is_signed(timestamp: str) -> None:
    assert verify(headers_of(BODY, timestamp=timestamp)) is None


def test_an_empty_id_is_none_however_it_is_signed() -> None:
    assert verify(headers_of(BODY, webhook_id="")) is None


def test_the_raw_bytes_are_signed_whatever_they_are() -> None:
    body = b"\xff\x00\xfe"
    assert verify(headers_of(body), body) == "msg_1"
    assert verify(headers_of(body), b"\xff\x00\xfd") is None
