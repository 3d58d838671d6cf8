"""Status callbacks about what we sent, read into :class:`Receipt`. Reading never fails: odd input, odd receipt."""

from collections.abc import Mapping

from domain.delivery import Receipt
from domain.directory import Provider
from domain.phone import clean_text
from telephony.carrier_errors import PLIVO_SENTENCES, TWILIO_SENTENCES
from telephony.dialect import Params

_NO_STATUS = "unknown"
#: what a status says about delivery; ``None`` for the ones on the way, absent for words that we do not know
_SMS: Mapping[str, bool | None] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "sent": None,
    "delivered": True,
    "read": True,
    "undelivered": False,
    "failed": False,
    "rejected": False,
    "canceled": False,
}
_CALL: Mapping[str, bool | None] = {
    "queued": None,
    "initiated": None,
    "ringing": None,
    "in-progress": True,
    "completed": True,
    "busy": False,
    "no-answer": False,
    "timeout": False,
    "failed": False,
    "canceled": False,
    "cancel": False,
    "rejected": False,
}
_SENTENCES = {Provider.TWILIO: TWILIO_SENTENCES, Provider.PLIVO: PLIVO_SENTENCES}
#: Plivo's hang-up causes are words; they explain a failure better than its codes
_ERROR_FIELDS = {Provider.TWILIO: ("ErrorCode", "SipResponseCode"), Provider.PLIVO: ("ErrorCode", "HangupCauseName")}
#: Plivo reports each part of a long message by an id of its own; sending it gave the id of the first part
_SMS_ID = {Provider.TWILIO: ("MessageSid", "SmsSid"), Provider.PLIVO: ("ParentMessageUUID", "MessageUUID")}
#: placing a call at Plivo gives the request's id, so that one is preferred to the call's own
_CALL_ID = {Provider.TWILIO: ("CallSid",), Provider.PLIVO: ("RequestUUID", "CallUUID")}
_SMS_STATUS = {Provider.TWILIO: ("MessageStatus", "SmsStatus"), Provider.PLIVO: ("Status",)}


def read_sms_receipt(provider: Provider, params: Params) -> Receipt:
    """What a callback says about a text message."""
    status = _word(_first(params, _SMS_STATUS[provider]))
    delivered = _SMS.get(status)
    error = _error(provider, params) if delivered is False else None
    return Receipt(_first(params, _SMS_ID[provider]), status, delivered is not None, delivered, error)


def read_call_receipt(provider: Provider, params: Params) -> Receipt:
    """What a callback says about an alert call."""
    status = _word(_first(params, ("CallStatus",)))
    delivered = _CALL.get(status)
    error = _error(provider, params) if delivered is False else None
    final = delivered is not None and status != "in-progress"
    return Receipt(_first(params, _CALL_ID[provider]), status, final, delivered, error)


def _error(provider: Provider, params: Params) -> str | None:
    """The reason of a failure as a sentence where the code is known, else as the carrier names it."""
    code = _first(params, _ERROR_FIELDS[provider])
    if code in ("", "0", "000"):
        return None
    return f"{code}: {_SENTENCES[provider][code]}" if code in _SENTENCES[provider] else code


def _first(params: Params, names: tuple[str, ...]) -> str:
    found = dict(reversed(params))
    return next((clean_text(found[name]) for name in names if found.get(name)), "")


def _word(status: str) -> str:
    return status.strip().lower().replace("_", "-") or _NO_STATUS
