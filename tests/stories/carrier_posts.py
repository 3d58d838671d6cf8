"""Single requests of a carrier, written by hand: for stories in which something is wrong with them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2

from domain.directory import Provider
from telephony.simulator import plivo_leg, twilio_leg
from telephony.simulator.twilio_side import new_call_sid
from tests.stories.house import Line

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


@dataclass(frozen=True, slots=True)
class CarrierPost:
    """A carrier at a line's address. ``auth_token`` signs; ``None`` sends the request unsigned."""

    line: Line
    call_id: str
    auth_token: str | None

    @classmethod
    def of(cls, line: Line) -> "CarrierPost":
        """A new call, signed as the line expects."""
        is_twilio = line.number.provider is Provider.TWILIO
        return cls(line, new_call_sid() if is_twilio else str(uuid.uuid4()), line.number.auth_token)

    def fields(self, **more: str) -> dict[str, str]:
        """What every request about the caller's leg says."""
        to = self.line.number.number
        if self.line.number.provider is Provider.TWILIO:
            same = {"CallSid": self.call_id, "AccountSid": twilio_leg.DEFAULT_ACCOUNT_SID, "CallStatus": "ringing"}
            return {**same, "From": "+14155550116", "To": to, "Direction": "inbound", **more}
        same = {"CallUUID": self.call_id, "ParentAuthID": plivo_leg.DEFAULT_AUTH_ID, "CallStatus": "ringing"}
        return {**same, "From": "14155550116", "To": to.lstrip("+"), "Direction": "inbound", **more}

    async def send(
        self, fields: Mapping[str, str], url: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """POST the fields to the pasted address, or to another one of ours."""
        address = url or self.line.number.url
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as http:
            return await http.post(
                address, content=urlencode(fields), headers=FORM | self.signature(address, fields) | dict(headers or {})
            )

    def signature(self, address: str, fields: Mapping[str, str]) -> dict[str, str]:
        if self.auth_token is None:
            return {}
        is_twilio = self.line.number.provider is Provider.TWILIO
        signer = twilio_leg.signer if is_twilio else plivo_leg.signer
        return signer(self.auth_token)("POST", address, fields)
