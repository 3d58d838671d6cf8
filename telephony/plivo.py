"""Plivo: webhooks into events, documents into Plivo XML, ``X-Plivo-Signature-V3``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from domain.directory import Provider
from domain.events import (
    AttemptFinished,
    CallEnded,
    Caller,
    CallIdentity,
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
from domain.instructions import Document, Leg
from telephony.dialect import Addresses, Params, SignedRequest, Webhook
from telephony.forms import Form, dialled_number, read_caller
from telephony.plivo_xml import render
from telephony.signatures import verify_plivo

#: legs on which From and To do not say reliably who calls whom
_OTHER_LEGS = frozenset({Leg.WHISPER, Leg.KEY, Leg.PROGRESS, Leg.ALERT, Leg.ALERT_KEY, Leg.ALERT_PROGRESS})

_FINAL: Mapping[str, DialStatus] = {
    "completed": DialStatus.COMPLETED,
    "busy": DialStatus.BUSY,
    "no-answer": DialStatus.NO_ANSWER,
    "timeout": DialStatus.NO_ANSWER,
    "failed": DialStatus.FAILED,
    "cancel": DialStatus.CANCELED,
}
#: a leg's hang-up code, finer than its cause: a ring time-out too may be written ORIGINATOR_CANCEL
_BY_CODE: Mapping[str, DialStatus] = {
    "1000": DialStatus.CANCELED,
    "2000": DialStatus.FAILED,
    "2010": DialStatus.FAILED,
    "2020": DialStatus.FAILED,
    "2030": DialStatus.FAILED,
    "3000": DialStatus.NO_ANSWER,
    "3010": DialStatus.BUSY,
    "3020": DialStatus.BUSY,
    "4000": DialStatus.COMPLETED,
    "6010": DialStatus.NO_ANSWER,
}
#: what a cause says about an attempt that reached nobody
_UNREACHED_BY_CAUSE: Mapping[str, DialStatus] = {
    "user_busy": DialStatus.BUSY,
    "call_rejected": DialStatus.BUSY,
    "no_answer": DialStatus.NO_ANSWER,
    "no_user_response": DialStatus.NO_ANSWER,
}
_BY_CAUSE: Mapping[str, DialStatus] = {
    **_UNREACHED_BY_CAUSE,
    "normal_clearing": DialStatus.COMPLETED,
    "originator_cancel": DialStatus.CANCELED,
    "unallocated_number": DialStatus.FAILED,
    "network_out_of_order": DialStatus.FAILED,
}

#: A recording cannot be longer than this; a larger number is milliseconds, which some accounts are sent.
_LONGEST_VOICEMAIL_SECONDS = 3_600
_LONGEST_TALK_SECONDS = 14_400


class PlivoDialect:
    """See :class:`telephony.dialect.Dialect`."""

    provider = Provider.PLIVO
    notification_status = 200
    whisper_may_hang_up = False

    def read(self, leg: Leg, order: int, params: Params, at: datetime) -> Webhook | None:
        form = Form.of(params)
        call = _identity(leg, form)
        return Webhook(call, _event(leg, order, form, at)) if call else None

    def render(self, document: Document, addresses: Addresses) -> str:
        return render(document, addresses)

    def verify(self, request: SignedRequest, secrets: Sequence[str]) -> bool:
        return verify_plivo(request, secrets)


def _identity(leg: Leg, form: Form) -> CallIdentity | None:
    call_uuid = form.text("DialALegUUID", "ALegUUID", "CallUUID")
    if not call_uuid:
        return None
    account = form.text("ParentAuthID") or None
    if leg in _OTHER_LEGS:
        return CallIdentity(Provider.PLIVO, call_uuid, account, Caller(number=None), dialled="")
    return CallIdentity(
        Provider.PLIVO,
        call_uuid,
        account,
        read_caller(form, verification="STIRVerification"),
        dialled_number(form.text("To")),
        forwarded_from=dialled_number(form.text("ForwardedFrom")) or None,
    )


def _event(leg: Leg, order: int, form: Form, at: datetime) -> Event:
    match leg:
        case Leg.ENTRY:
            return _entry(form, at)
        case Leg.DIAL:
            return AttemptFinished(
                at,
                order,
                status=_dial_status(form),
                # Plivo does not say; acceptance is the DialConnected event.
                bridged=None,
                caller_present=_caller_present(form),
                leg_seconds=form.count("DialBLegDuration"),
                leg_existed=form.text("DialBLegUUID") != "",
            )
        case Leg.VOICEMAIL:
            return VoicemailFinished(
                at,
                seconds=_recorded_seconds(form, _LONGEST_VOICEMAIL_SECONDS) or 0,
                caller_present=_caller_present(form) and form.word("Digits") != "hangup",
                reference=form.text("RecordingID") or None,
                url=form.url("RecordUrl", "RecordFile"),
            )
        case Leg.WHISPER | Leg.ALERT:
            return LegPickedUp(at, order, asks=True)
        case Leg.KEY | Leg.ALERT_KEY:
            return KeyPressed(at, order, digits=form.text("Digits"))
        case Leg.PROGRESS | Leg.ALERT_PROGRESS:
            return _progress(order, form, at)
        case Leg.RECORDING:
            return _recording(order, form, at)
        case _:
            assert_never(leg)


def _entry(form: Form, at: datetime) -> Event:
    """The pasted address serves answer, fallback and hang-up. Fallback cannot be told from a first request."""
    if form.word("Event") == "hangup" or form.text("HangupCause") or not _caller_present(form):
        return CallEnded(at, seconds=form.count("Duration"))
    return CallStarted(at)


def _dial_status(form: Form) -> DialStatus:
    """The status, made finer by the cause where it names none.

    A cause ORIGINATOR_CANCEL is not believed here: it is also written for a ring that timed out, and taking a caller
    who still waits for one who left would be worse than ringing the next responder for nobody.
    """
    status = _FINAL.get(form.word("DialStatus"), DialStatus.UNKNOWN)
    cause = form.word("DialHangupCause")
    if status is DialStatus.NO_ANSWER and cause == "call_rejected":
        return DialStatus.BUSY
    if status in {DialStatus.FAILED, DialStatus.UNKNOWN}:
        return _UNREACHED_BY_CAUSE.get(cause, status)
    return status


def _progress(order: int, form: Form, at: datetime) -> Event:
    """``callbackUrl`` of a dialled leg, or ring and hang-up address of an alert call.

    An unknown word counts as ringing: the carrier is at work on a leg, and nothing is decided on it.
    """
    # An answered alert call is told on its own address, so a bare "Answer" needs no case.
    match form.word("DialAction") or form.word("Event").removeprefix("dial"):
        case "answer":
            return LegPickedUp(at, order)
        case "connected":
            return LegConnected(at, order)
        case "hangup":
            seconds = form.count("DialBLegDuration", "Duration")
            return LegEnded(at, order, status=_leg_status(form), leg_seconds=seconds)
        case _:
            return LegRinging(at, order)


def _leg_status(form: Form) -> DialStatus:
    code = form.text("DialBLegHangupCauseCode", "HangupCauseCode")
    cause = form.word("DialBLegHangupCause", "HangupCause")
    return _BY_CODE.get(code) or _BY_CAUSE.get(cause, DialStatus.UNKNOWN)


def _recording(order: int, form: Form, at: datetime) -> RecordingNotice:
    """Neither ``url`` nor ``absent`` when the recording has only begun; its length is -1 then."""
    begun = "-1" in {form.text("RecordingDuration"), form.text("RecordingDurationMs")}
    absent = not begun and form.count("RecordingDurationMs", "RecordingDuration") == 0
    ready = not begun and not absent
    return RecordingNotice(
        at,
        RecordingKind.TALK if order else RecordingKind.VOICEMAIL,
        reference=form.text("RecordingID"),
        url=form.url("RecordUrl", "RecordFile") if ready else None,
        seconds=_recorded_seconds(form, _LONGEST_TALK_SECONDS if order else _LONGEST_VOICEMAIL_SECONDS)
        if ready
        else None,
        order=order or None,
        absent=absent,
    )


def _recorded_seconds(form: Form, longest_seconds: int) -> int | None:
    milliseconds = form.count("RecordingDurationMs")
    if milliseconds is None:
        seconds = form.count("RecordingDuration")
        if seconds is None or seconds <= longest_seconds:
            return seconds
        milliseconds = seconds
    return round(milliseconds / 1000)


def _caller_present(form: Form) -> bool:
    return form.word("CallStatus") not in _FINAL
