"""Plivo's end of the wire: parameters, signature, hang-up causes, and the elements that every leg understands."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urldefrag

from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3

from telephony.simulator.plivo_rules import PLIVO_XML
from telephony.simulator.scripts import RequestKind
from telephony.simulator.stage import Left, Leg, audio_seconds, speech_seconds
from telephony.simulator.transcript import Notebook, Who
from telephony.simulator.wire import Params, RetryRules, Sign, Unanswered, Wire
from telephony.simulator.xml_rules import DocumentFault, Element, absolute_url, read_document

USER_AGENT: Final = "Plivo"
DEFAULT_AUTH_ID: Final = "MASIMULATED000000000"
RULES: Final = RetryRules(
    connect_seconds=2, read_seconds=40, total_seconds=55, retries=1, retry_when=frozenset({"ct", "rt"})
)
_MOST_REDIRECTS = 10


class Cause(NamedTuple):
    """Why a leg ended, in Plivo's words."""

    word: str
    code: int
    name: str
    source: str


NORMAL = Cause("NORMAL_CLEARING", 4000, "Normal Hangup", "Caller")
END_OF_XML = Cause("NORMAL_CLEARING", 4010, "End Of XML Instructions", "Plivo")
HANGUP_ELEMENT = Cause("NORMAL_CLEARING", 4000, "Normal Hangup", "Answer XML")
CANCELED = Cause("ORIGINATOR_CANCEL", 1000, "Canceled", "Caller")
REJECTED = Cause("CALL_REJECTED", 3020, "Rejected", "Answer XML")
BUSY = Cause("USER_BUSY", 3010, "Busy Line", "Answer XML")
ANSWER_UNREACHABLE = Cause("NORMAL_CLEARING", 7011, "Error Reaching Answer URL", "Error")
ACTION_UNREACHABLE = Cause("NORMAL_CLEARING", 7012, "Error Reaching Action URL", "Error")
INVALID_ANSWER_XML = Cause("NORMAL_CLEARING", 8011, "Invalid Answer XML", "Error")
INVALID_ACTION_XML = Cause("NORMAL_CLEARING", 8012, "Invalid Action XML", "Error")


