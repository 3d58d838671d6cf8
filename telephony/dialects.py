"""The dialect of each carrier."""

from domain.directory import Provider
from telephony.dialect import Dialect
from telephony.plivo import PlivoDialect
from telephony.twilio import TwilioDialect

DIALECTS: dict[Provider, Dialect] = {
    Provider.TWILIO: TwilioDialect(),
    Provider.PLIVO: PlivoDialect(),
}
