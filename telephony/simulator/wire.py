"""Sends the carrier's requests: form or query, signature, retries by the address's rules, and the scripted faults."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urldefrag, urlencode

import httpx2

from telephony.simulator.clock import Clock
from telephony.simulator.scripts import CallbackFault, RequestKind
from telephony.simulator.transcript import Notebook, RequestLog, Who

Params = Mapping[str, str]
#: the signature headers for a method, an address without fragment, and the form fields of a POST
Sign = Callable[[str, str, Params], dict[str, str]]
#: signs the simulated time, so that Dutyline believes it
Stamp = Callable[[str], str]

SIMULATED_HEADER = "X-Dutyline-Simulated"

#: while the carrier waits for these, the caller hears nothing
_CALLER_WAITS = frozenset(
    {RequestKind.ANSWER, RequestKind.FALLBACK, RequestKind.DIAL, RequestKind.RECORD, RequestKind.REDIRECT}
)
_PURPOSE = {
    RequestKind.ANSWER: "asks what to do with the call",
    RequestKind.FALLBACK: "asks again, because the last answer could not be used",
    RequestKind.DIAL: "reports how the attempt ended",
    RequestKind.RECORD: "reports that the voicemail is over",
    RequestKind.WHISPER: "asks what to say to the responder",
    RequestKind.KEY: "reports the keys",
    RequestKind.REDIRECT: "goes to the next address",
    RequestKind.PROGRESS: "reports progress of the leg",
    RequestKind.RECORDING: "reports a recording",
    RequestKind.ENDED: "reports the end of the call",
    RequestKind.RECEIPT: "reports the delivery",
}

#: the fields that say what is reported; the first one that is there
_TELLING = {
    RequestKind.DIAL: ("DialCallStatus", "DialStatus"),
    RequestKind.KEY: ("Digits",),
    RequestKind.PROGRESS: ("Event", "CallStatus"),
    RequestKind.RECEIPT: ("MessageStatus", "Status"),
    RequestKind.RECORDING: ("RecordingStatus", "Event"),
}


class Unanswered(Exception):
    """No answer came: no connection (``ct``) or none in time (``rt``), as the carriers' retry rules call them."""

    def __init__(self, reason: Literal["ct", "rt"], message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    content_type: str
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How long to wait and when to try again. An address overrides them in its fragment, ``#rc=2&rp=ct,5xx``."""

    connect_seconds: float
    read_seconds: float
    total_seconds: float
    retries: int
    retry_when: frozenset[str]

    def of_address(self, address: str) -> "RetryRules":
        """The rules with the address's overrides; what a fragment says out of range or in other words is ignored."""
        rules = self
        for part in urldefrag(address).fragment.split("&"):
            name, _, value = part.partition("=")
            if name in ("ct", "rt", "tt") and value.isdigit() and int(value) >= 100:
                rules = rules._with_limit(name, min(int(value) / 1000, self.total_seconds))
            elif name == "rc" and value in ("0", "1", "2", "3", "4", "5"):
                rules = replace(rules, retries=int(value))
            elif name == "rp" and value:
                rules = replace(rules, retry_when=frozenset(value.split(",")))
        return rules

    def _with_limit(self, name: str, seconds: float) -> "RetryRules":
        match name:
            case "ct":
                return replace(self, connect_seconds=seconds)
            case "rt":
                return replace(self, read_seconds=seconds)
            case _:
                return replace(self, total_seconds=seconds)

    def retry_after(self, outcome: "Answer | Unanswered") -> bool:
        match outcome:
            case Unanswered(reason=reason):
                word: str = reason
            case Answer(status=status) if 400 <= status < 600:
                word = f"{status // 100}xx"
            case _:
                return False
        return bool(self.retry_when & {word, "all"})


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Wire:
    """The connection from the carrier to Dutyline for one call (or one message).

    ``fetch`` waits for a document, ``notify`` only tells. An answer that took whole seconds moves call time by them;
    faster ones do not, so that a transcript is the same on every machine.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        clock: Clock,
        notebook: Notebook,
        *,
        call_id: str,
        rules: RetryRules,
        user_agent: str,
        sign: Sign | None = None,
        stamp: Stamp | None = None,
        faults: Sequence[CallbackFault] = (),
    ) -> None:
        self._http = http
        self._clock = clock
        self._notebook = notebook
        self._call_id = call_id
        self._rules = rules
        self._user_agent = user_agent
        self._sign = sign
        self._stamp = stamp
        self._faults = {fault.kind: fault for fault in faults}
        self._held: list[Callable[[], Awaitable[None]]] = []

    async def fetch(
        self, kind: RequestKind, address: str, method: str, params: Params, *, least_tries: int = 1
    ) -> Answer:
        """The answer, whatever its status. Raises :class:`Unanswered` when none came after all tries."""
        fault = self._faults.get(kind, CallbackFault(kind))
        if fault.lost:
            self._notebook.note(Who.CARRIER, f"{_PURPOSE[kind]}, but the request is lost on the way")
            raise Unanswered("ct", "lost on the way")
        await self._clock.advance(fault.late_seconds)
        answer = await self._try(kind, address, method, params, least_tries)
        for _ in range(fault.times - 1):
            await self._try(kind, address, method, params, 1)
        await self._release()
        return answer

    async def notify(self, kind: RequestKind, address: str, method: str, params: Params) -> None:
        """Tells Dutyline something, as reliably as the script allows. Never raises for what the server does."""
        fault = self._faults.get(kind, CallbackFault(kind))
        if fault.lost:
            self._notebook.note(Who.CARRIER, f"{_PURPOSE[kind]}, but the request is lost on the way")
            return

        async def send() -> None:
            for _ in range(fault.times):
                await self._tell(kind, address, method, params)

        if fault.swapped:
            self._held.append(send)
        elif fault.late_seconds:
            self._clock.schedule(fault.late_seconds, send)
        else:
            await send()
            await self._release()

    async def finish(self) -> None:
        """Waits for what is scheduled and sends what is still held back."""
        await self._clock.drain()
        await self._release()

    async def _release(self) -> None:
        held, self._held = self._held, []
        for send in held:
            await send()

    async def _tell(self, kind: RequestKind, address: str, method: str, params: Params) -> None:
        try:
            await self._try(kind, address, method, params, 1)
        except Unanswered:
            return  # the transcript and the request log have it; a carrier does no more about it

    async def _try(self, kind: RequestKind, address: str, method: str, params: Params, least_tries: int) -> Answer:
        rules = self._rules.of_address(address)
        deadline = time.monotonic() + rules.total_seconds
        tries = 0
        while True:
            tries += 1
            left = deadline - time.monotonic()
            outcome = await self._send(kind, address, method, params, rules, left)
            again = tries <= rules.retries and rules.retry_after(outcome)
            failed = isinstance(outcome, Unanswered) or not outcome.is_success
            again = again or (failed and tries < least_tries)
            if again and time.monotonic() < deadline:
                continue
            if isinstance(outcome, Unanswered):
                raise outcome
            return outcome

    async def _send(
        self, kind: RequestKind, address: str, method: str, params: Params, rules: RetryRules, left_seconds: float
    ) -> Answer | Unanswered:
        url = urldefrag(address).url
        form = urlencode(params) if method == "POST" else None
        target = url if form is not None or not params else f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        budget = max(0.001, min(left_seconds, rules.connect_seconds + rules.read_seconds))
        begun = time.monotonic()
        outcome: Answer | Unanswered
        try:
            async with asyncio.timeout(budget):
                response = await self._http.request(
                    method,
                    target,
                    content=form,
                    headers=self._headers(method, target, params),
                    timeout=httpx2.Timeout(rules.read_seconds, connect=rules.connect_seconds),
                    follow_redirects=False,
                )
            outcome = Answer(url, response.status_code, response.headers.get("content-type", ""), response.content)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            outcome = Unanswered("ct", f"no connection ({error})" if str(error) else "no connection")
        except (TimeoutError, httpx2.TimeoutException):
            outcome = Unanswered("rt", f"no answer within {time.monotonic() - begun:.1f} s")
        except httpx2.TransportError as error:
            outcome = Unanswered("ct", f"the connection broke ({type(error).__name__})")
        self._record(kind, method, target, params, time.monotonic() - begun, outcome)
        return outcome

    def _headers(self, method: str, target: str, params: Params) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent, "Accept": "*/*"}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        if self._stamp is not None:
            at = rfc3339(self._clock.now())
            signature = self._stamp(f"{at}\n{self._call_id}")
            headers[SIMULATED_HEADER] = f"{at};{signature}"
        if self._sign is not None:
            headers |= self._sign(method, target, params if method == "POST" else {})
        return headers

    def _record(
        self, kind: RequestKind, method: str, url: str, params: Params, seconds: float, outcome: Answer | Unanswered
    ) -> None:
        at = round(self._clock.offset, 3)
        if kind in _CALLER_WAITS:
            self._notebook.caller_hears_nothing(seconds)
            self._clock.skip(math.floor(seconds))
        elapsed_ms = round(seconds * 1000, 1)
        match outcome:
            case Unanswered():
                log = RequestLog(kind, method, url, params, at, None, "", elapsed_ms, str(outcome))
                result = str(outcome)
            case Answer(status=status, body=body):
                log = RequestLog(kind, method, url, params, at, status, body.decode(errors="replace"), elapsed_ms)
                result = f"{status} in {elapsed_ms:.0f} ms"
        self._notebook.requests.append(log)
        self._notebook.note(Who.CARRIER, f"{_PURPOSE[kind]}{_detail(kind, params)}: {result}")


def _detail(kind: RequestKind, params: Params) -> str:
    """What is reported, in the carrier's own word."""
    word = next((params[name] for name in _TELLING.get(kind, ()) if name in params), None)
    return "" if word is None else f" ({word})"
