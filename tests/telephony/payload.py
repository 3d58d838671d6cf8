"""One request as a carrier sends it, and the invented tokens that signed all of them."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from domain.directory import Provider
from domain.instructions import Leg
from telephony.dialect import SignedRequest

BASE_URL = "https://hotline.example.com"
TWILIO_TOKEN = "0123456789abcdef0123456789abcdef"
PLIVO_TOKEN = "cGxpdm8tdGVzdC10b2tlbi1ub3QtcmVhbC0wMDAw"


@dataclass(frozen=True, slots=True)
class Payload:
    """One request: which leg it is about, and what went over the wire."""

    name: str
    provider: Provider
    leg: Leg
    order: int
    path: str
    signature: str
    body: str
    nonce: str = ""

    @property
    def params(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body, keep_blank_values=True)

    @property
    def request(self) -> SignedRequest:
        if self.provider is Provider.TWILIO:
            headers = {"x-twilio-signature": self.signature}
        else:
            headers = {"x-plivo-signature-v3": self.signature, "x-plivo-signature-v3-nonce": self.nonce}
        return SignedRequest("POST", BASE_URL + self.path, headers, self.params)

    @property
    def token(self) -> str:
        return TWILIO_TOKEN if self.provider is Provider.TWILIO else PLIVO_TOKEN
