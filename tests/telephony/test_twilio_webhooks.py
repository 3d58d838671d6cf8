"""What a Twilio request says, as an event."""

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
    FallbackRequested,
    KeyPressed,
    LegEnded,
    LegPickedUp,
    LegRinging,
    RecordingKind,
    RecordingNotice,
    VoicemailFinished,
)
from domain.instructions import Leg
from telephony.dialect import Webhook
from telephony.twilio import TwilioDialect
from tests.telephony.payloads import PAYLOADS, Payload, payload

AT = datetime(2026, 3, 4, 9, 15, 2, tzinfo=UTC)
TWILIO = TwilioDialect()
RECORDINGS = "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000a11/Recordings"
TALK = "RE000000000000000000000000000000c1"
MESSAGE = "RE000000000000000000000000000000c3"

ANSWERED = AttemptFinished(AT, 1, DialStatus.COMPLETED, bridged=True, caller_present=True, leg_seconds=41)

EXPECTED: dict[str, Event] = {
    "first request": CallStarted(AT),
    "leg rings": LegRinging(AT, 1),
    "whisper is fetched": LegPickedUp(AT, 1, asks=True),
    "responder presses 1": KeyPressed(AT, 1, "1"),
    "leg ends after a talk": LegEnded(AT, 1, DialStatus.COMPLETED, leg_seconds=47),
    "first attempt answered": ANSWERED,
    "call ends after a talk": CallEnded(AT, 63),
    "talk recording ready": RecordingNotice(AT, RecordingKind.TALK, TALK, f"{RECORDINGS}/{TALK}", 40, order=1),
    "first attempt rings out": AttemptFinished(AT, 1, DialStatus.NO_ANSWER, bridged=False, caller_present=True),
    "second attempt answered": AttemptFinished(AT, 2, DialStatus.COMPLETED, True, True, leg_seconds=118),
    "call ends after the second responder": CallEnded(AT, 171),
    "last attempt rings out": AttemptFinished(AT, 3, DialStatus.NO_ANSWER, bridged=False, caller_present=True),
    "voicemail ended by #": VoicemailFinished(AT, 19, True, MESSAGE, f"{RECORDINGS}/{MESSAGE}"),
    "voicemail ended by hanging up": VoicemailFinished(AT, 19, False, MESSAGE, f"{RECORDINGS}/{MESSAGE}"),
    "voicemail recording ready": RecordingNotice(
        AT, RecordingKind.VOICEMAIL, MESSAGE, f"{RECORDINGS}/{MESSAGE}", seconds=18
    ),
    "voicemail recording absent": RecordingNotice(AT, RecordingKind.VOICEMAIL, MESSAGE, None, None, absent=True),
    "caller leaves while it rings": AttemptFinished(AT, 1, DialStatus.CANCELED, bridged=False, caller_present=False),
    "call ends unanswered": CallEnded(AT, 9),
    "leg is busy": LegEnded(AT, 1, DialStatus.BUSY, leg_seconds=0),
    "attempt is busy": AttemptFinished(AT, 1, DialStatus.BUSY, bridged=False, caller_present=True),
    "leg fails": LegEnded(AT, 1, DialStatus.FAILED, leg_seconds=0),
    "attempt fails": AttemptFinished(AT, 1, DialStatus.FAILED, bridged=False, caller_present=True),
    "fallback after a failed answer": FallbackRequested(
        AT, "11200", blames_document=False, failed_url="https://hotline.example.com/hooks/twilio/lcr_7Qm2/dial/1"
    ),
    "repeated attempt result": ANSWERED,
    "first request with a name": CallStarted(AT),
    "tester answers": AttemptFinished(AT, 1, DialStatus.COMPLETED, True, True, leg_seconds=12),
    "first request from a withheld number": CallStarted(AT),
}


def read(leg: Leg, order: int = 0, **fields: str) -> Webhook:
    sid = "ParentCallSid" if leg in {Leg.WHISPER, Leg.KEY, Leg.PROGRESS} else "CallSid"
    webhook = TWILIO.read(leg, order, [(sid, "CA1"), *fields.items()], AT)
    assert webhook is not None
    return webhook


@pytest.mark.parametrize("name", EXPECTED)
def test_a_carriers_request_reads_as_its_event(name: str) -> None:
    one = payload(Provider.TWILIO, name)

    webhook = TWILIO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert webhook.event == EXPECTED[name]


def test_no_sample_request_is_left_unchecked() -> None:
    assert [one.name for one in PAYLOADS if one.provider is Provider.TWILIO] == list(EXPECTED)


@pytest.mark.parametrize(
    "one", [one for one in PAYLOADS if one.provider is Provider.TWILIO], ids=lambda one: one.name.replace(" ", "_")
)
def test_every_request_of_a_call_names_the_callers_leg_and_the_account(one: Payload) -> None:
    webhook = TWILIO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert webhook.call.provider_call_id.startswith("CA000000000000000000000000000000a")
    assert webhook.call.account == "AC00000000000000000000000000000a11"


