"""Calls as Twilio announces them: new ones, with the fields and the signature of the real carrier."""

import secrets
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bench.http import post
from bench.loop import WrongAnswer

_AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
_PATH = "/voice/bench-support"
_HOTLINE = "+12245550123"
_PLACES = {
    "Called": {"City": "CHICAGO", "Country": "US", "State": "IL", "Zip": "60601"},
    "Caller": {"City": "SAN FRANCISCO", "Country": "US", "State": "CA", "Zip": "94105"},
}


class Callers:
    """Somebody new dials the hotline at each :meth:`dial`, and all of them leave at :meth:`hang_up`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._validator = RequestValidator(_AUTH_TOKEN)
        self._calls: list[dict[str, str]] = []

    async def dial(self) -> None:
        """The first webhook of a call. Raises :class:`WrongAnswer` unless it is answered by ringing somebody."""
        form = _form(secrets.token_hex(16), f"+1415555{len(self._calls) + 1000:04d}")
        self._calls.append(form)
        answer = await self._post(form)
        if b"<Dial" not in answer:
            raise WrongAnswer(answer.decode(errors="replace"))

    async def hang_up(self) -> None:
        """One after the other, not measured: the calls must not stay on the line for what comes next."""
        for form in self._calls:
            await self._post({**form, "CallStatus": "completed", "CallDuration": "3"})
        self._calls.clear()

    async def _post(self, form: dict[str, str]) -> bytes:
        address = f"http://127.0.0.1:{self._port}{_PATH}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self._validator.compute_signature(address, form),
        }
        return await post(self._port, _PATH, urlencode(form).encode(), headers)


def _form(call: str, number: str) -> dict[str, str]:
    form = {
        "AccountSid": "AC00000000000000000000000000000a11",
        "ApiVersion": "2010-04-01",
        "CallSid": f"CA{call}",
        "CallStatus": "ringing",
        "Direction": "inbound",
        "StirVerstat": "TN-Validation-Passed-A",
    }
    for names, number_of, place in ((("Called", "To"), _HOTLINE, "Called"), (("Caller", "From"), number, "Caller")):
        for name in names:
            form[name] = number_of
            form |= {f"{name}{part}": value for part, value in _PLACES[place].items()}
    return form
