"""Receipts are read from whatever a carrier sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import Receipt
from domain.directory import Provider
from telephony.receipts import read_call_receipt, read_sms_receipt

T, P = Provider.TWILIO, Provider.PLIVO


@pytest.mark.parametrize(
    ("provider", "params", "receipt"),
    [
        (T, {"MessageSid": "SM1", "MessageStatus": "sent"}, Receipt("SM1", "sent", False, None)),
        (T, {"MessageSid": "SM1", "MessageStatus": "delivered"}, Receipt("SM1", "delivered", True, True)),
        (P, {"MessageUUID": "m1", "Status": "delivered", "ErrorCode": "000"}, Receipt("m1", "delivered", True, True)),
        (P, {"ParentMessageUUID": "m1", "MessageUUID": "m2", "Status": "sent"}, Receipt("m1", "sent", False, None)),
        (P, {"MessageUUID": "m1", "Status": "queued"}, Receipt("m1", "queued", False, None)),
        (T, {"MessageSid": "SM1", "MessageStatus": "teleported"}, Receipt("SM1", "teleported", False, None)),
        (T, {}, Receipt("", "unknown", False, None)),
    ],
)
def test_text_message_receipts(provider: Provider, params: dict[str, str], receipt: Receipt) -> None:
    assert read_sms_receipt(provider, list(params.items())) == receipt


@pytest.mark.parametrize(
    ("provider", "params", "receipt"),
    [
        (T, {"CallSid": "CA1", "CallStatus": "ringing"}, Receipt("CA1", "ringing", False, None)),
        (T, {"CallSid": "CA1", "CallStatus": "in-progress"}, Receipt("CA1", "in-progress", False, True)),
        (T, {"CallSid": "CA1", "CallStatus": "completed"}, Receipt("CA1", "completed", True, True)),
        (T, {"CallSid": "CA1", "CallStatus": "no-answer"}, Receipt("CA1", "no-answer", True, False)),
        (P, {"RequestUUID": "r1", "CallUUID": "c1", "CallStatus": "ringing"}, Receipt("r1", "ringing", False, None)),
        (
            P,
            {"CallUUID": "c1", "CallStatus": "busy", "HangupCauseName": "Busy Line"},
            Receipt("c1", "busy", True, False, "Busy Line"),
        ),
    ],
)
def test_call_receipts(provider: Provider, params: dict[str, str], receipt: Receipt) -> None:
    assert read_call_receipt(provider, list(params.items())) == receipt


def test_a_failed_text_message_says_why() -> None:
    params = [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30005")]
    assert read_sms_receipt(T, params).error == "30005: the number does not exist."


def test_an_unknown_error_code_is_kept() -> None:
    params = [("MessageUUID", "m1"), ("Status", "failed"), ("ErrorCode", "777")]
    assert read_sms_receipt(P, params).error == "777"


_names = st.sampled_from(
    ["MessageSid", "MessageStatus", "ErrorCode", "CallSid", "CallStatus", "Status", "MessageUUID", "HangupCauseName"]
)


@given(st.sampled_from(Provider), st.lists(st.tuples(_names, st.text(max_size=20))))
def test_no_callback_makes_reading_fail(provider: Provider, params: list[tuple[str, str]]) -> None:
    for receipt in (read_sms_receipt(provider, params), read_call_receipt(provider, params)):
        assert receipt.status
        assert receipt.delivered is not None or not receipt.final
