"""A text message on its way: delivery receipts in both dialects."""

from domain.directory import Provider
from telephony.simulator.clock import Clock
from telephony.simulator.plivo_leg import digits_of
from telephony.simulator.scripts import RequestKind
from telephony.simulator.sent import SentMessage
from telephony.simulator.twilio_leg import API_VERSION
from telephony.simulator.wire import Wire

_SECONDS_TO_HANDSET = 2.0


async def deliver(message: SentMessage, account: str, clock: Clock, wire: Wire, error_code: str | None) -> None:
    """Reports the message as sent, then as delivered, or as undelivered with the error code."""
    final = "delivered" if error_code is None else "undelivered"
    for status in ("sent", final):
        await clock.advance(_SECONDS_TO_HANDSET / 2)
        message.status = status
        if message.callback_url is None:
            continue
        fields = _receipt(message, account, error_code if status == "undelivered" else None)
        await wire.notify(RequestKind.RECEIPT, message.callback_url, message.callback_method, fields)
    await wire.finish()


def _receipt(message: SentMessage, account: str, error_code: str | None) -> dict[str, str]:
    match message.provider:
        case Provider.TWILIO:
            fields = {
                "AccountSid": account,
                "ApiVersion": API_VERSION,
                "From": message.sender,
                "MessageSid": message.message_id,
                "MessageStatus": message.status,
                "SmsSid": message.message_id,
                "SmsStatus": message.status,
                "To": message.to,
            }
        case Provider.PLIVO:
            fields = {
                "From": digits_of(message.sender),
                "MessageUUID": message.message_id,
                "ParentAuthID": account,
                "Status": message.status,
                "To": digits_of(message.to),
                "Type": "sms",
                "Units": "1",
            }
    return fields if error_code is None else fields | {"ErrorCode": error_code}