def test_first_request_tells_caller_hotline_and_verification() -> None:
    one = payload(Provider.TWILIO, "first request with a name")

    webhook = TWILIO.read(one.leg, one.order, one.params, AT)

    assert webhook is not None
    assert webhook.call.dialled == "+12245550123"
    assert webhook.call.caller == Caller(
        number="+14155550177", raw="+14155550177", name="QA COLLEAGUE", verification="TN-Validation-Passed-C"
    )


@pytest.mark.parametrize("raw", ["", "anonymous", "Restricted", "+266696687", "unknown"])
def test_withheld_caller_has_no_number(raw: str) -> None:
    caller = read(Leg.ENTRY, CallStatus="ringing", From=raw).call.caller

    assert (caller.number, caller.withheld) == (None, True)


def test_sip_caller_has_no_number_to_pass_on_as_a_caller_id() -> None:
    caller = read(Leg.ENTRY, From="sip:+14155550116@pbx.example.com").call.caller

    assert (caller.number, caller.withheld, caller.raw) == (None, False, "sip:+14155550116@pbx.example.com")


@pytest.mark.parametrize("name", ["+14155550116", "1 415 555 0116", "Anonymous", "", "\x00 "])
def test_a_number_or_no_word_is_not_a_name(name: str) -> None:
    assert read(Leg.ENTRY, From="+14155550116", CallerName=name).call.caller.name is None


def test_hostile_name_is_one_line_and_bounded() -> None:
    name = read(Leg.ENTRY, From="+14155550116", CallerName="Eve\r\n\x00\u202e" + "x" * 5000).call.caller.name

    assert name is not None
    assert name.startswith("Eve xxx")
    assert len(name) == 80


def test_forwarded_from_and_dialled_are_normalised_for_the_loop_guard() -> None:
    call = read(Leg.ENTRY, To="sip:+12245550123@edge.example.com", ForwardedFrom="12245550199").call

    assert (call.dialled, call.forwarded_from) == ("+12245550123", "+12245550199")


@pytest.mark.parametrize("leg", [Leg.WHISPER, Leg.KEY, Leg.PROGRESS])
def test_on_a_responders_leg_the_responder_is_not_taken_for_the_caller(leg: Leg) -> None:
    call = read(leg, 1, CallSid="CA2", From="+12245550123", To="+12025550111").call

    assert (call.provider_call_id, call.caller, call.dialled) == ("CA1", Caller(number=None), "")


@pytest.mark.parametrize("leg", list(Leg))
def test_a_request_that_names_no_call_is_nothing(leg: Leg) -> None:
    assert TWILIO.read(leg, 1, [("CallStatus", "ringing"), ("CallSid", " "), ("ParentCallSid", "")], AT) is None


def test_a_responders_leg_without_its_caller_is_nothing() -> None:
    assert TWILIO.read(Leg.WHISPER, 1, [("CallSid", "CA2")], AT) is None


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer", "failed", "canceled"])
def test_a_final_status_on_the_pasted_address_ends_the_call(status: str) -> None:
    assert read(Leg.ENTRY, CallStatus=status, CallDuration="33", Duration="1").event == CallEnded(AT, 33)


@pytest.mark.parametrize("status", ["ringing", "in-progress", "queued", "teleporting", ""])
def test_any_other_status_on_the_pasted_address_is_a_call_to_answer(status: str) -> None:
    assert read(Leg.ENTRY, CallStatus=status).event == CallStarted(AT)


@pytest.mark.parametrize(
    ("code", "blames"),
    [("11750", True), ("12100", True), ("12200", True), ("13214", True), ("11200", False), ("11205", False)],
)
def test_fallback_tells_a_bad_document_from_a_server_out_of_reach(code: str, blames: bool) -> None:
    event = read(Leg.ENTRY, CallStatus="in-progress", ErrorCode=code, ErrorUrl="https://a.example/x").event

    assert event == FallbackRequested(AT, code, blames, failed_url="https://a.example/x")


def test_fallback_after_the_caller_left_says_so() -> None:
    event = read(Leg.ENTRY, CallStatus="completed", ErrorCode="11200").event

    assert event == FallbackRequested(AT, "11200", blames_document=False, caller_present=False)


def test_fallback_keeps_a_long_failed_address_whole() -> None:
    url = "https://a.example/voice/" + "x" * 2000

    event = read(Leg.ENTRY, ErrorCode="11200", ErrorUrl=url).event

    assert isinstance(event, FallbackRequested)
    assert event.failed_url == url


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("completed", DialStatus.COMPLETED),
        ("answered", DialStatus.COMPLETED),
        ("busy", DialStatus.BUSY),
        ("no-answer", DialStatus.NO_ANSWER),
        ("failed", DialStatus.FAILED),
        ("canceled", DialStatus.CANCELED),
        ("quantum", DialStatus.UNKNOWN),
        ("", DialStatus.UNKNOWN),
    ],
)
def test_each_dial_status_is_known_or_unknown_never_an_error(word: str, status: DialStatus) -> None:
    event = read(Leg.DIAL, 1, DialCallStatus=word).event

    assert isinstance(event, AttemptFinished)
    assert event.status is status


