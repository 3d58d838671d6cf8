"""What a Plivo request says, as an event."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.directory import Provider
from domain.events import (
    AttemptFinished,
    CallEnded,
    Caller,
    CallStarted,
    DialStatus,
    Event,
    KeyPressed,
    LegConnected,
    LegEnded,
    LegPickedUp,
    LegRinging,
    RecordingKind,
    RecordingNotice,
    VoicemailFinished,
)
from domain.instructions import Leg
from telephony.dialect import Webhook
from telephony.plivo import PlivoDialect
from tests.telephony.payloads import PAYLOADS, Payload, payload

AT = datetime(2026, 3, 4, 9, 15, 2, tzinfo=UTC)
PLIVO = PlivoDialect()
RECORDINGS = "https://media.plivo.com/v1/Account/MAEXAMPLE00000000000/Recording"
TALK = "000000c1-0000-4000-8000-0000000000c1"
MESSAGE = "000000c3-0000-4000-8000-0000000000c3"


def finished(
    order: int, status: DialStatus, *, caller_present: bool = True, leg_existed: bool = False
) -> AttemptFinished:
    return AttemptFinished(AT, order, status, None, caller_present, leg_existed=leg_existed)


MESSAGE_READY = RecordingNotice(AT, RecordingKind.VOICEMAIL, MESSAGE, f"{RECORDINGS}/{MESSAGE}.mp3", seconds=19)

EXPECTED: dict[str, Event] = {
    "first request": CallStarted(AT),
    "confirm sound is fetched": LegPickedUp(AT, 1, asks=True),
    "leg picked up": LegPickedUp(AT, 1),
    "leg connected by key": LegConnected(AT, 1),
    "leg ends after a talk": LegEnded(AT, 1, DialStatus.COMPLETED, leg_seconds=41),
    "first attempt answered": finished(1, DialStatus.COMPLETED, leg_existed=True),
    "call ends after a talk": CallEnded(AT, 67),
    "talk recording ready": RecordingNotice(AT, RecordingKind.TALK, TALK, f"{RECORDINGS}/{TALK}.mp3", 40, order=1),
    "leg rings out": LegEnded(AT, 1, DialStatus.NO_ANSWER, leg_seconds=0),
    "first attempt rings out": finished(1, DialStatus.NO_ANSWER),
    "second attempt answered": finished(2, DialStatus.COMPLETED, leg_existed=True),
    "call ends after the second responder": CallEnded(AT, 171),
    "last attempt rings out": finished(3, DialStatus.NO_ANSWER),
    "voicemail ended by #": VoicemailFinished(AT, 19, True, MESSAGE, f"{RECORDINGS}/{MESSAGE}.mp3"),
    "voicemail recording ready": MESSAGE_READY,
    "call ends after voicemail": CallEnded(AT, 98),
    "leg cancelled by the caller": LegEnded(AT, 1, DialStatus.CANCELED, leg_seconds=0),
    "caller leaves while it rings": finished(1, DialStatus.CANCELED, caller_present=False),
    "call ends unanswered": CallEnded(AT, 9),
    "leg is busy": LegEnded(AT, 1, DialStatus.BUSY, leg_seconds=0),
    "attempt is busy": finished(1, DialStatus.BUSY),
    "leg fails": LegEnded(AT, 1, DialStatus.FAILED, leg_seconds=0),
    "attempt fails": finished(1, DialStatus.FAILED),
    "fallback for the first request": CallStarted(AT),
    "repeated recording notice": MESSAGE_READY,
    "first request with a name": CallStarted(AT),
    "tester answers": finished(1, DialStatus.COMPLETED, leg_existed=True),
    "first request from a withheld number": CallStarted(AT),
}


def read(leg: Leg, order: int = 0, **fields: str) -> Webhook:
    return read_fields(leg, order, fields)


def read_fields(leg: Leg, order: int, fields: dict[str, str]) -> Webhook:
    webhook = PLIVO.read(leg, order, [("CallUUID", "a-leg"), *fields.items()], AT)
    assert webhook is not None
    return webhook


@pytest.mark.parametrize("name", EXPECTED)
def test_a_carriers_request_reads_as_its_event(name: str) -> None:
    one = payload(Provider.PLIVO, name)

    webhook = PLIVO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert webhook.event == EXPECTED[name]


def test_no_sample_request_is_left_unchecked() -> None:
    assert [one.name for one in PAYLOADS if one.provider is Provider.PLIVO] == list(EXPECTED)


@pytest.mark.parametrize(
    "one", [one for one in PAYLOADS if one.provider is Provider.PLIVO], ids=lambda one: one.name.replace(" ", "_")
)
def test_every_request_of_a_call_names_the_callers_leg(one: Payload) -> None:
    webhook = PLIVO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert webhook.call.provider_call_id.startswith("000000a")


def test_first_request_tells_caller_hotline_account_and_verification() -> None:
    one = payload(Provider.PLIVO, "first request with a name")

    webhook = PLIVO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert (webhook.call.dialled, webhook.call.account) == ("+12245550123", "MAEXAMPLE00000000000")
    assert webhook.call.caller == Caller(
        number="+14155550177", raw="14155550177", name="QA Colleague", verification="Not Verified"
    )


def test_caller_name_that_is_just_the_number_is_no_name() -> None:
    one = payload(Provider.PLIVO, "first request")

    webhook = PLIVO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert (webhook.call.caller.number, webhook.call.caller.name) == ("+14155550116", None)


def test_withheld_caller_has_neither_number_nor_name() -> None:
    one = payload(Provider.PLIVO, "first request from a withheld number")

    webhook = PLIVO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    caller = webhook.call.caller
    assert (caller.number, caller.name, caller.withheld) == (None, None, True)


@pytest.mark.parametrize("leg", [Leg.WHISPER, Leg.KEY, Leg.PROGRESS])
def test_on_a_responders_leg_the_call_is_the_callers_leg_and_the_caller_unknown(leg: Leg) -> None:
    call = read(leg, 1, DialALegUUID="the-callers", From="14155550116", To="12245550123").call

    assert (call.provider_call_id, call.caller, call.dialled) == ("the-callers", Caller(number=None), "")


@pytest.mark.parametrize("leg", list(Leg))
def test_a_request_that_names_no_call_is_nothing(leg: Leg) -> None:
    assert PLIVO.read(leg, 1, [("Event", "StartApp"), ("CallUUID", "")], AT) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"Event": "Hangup"},
        {"HangupCause": "NORMAL_CLEARING"},
        {"CallStatus": "completed"},
    ],
)
def test_any_sign_of_the_end_on_the_pasted_address_ends_the_call(fields: dict[str, str]) -> None:
    webhook = read_fields(Leg.ENTRY, 0, {"Duration": "33", "BillDuration": "60", **fields})

    assert webhook.event == CallEnded(AT, 33)


@pytest.mark.parametrize("event", ["StartApp", "Redirect", "", "Rumour"])
def test_any_other_word_on_the_pasted_address_is_a_call_to_answer(event: str) -> None:
    assert read(Leg.ENTRY, CallStatus="ringing", Event=event).event == CallStarted(AT)


@pytest.mark.parametrize(
    ("word", "cause", "status"),
    [
        ("completed", "NORMAL_CLEARING", DialStatus.COMPLETED),
        ("completed", "CALL_REJECTED", DialStatus.COMPLETED),
        ("busy", "USER_BUSY", DialStatus.BUSY),
        ("no-answer", "NO_ANSWER", DialStatus.NO_ANSWER),
        ("no-answer", "CALL_REJECTED", DialStatus.BUSY),
        ("timeout", "ORIGINATOR_CANCEL", DialStatus.NO_ANSWER),
        ("cancel", "ORIGINATOR_CANCEL", DialStatus.CANCELED),
        ("failed", "CALL_REJECTED", DialStatus.BUSY),
        ("failed", "NO_USER_RESPONSE", DialStatus.NO_ANSWER),
        ("failed", "UNALLOCATED_NUMBER", DialStatus.FAILED),
        ("failed", "ORIGINATOR_CANCEL", DialStatus.FAILED),
        ("", "CALL_REJECTED", DialStatus.BUSY),
        ("", "", DialStatus.UNKNOWN),
        ("quantum", "NORMAL_CLEARING", DialStatus.UNKNOWN),
    ],
)
def test_each_dial_status_is_known_or_unknown_never_an_error(word: str, cause: str, status: DialStatus) -> None:
    event = read(Leg.DIAL, 1, DialStatus=word, DialHangupCause=cause).event

    assert isinstance(event, AttemptFinished)
    assert event.status is status


def test_completed_without_a_responders_leg_reached_nobody() -> None:
    event = read(Leg.DIAL, 1, DialStatus="completed", DialBLegUUID="").event

    assert isinstance(event, AttemptFinished)
    assert not event.leg_existed


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"DialBLegHangupCause": "ORIGINATOR_CANCEL", "DialBLegHangupCauseCode": "6010"}, DialStatus.NO_ANSWER),
        ({"DialBLegHangupCause": "ORIGINATOR_CANCEL"}, DialStatus.CANCELED),
        ({"DialBLegHangupCause": "CALL_REJECTED", "DialBLegHangupCauseCode": "3020"}, DialStatus.BUSY),
        ({"DialBLegHangupCause": "SOMETHING_NEW", "DialBLegHangupCauseCode": "9999"}, DialStatus.UNKNOWN),
        ({}, DialStatus.UNKNOWN),
    ],
)
def test_a_legs_end_is_read_from_its_code_then_its_cause(fields: dict[str, str], status: DialStatus) -> None:
    webhook = read_fields(Leg.PROGRESS, 1, {"Event": "DialHangup", **fields})

    assert webhook.event == LegEnded(AT, 1, status)


def test_an_unknown_leg_event_counts_as_ringing() -> None:
    assert read(Leg.PROGRESS, 1, Event="DialDigitsMatch", DialAction="digits").event == LegRinging(AT, 1)


def test_a_leg_event_is_known_by_its_name_when_its_action_is_missing() -> None:
    assert read(Leg.PROGRESS, 1, Event="DialConnected").event == LegConnected(AT, 1)


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"RecordingDuration": "19", "RecordingDurationMs": "19020"}, 19),
        ({"RecordingDuration": "19020", "RecordingDurationMs": "19020"}, 19),
        ({"RecordingDuration": "19020"}, 19),
        ({"RecordingDuration": "19"}, 19),
        ({"RecordingDuration": "19", "RecordingDurationMs": "-1"}, 19),
        ({"RecordingDuration": "-1", "RecordingDurationMs": "-1"}, 0),
        ({"RecordingDuration": ""}, 0),
        ({}, 0),
    ],
)
def test_message_length_is_seconds_whatever_the_unit_sent(fields: dict[str, str], seconds: int) -> None:
    event = read_fields(Leg.VOICEMAIL, 0, fields).event

    assert isinstance(event, VoicemailFinished)
    assert event.seconds == seconds


@pytest.mark.parametrize(
    ("fields", "present"),
    [
        ({"Digits": "#", "CallStatus": "in-progress"}, True),
        ({"Digits": "hangup", "CallStatus": "in-progress"}, False),
        ({"CallStatus": "completed"}, False),
    ],
)
def test_a_message_ended_by_hanging_up_leaves_nobody_to_thank(fields: dict[str, str], present: bool) -> None:
    event = read_fields(Leg.VOICEMAIL, 0, fields).event

    assert isinstance(event, VoicemailFinished)
    assert event.caller_present is present


def test_a_recording_told_at_its_start_is_neither_ready_nor_absent() -> None:
    event = read(
        Leg.RECORDING,
        2,
        RecordingID=TALK,
        RecordUrl="https://media.plivo.com/x.mp3",
        RecordingDuration="-1",
        RecordingDurationMs="-1",
    ).event

    assert event == RecordingNotice(AT, RecordingKind.TALK, TALK, None, None, order=2)


def test_a_recording_of_no_length_is_absent() -> None:
    event = read(Leg.RECORDING, RecordingID=MESSAGE, RecordUrl="https://x.example", RecordingDuration="0").event

    assert event == RecordingNotice(AT, RecordingKind.VOICEMAIL, MESSAGE, None, None, absent=True)


def test_alert_call_reads_ring_key_and_end() -> None:
    assert read(Leg.ALERT_PROGRESS, Event="Ring", CallStatus="ringing").event == LegRinging(AT, 0)
    assert read(Leg.ALERT).event == LegPickedUp(AT, 0, asks=True)
    assert read(Leg.ALERT_KEY, Digits="4").event == KeyPressed(AT, 0, "4")
    ended = read(Leg.ALERT_PROGRESS, Event="Hangup", HangupCauseCode="3010", Duration="7").event
    assert ended == LegEnded(AT, 0, DialStatus.BUSY, leg_seconds=7)


_NAMES = sorted({name for one in PAYLOADS for name, _ in one.params} | {"ALegUUID", "ForwardedFrom"})
_TEXTS = st.one_of(
    st.text(), st.text(st.characters(codec=None)), st.sampled_from([v for p in PAYLOADS for _, v in p.params])
)


@given(st.sampled_from(Leg), st.integers(), st.lists(st.tuples(st.one_of(st.sampled_from(_NAMES), st.text()), _TEXTS)))
def test_reading_never_raises(leg: Leg, order: int, params: list[tuple[str, str]]) -> None:
    PLIVO.read(leg, order, [*params, ("CallUUID", "a-leg")], AT)
