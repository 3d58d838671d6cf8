"""Twilio: webhooks into events, documents into TwiML, ``X-Twilio-Signature``."""

import re
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
    FallbackRequested,
    KeyPressed,
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
from telephony.signatures import verify_twilio
from telephony.twilio_xml import render

#: legs of a responder behind whom a caller waits; their ``CallSid`` is the leg's own
_CHILD_LEGS = frozenset({Leg.WHISPER, Leg.KEY, Leg.PROGRESS})
_ALERT_LEGS = frozenset({Leg.ALERT, Leg.ALERT_KEY, Leg.ALERT_PROGRESS})

_FINAL: Mapping[str, DialStatus] = {
    "completed": DialStatus.COMPLETED,
    "busy": DialStatus.BUSY,
    "no-answer": DialStatus.NO_ANSWER,
    "failed": DialStatus.FAILED,
    "canceled": DialStatus.CANCELED,
}
_DIAL_STATUS: Mapping[str, DialStatus] = {**_FINAL, "answered": DialStatus.COMPLETED}

#: document too large, not well-formed or against the schema (12xxx), a verb with bad attributes (13xxx)
_DOCUMENT_ERROR = re.compile(r"11750|1[23][0-9]{3}")
#: "temporarily unavailable": a phone that is switched off or out of reach
_SIP_UNAVAILABLE = "480"


class TwilioDialect:
    """See :class:`telephony.dialect.Dialect`."""

    provider = Provider.TWILIO
    notification_status = 204
    whisper_may_hang_up = True

    def read(self, leg: Leg, order: int, params: Params, at: datetime) -> Webhook | None:
        form = Form.of(params)
        call = _identity(leg, form)
        return Webhook(call, _event(leg, order, form, at)) if call else None

    def render(self, document: Document, addresses: Addresses) -> str:
        return render(document, addresses)

    def verify(self, request: SignedRequest, secrets: Sequence[str]) -> bool:
        return verify_twilio(request, secrets)


def _identity(leg: Leg, form: Form) -> CallIdentity | None:
    call_sid = form.text("ParentCallSid" if leg in _CHILD_LEGS else "CallSid")
    if not call_sid:
        return None
    account = form.text("AccountSid") or None
    if leg in _CHILD_LEGS or leg in _ALERT_LEGS:
        # From and To are the hotline and the responder here, not the caller and the hotline.
        return CallIdentity(Provider.TWILIO, call_sid, account, Caller(number=None), dialled="")
    return CallIdentity(
        Provider.TWILIO,
        call_sid,
        account,
        read_caller(form, verification="StirVerstat"),
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
                status=_status(_DIAL_STATUS, form.word("DialCallStatus"), form),
                bridged=form.flag("DialBridged"),
                caller_present=_caller_present(form),
                leg_seconds=form.count("DialCallDuration"),
                leg_existed=form.text("DialCallSid") != "",
            )
        case Leg.VOICEMAIL:
            return VoicemailFinished(
                at,
                seconds=form.count("RecordingDuration") or 0,
                caller_present=_caller_present(form) and form.word("Digits") != "hangup",
                reference=_recording_sid(form) or None,
                url=form.url("RecordingUrl"),
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
    """The pasted address serves answer, fallback and "call status changes"; only the fields tell them apart."""
    error_code, failed_url = form.text("ErrorCode"), form.url("ErrorUrl")
    if error_code or failed_url:
        return FallbackRequested(
            at,
            error_code,
            blames_document=_DOCUMENT_ERROR.fullmatch(error_code) is not None,
            caller_present=_caller_present(form),
            failed_url=failed_url or "",
        )
    if form.word("CallStatus") in _FINAL:
        # "Duration" would be whole minutes.
        return CallEnded(at, seconds=form.count("CallDuration"))
    return CallStarted(at)


def _progress(order: int, form: Form, at: datetime) -> Event:
    """A word before ringing, or an unknown one, counts as ringing: nothing is decided on a leg not yet picked up."""
    word = form.word("CallStatus")
    if word in _FINAL:
        return LegEnded(at, order, status=_status(_FINAL, word, form), leg_seconds=form.count("CallDuration"))
    if word in {"in-progress", "answered"}:
        return LegPickedUp(at, order)
    return LegRinging(at, order)


def _recording(order: int, form: Form, at: datetime) -> RecordingNotice:
    """Neither ``url`` nor ``absent`` when the recording has only begun."""
    word = form.word("RecordingStatus")
    ready = word in {"completed", ""}
    return RecordingNotice(
        at,
        RecordingKind.TALK if order else RecordingKind.VOICEMAIL,
        reference=_recording_sid(form),
        url=form.url("RecordingUrl") if ready else None,
        seconds=form.count("RecordingDuration") if ready else None,
        order=order or None,
        absent=word in {"absent", "failed"},
    )


def _recording_sid(form: Form) -> str:
    """The Record action does not promise ``RecordingSid``; it is the last part of the address as well."""
    in_url = re.search(r"/(RE[0-9A-Za-z]+)(?:\.\w+)?$", form.url("RecordingUrl") or "")
    return form.text("RecordingSid") or (in_url[1] if in_url else "")


def _status(words: Mapping[str, DialStatus], word: str, form: Form) -> DialStatus:
    status = words.get(word, DialStatus.UNKNOWN)
    if status is DialStatus.FAILED and form.text("SipResponseCode") == _SIP_UNAVAILABLE:
        return DialStatus.NO_ANSWER
    return status


def _caller_present(form: Form) -> bool:
    return form.word("CallStatus") not in _FINAL