def test_a_phone_out_of_reach_did_not_answer() -> None:
    dial = read(Leg.DIAL, 1, DialCallStatus="failed", SipResponseCode="480").event
    leg = read(Leg.PROGRESS, 1, CallStatus="failed", SipResponseCode="480").event

    assert isinstance(dial, AttemptFinished)
    assert isinstance(leg, LegEnded)
    assert (dial.status, leg.status) == (DialStatus.NO_ANSWER, DialStatus.NO_ANSWER)


@pytest.mark.parametrize(("said", "bridged"), [("true", True), ("false", False), ("", None), ("maybe", None)])
def test_bridged_is_unknown_unless_said(said: str, bridged: bool | None) -> None:
    event = read(Leg.DIAL, 1, DialCallStatus="completed", DialBridged=said).event

    assert isinstance(event, AttemptFinished)
    assert event.bridged is bridged


def test_an_attempt_without_a_leg_says_so() -> None:
    event = read(Leg.DIAL, 1, DialCallStatus="failed", DialCallSid="").event

    assert isinstance(event, AttemptFinished)
    assert not event.leg_existed


@pytest.mark.parametrize("duration", ["-1", "", "abc", "1e9", "٣", "9" * 5000])
def test_an_odd_message_length_counts_as_nothing(duration: str) -> None:
    event = read(Leg.VOICEMAIL, RecordingDuration=duration).event

    assert isinstance(event, VoicemailFinished)
    assert event.seconds == 0


def test_a_message_ended_by_hanging_up_leaves_nobody_to_thank() -> None:
    event = read(Leg.VOICEMAIL, CallStatus="in-progress", Digits="hangup").event

    assert isinstance(event, VoicemailFinished)
    assert not event.caller_present


def test_a_request_that_does_not_name_the_caller_says_nothing_of_withholding() -> None:
    assert read(Leg.RECORDING, RecordingStatus="completed").call.caller == Caller(number=None, withheld=False)


def test_recording_is_named_by_its_address_when_no_sid_is_sent() -> None:
    event = read(Leg.VOICEMAIL, RecordingUrl=f"{RECORDINGS}/{MESSAGE}.mp3").event

    assert isinstance(event, VoicemailFinished)
    assert event.reference == MESSAGE


def test_a_recording_that_has_only_begun_is_neither_ready_nor_absent() -> None:
    event = read(Leg.RECORDING, 2, RecordingSid=TALK, RecordingUrl="https://x.example", RecordingStatus="in-progress")

    assert event.event == RecordingNotice(AT, RecordingKind.TALK, TALK, None, None, order=2)


@pytest.mark.parametrize("word", ["initiated", "queued", "ringing", "warming-up", ""])
def test_a_leg_that_is_not_picked_up_counts_as_ringing(word: str) -> None:
    assert read(Leg.PROGRESS, 1, CallStatus=word).event == LegRinging(AT, 1)


@pytest.mark.parametrize("word", ["in-progress", "answered"])
def test_a_picked_up_leg_does_not_ask_for_a_document_by_its_callback(word: str) -> None:
    assert read(Leg.PROGRESS, 1, CallStatus=word).event == LegPickedUp(AT, 1, asks=False)


def test_alert_call_is_named_by_its_own_leg() -> None:
    webhook = read(Leg.ALERT_KEY, CallSid="CA1", ParentCallSid="CA9", Digits="4")

    assert (webhook.call.provider_call_id, webhook.event) == ("CA1", KeyPressed(AT, 0, "4"))


def test_of_a_repeated_field_the_first_counts() -> None:
    webhook = TWILIO.read(Leg.ENTRY, 0, [("CallSid", "CA1"), ("CallSid", "CA2")], AT)

    assert webhook is not None
    assert webhook.call.provider_call_id == "CA1"


_NAMES = sorted({name for one in PAYLOADS for name, _ in one.params} | {"ErrorCode", "ErrorUrl", "ForwardedFrom"})
_TEXTS = st.one_of(
    st.text(), st.text(st.characters(codec=None)), st.sampled_from([v for p in PAYLOADS for _, v in p.params])
)


@given(st.sampled_from(Leg), st.integers(), st.lists(st.tuples(st.one_of(st.sampled_from(_NAMES), st.text()), _TEXTS)))
def test_reading_never_raises(leg: Leg, order: int, params: list[tuple[str, str]]) -> None:
    TWILIO.read(leg, order, [*params, ("CallSid", "CA1"), ("ParentCallSid", "CA1")], AT)
