"""Twilio's end of the wire: parameters, signature, error codes, and the verbs that every leg understands."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import urldefrag, urljoin

from twilio.request_validator import RequestValidator

from telephony.simulator.scripts import RequestKind
from telephony.simulator.stage import Left, Leg, audio_seconds, speech_seconds
from telephony.simulator.transcript import Notebook, Who
from telephony.simulator.twiml_rules import TWIML
from telephony.simulator.wire import Params, RetryRules, Sign, Unanswered, Wire
from telephony.simulator.xml_rules import DocumentFault, Element, any_url, read_document

USER_AGENT: Final = "TwilioProxy/1.1"
API_VERSION: Final = "2010-04-01"
DEFAULT_ACCOUNT_SID: Final = "AC00000000000000000000000000051aa1"
RULES: Final = RetryRules(connect_seconds=5, read_seconds=15, total_seconds=15, retries=1, retry_when=frozenset({"ct"}))
_MOST_REDIRECTS = 10
_UNLIMITED_KEYS = 100
_GEO = ("City", "State", "Zip", "Country")


class Trouble(Exception):
    """Fetching or running a document failed; Twilio turns to the fallback address with this code."""

    def __init__(self, code: str, url: str, message: str) -> None:
        super().__init__(f"{code} at {url}: {message}")
        self.code = code
        self.url = url


@dataclass(frozen=True, slots=True)
class Page:
    """A document and the address that it came from."""

    url: str
    root: Element


def signer(auth_token: str) -> Sign:
    validator = RequestValidator(auth_token)

    def sign(method: str, url: str, params: Params) -> dict[str, str]:
        return {"X-Twilio-Signature": validator.compute_signature(url, dict(params))}

    return sign


def party(name: str, alias: str, number: str) -> dict[str, str]:
    """``From`` or ``To`` with the place names and the second spelling that Twilio sends along, blank when unknown."""
    country = "US" if number.startswith("+1") and len(number) == 12 else ""
    fields = {name: number, alias: number}
    for part in _GEO:
        fields[f"{name}{part}"] = fields[f"{alias}{part}"] = country if part == "Country" else ""
    return fields


def progress_fields(at: datetime, sequence_number: int) -> dict[str, str]:
    return {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence_number),
        "Timestamp": format_datetime(at),
    }


def length_fields(seconds: float) -> dict[str, str]:
    """``CallDuration`` is seconds, ``Duration`` is begun minutes."""
    return {"CallDuration": str(round(seconds)), "Duration": str(math.ceil(round(seconds) / 60))}


Handler = Callable[[Element, Page], Awaitable[Page | None]]


@dataclass(slots=True)
class TwilioLeg:
    """Runs documents on one leg. ``more_verbs`` are those that only this leg knows, ``allowed`` narrows the others.

    A verb gives the page to go on with, or ``None`` for the next verb; :class:`Left` ends the leg.
    """

    leg: Leg
    wire: Wire
    notebook: Notebook
    parameters: Callable[[], dict[str, str]]
    more_verbs: Mapping[str, Handler] = field(default_factory=dict)
    allowed: frozenset[str] | None = None
    before_media: Callable[[], None] = lambda: None
    _redirects: int = 0

    async def fetch(
        self, kind: RequestKind, address: str, method: str, extra: Params | None = None, base: str = ""
    ) -> Page:
        """The document at an address, checked. Raises :class:`Trouble`."""
        absolute = urljoin(base, address)
        url = urldefrag(absolute).url
        try:
            answer = await self.wire.fetch(kind, absolute, method, self.parameters() | dict(extra or {}))
        except Unanswered as error:
            raise Trouble("11205" if error.reason == "ct" else "11200", url, str(error)) from None
        if not answer.is_success:
            raise Trouble("11200", url, f"status {answer.status}")
        if answer.status == 204:
            return Page(url, Element("Response"))
        try:
            return Page(url, read_document(answer.body, answer.content_type, TWIML, allowed=self.allowed))
        except DocumentFault as fault:
            raise self.fault(fault.code, url, fault.message) from None

    def fault(self, code: str, url: str, message: str) -> Trouble:
        self.notebook.refuse(code, url, message)
        return Trouble(code, url, message)

    async def run_page(self, page: Page) -> Page | None:
        """Performs the verbs in order; the page that takes over, or ``None`` at the end of the document."""
        for verb in page.root:
            following = await self._perform(verb, page)
            if following is not None:
                return following
        return None

    async def _perform(self, verb: Element, page: Page) -> Page | None:
        if verb.tag in self.more_verbs:
            return await self.more_verbs[verb.tag](verb, page)
        match verb.tag:
            case "Say" | "Play":
                self.before_media()
                text, seconds = self._prompt(verb, page)
                if text:
                    self.leg.hear(text)
                await self.leg.wait(seconds)
            case "Pause":
                await self.leg.wait_in_silence(float(verb.get("length", "1")))
            case "Gather":
                self.before_media()
                return await self._gather(verb, page)
            case "Redirect":
                return await self._redirect(verb, page)
            case "Hangup":
                self.notebook.note(Who.DUTYLINE, f"hangs up on {self.leg.person.name}")
                raise Left(Who.DUTYLINE)
            case _:
                raise self.fault("12200", page.url, f"<{verb.tag}> cannot be run on this leg")
        return None

    def _prompt(self, verb: Element, page: Page) -> tuple[str, float]:
        """What a prompt verb lets people hear, and for how long."""
        text = (verb.text or "").strip()
        times = max(1, int(verb.get("loop", "1")))
        match verb.tag:
            case "Say":
                return text, times * speech_seconds(text)
            case "Play" if not text:
                return "", 1.0  # only digits are played
            case "Play":
                if any_url(text) is not None:
                    raise self.fault("11100", page.url, f"<Play> has no usable address ({text[:60]!r})")
                return f"[audio {urljoin(page.url, text)}]", times * audio_seconds()
            case _:
                return "", float(verb.get("length", "1"))

    async def _gather(self, verb: Element, page: Page) -> Page | None:
        finish = verb.get("finishOnKey", "#")
        digits = await self.leg.ask_for_keys(
            [self._prompt(child, page) for child in verb],
            float(verb.get("timeout", "5")),
            int(verb.get("numDigits", _UNLIMITED_KEYS)),
        )
        typed = (digits or "").split(finish[0])[0] if finish else digits or ""
        if not typed and verb.get("actionOnEmptyResult") != "true":
            return None
        extra = {"Digits": typed, "FinishedOnKey": "", "msg": "Gather End"}
        return await self.fetch(
            RequestKind.KEY, verb.get("action") or page.url, verb.get("method", "POST"), extra, page.url
        )

    async def _redirect(self, verb: Element, page: Page) -> Page:
        address = (verb.text or "").strip()
        self._redirects += 1
        if self._redirects > _MOST_REDIRECTS:
            raise self.fault("11215", page.url, "too many redirects")
        if any_url(address) is not None:
            raise self.fault("11100", page.url, f"<Redirect> has no usable address ({address[:60]!r})")
        return await self.fetch(RequestKind.REDIRECT, address, verb.get("method", "POST"), None, page.url)