class CallBroken(Exception):
    """Fetching or running a document failed, and with it the call is over."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.name)
        self.cause = cause

    @property
    def is_unreachable(self) -> bool:
        return self.cause in (ANSWER_UNREACHABLE, ACTION_UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Page:
    """A document and the address that it came from."""

    url: str
    root: Element


def signer(auth_token: str) -> Sign:
    def sign(method: str, url: str, params: Params) -> dict[str, str]:
        nonce = f"{secrets.randbelow(10**20):020d}"
        base = construct_post_url(url, dict(params)) if method == "POST" else construct_get_url(url, {})
        signature: bytes = get_signature_v3(auth_token.encode(), base.decode(), nonce)
        return {"X-Plivo-Signature-V3": signature.decode(), "X-Plivo-Signature-V3-Nonce": nonce}

    return sign


def digits_of(number: str) -> str:
    """Plivo writes numbers without the plus, and leaves odd callers as they are."""
    return number[1:] if number.startswith("+") and number[1:].isdigit() else number


def prompt_of(element: Element) -> tuple[str, float]:
    """What a prompt element lets people hear, and for how long."""
    text = (element.text or "").strip()
    times = max(1, int(element.get("loop", "1")))
    match element.tag:
        case "Speak":
            return text, times * speech_seconds(text)
        case "Play":
            return f"[audio {text}]", times * audio_seconds()
        case _:
            return "", float(element.get("length", "1"))


Handler = Callable[[Element, Page], Awaitable[Page | None]]


@dataclass(slots=True)
class PlivoLeg:
    """Runs documents on a caller's leg, or on an alert call. ``more_elements`` are those that only this leg knows."""

    leg: Leg
    wire: Wire
    notebook: Notebook
    parameters: Callable[[], dict[str, str]]
    more_elements: Mapping[str, Handler] = field(default_factory=dict)
    before_media: Callable[[], None] = lambda: None
    _redirects: int = 0

    async def fetch(
        self,
        kind: RequestKind,
        address: str,
        method: str,
        extra: Params | None = None,
        *,
        allowed: frozenset[str] | None = None,
    ) -> Page:
        """The document at an address, checked. Raises :class:`CallBroken`."""
        is_answer = kind in (RequestKind.ANSWER, RequestKind.FALLBACK)
        params = self.parameters() | dict(extra or {})
        tries = 3 if kind is RequestKind.ANSWER else 1
        unreachable = CallBroken(ANSWER_UNREACHABLE if is_answer else ACTION_UNREACHABLE)
        try:
            answer = await self.wire.fetch(kind, address, method, params, least_tries=tries)
        except Unanswered:
            raise unreachable from None
        if not answer.is_success:
            raise unreachable
        url = urldefrag(address).url
        try:
            return Page(url, read_document(answer.body, answer.content_type, PLIVO_XML, allowed=allowed))
        except DocumentFault as fault:
            cause = INVALID_ANSWER_XML if is_answer else INVALID_ACTION_XML
            self.notebook.refuse(str(cause.code), url, fault.message)
            raise CallBroken(cause) from None

    def fault(self, page: Page, message: str) -> CallBroken:
        self.notebook.refuse(str(INVALID_ANSWER_XML.code), page.url, message)
        return CallBroken(INVALID_ANSWER_XML)

    async def run_page(self, page: Page) -> Page | None:
        """Runs the elements in order; the page that takes over, or ``None`` at the end of the document."""
        for element in page.root:
            following = await self._perform(element, page)
            if following is not None:
                return following
        return None

    async def _perform(self, element: Element, page: Page) -> Page | None:
        if element.tag in self.more_elements:
            return await self.more_elements[element.tag](element, page)
        match element.tag:
            case "Speak" | "Play":
                self.before_media()
                await self._prompt(element, page)
            case "PreAnswer":
                for child in element:
                    await self._prompt(child, page)
            case "Wait":
                await self.leg.wait_in_silence(float(element.get("length", "1")))
            case "GetDigits" | "GetInput":
                self.before_media()
                return await self._ask(element, page)
            case "Redirect":
                return await self._redirect(element, page)
            case "Hangup":
                self.notebook.note(Who.DUTYLINE, f"hangs up on {self.leg.person.name}")
                raise Left(Who.DUTYLINE)
            case _:
                raise self.fault(page, f"<{element.tag}> cannot be run on this leg")
        return None

    async def _prompt(self, element: Element, page: Page) -> None:
        if element.tag == "Play" and absolute_url((element.text or "").strip()) is not None:
            raise self.fault(page, "<Play> needs an absolute address")
        text, seconds = prompt_of(element)
        if text:
            self.leg.hear(text)
        await self.leg.wait(seconds)

    async def _ask(self, element: Element, page: Page) -> Page | None:
        timeout = float(
            element.get("timeout", "5") if element.tag == "GetDigits" else element.get("executionTimeout", "15")
        )
        digits: str | None = None
        for _ in range(int(element.get("retries", "1"))):
            digits = await self.leg.ask_for_keys(
                [prompt_of(child) for child in element], timeout, int(element.get("numDigits", "99"))
            )
            valid = element.get("validDigits")
            if digits is not None and (valid is None or set(digits) <= set(valid)):
                break
            digits = None
        if digits is None:
            return None
        extra = {"Digits": digits} if element.tag == "GetDigits" else {"Digits": digits, "InputType": "dtmf"}
        return await self.act(RequestKind.KEY, element, extra)

    async def act(self, kind: RequestKind, element: Element, extra: Params) -> Page | None:
        """Calls an element's action: for the next document, or with ``redirect="false"`` only to tell."""
        action, method = element.get("action"), element.get("method", "POST")
        if action is None:
            return None
        if element.get("redirect", "true") == "true":
            return await self.fetch(kind, action, method, {"Event": "Redirect", **extra})
        await self.wire.notify(kind, action, method, self.parameters() | dict(extra))
        return None

    async def _redirect(self, element: Element, page: Page) -> Page:
        address = (element.text or "").strip()
        self._redirects += 1
        if self._redirects > _MOST_REDIRECTS:
            raise self.fault(page, "too many redirects")
        if absolute_url(address) is not None:
            raise self.fault(page, f"<Redirect> needs an absolute address, not {address[:60]!r}")
        return await self.fetch(RequestKind.REDIRECT, address, element.get("method", "POST"), {"Event": "Redirect"})
