"""Requests as the carriers send them, each with a signature that is valid for the tokens below.

The values are invented and the numbers reserved for fiction; the names and the order of the fields are the carriers'.
The signatures were made outside of this code, so they test it instead of repeating it.
"""

from domain.directory import Provider
from tests.telephony.payload import BASE_URL, PLIVO_TOKEN, TWILIO_TOKEN, Payload
from tests.telephony.payloads_plivo import PLIVO_PAYLOADS
from tests.telephony.payloads_twilio import TWILIO_PAYLOADS

__all__ = ["BASE_URL", "PAYLOADS", "PLIVO_TOKEN", "TWILIO_TOKEN", "Payload", "payload"]

PAYLOADS = TWILIO_PAYLOADS + PLIVO_PAYLOADS


def payload(provider: Provider, name: str) -> Payload:
    return next(one for one in PAYLOADS if one.provider is provider and one.name == name)
