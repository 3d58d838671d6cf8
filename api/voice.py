"""``/voice/…``: the addresses that carriers call.

The way of a webhook: hotline from the RouteBook, signature, form to neutral event, the call desk (workflow or this
process), document to XML. Whatever happens inside, a caller never hears an application error: the answer is XML with
status 200, except 403 for a bad signature and 404 for a token that nobody knows.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from api.addresses import CallAddresses, Continuations, VoicePath, read_voice_path, read_voice_url
from api.call_desk import CallDesk
from api.carrier_request import CarrierRequest, Receive, Reply, Scope, Send, read_request, send_reply
from api.live_calls import LiveCall, LiveCalls
from api.metrics import LIVE_CALLS, VOICE_REFUSED, VOICE_SECONDS
from api.own_events import OwnEvents
from config.keys import Keyring
from config.route_book import DirectoryUnavailable, RouteBook
from domain.call_messages import CallStart, FetchRecording
from domain.call_plan import plan_call, tester_of
from domain.call_state import Answer, Control
from domain.directory import Hotline, MessageKey, Provider
from domain.events import (
    CallEnded,
    Caller,
    CallIdentity,
    CallStarted,
    Event,
    FallbackRequested,
    KeyPressed,
    RecordingKind,
    RecordingNotice,
    StepEvent,
    VoicemailFinished,
)
from domain.ids import call_id
from domain.instructions import Document, Hangup, Leg, Say, StartOver, TakeMessage
from domain.messages import text_for
from telephony.dialect import Dialect, SignedRequest, Webhook
from telephony.dialects import DIALECTS

log = structlog.get_logger()

_XML = "text/xml; charset=utf-8"
_APOLOGY = (Say(text_for({}, MessageKey.APOLOGY, "en-US", voicemail=False).text, "en-US"),)
_HANGUP: Document = (Hangup(),)
#: stands where a continuation would, in addresses that carry none
_NO_CONTINUATION = "-"
_RESPONDER_LEGS = frozenset({Leg.WHISPER, Leg.KEY})
_NOTIFICATION_LEGS = frozenset({Leg.PROGRESS, Leg.RECORDING})
_CALLER_LEGS = frozenset({Leg.ENTRY, Leg.DIAL, Leg.VOICEMAIL})
_START_OVER_PAUSE_SECONDS = 2
_SOME_TESTER = "somebody"
SIMULATED_HEADER = "x-dutyline-simulated"
_IDEMPOTENCY_HEADER = "i-twilio-idempotency-token"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A webhook with everything that is known before the call flow is asked."""

    hotline: Hotline
    where: VoicePath
    request: CarrierRequest
    webhook: Webhook
    proof: Control | None
    verified: bool


class VoiceWebhooks:
    """The ASGI application behind ``/voice``."""

    def __init__(
        self,
        route_book: RouteBook,
        desk: CallDesk,
        continuations: Continuations,
        simulator_keyring: Keyring,
        public_url: str,
        own_events: OwnEvents,
    ) -> None:
        self._book = route_book
        self._desk = desk
        self._continuations = continuations
        self._simulator_keyring = simulator_keyring
        self._public_url = public_url
        self._own_events = own_events
        self.live_calls = LiveCalls()
        LIVE_CALLS.set_function(self.live_calls.in_progress)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        where = read_voice_path(scope["path"])
        if where is None:
            await send_reply(send, Reply(404))
            return
        reply = await self._reply(where, scope, receive)
        VOICE_SECONDS.labels(where.leg).observe(time.perf_counter() - started)
        await send_reply(send, reply)

    async def _reply(self, where: VoicePath, scope: Scope, receive: Receive) -> Reply:
        if scope["method"] not in ("GET", "POST"):
            return Reply(405)
        request = await read_request(scope, receive)
        dialect = DIALECTS[Provider.TWILIO] if request is None else _dialect_of(request)
        hotline = self._book.hotline_by_token(where.token)
        if hotline is None:
            hotline, is_certain = await self._look_up(where.token)
            if hotline is None:
                pause = StartOver(_START_OVER_PAUSE_SECONDS)
                return Reply(404) if is_certain else self._by_leg(dialect, where, (*_APOLOGY, pause))
        if request is None:  # no carrier sends so much, and what is not read has no signature
            VOICE_REFUSED.labels("too large").inc()
            return self._by_leg(dialect, where, _HANGUP)
        try:
            return await self._reply_for(hotline, dialect, where, request)
        except Exception:
            log.exception("a carrier's webhook could not be answered", leg=where.leg, hotline=hotline.key)
            return self._by_leg(dialect, where, (*_APOLOGY, TakeMessage(180, 8, plain=True), Hangup()))

    async def _look_up(self, token: str) -> tuple[Hotline | None, bool]:
        """An unknown token is unknown only after one look in the database."""
        try:
            return await self._book.find_hotline(token), True
        except DirectoryUnavailable:
            return None, False

    def _by_leg(self, dialect: Dialect, where: VoicePath, to_the_caller: Document) -> Reply:
        """An answer that needs nothing: nothing to a notification, the end to a responder, words to the caller."""
        if where.leg in _NOTIFICATION_LEGS:
            return Reply(dialect.notification_status)
        document = _end_of_leg(dialect, where.leg) if where.leg in _RESPONDER_LEGS else to_the_caller
        return _xml(dialect.render(document, CallAddresses(self._public_url, where.token, _NO_CONTINUATION)))

    async def _reply_for(self, hotline: Hotline, dialect: Dialect, where: VoicePath, request: CarrierRequest) -> Reply:
        verified = bool(hotline.auth_tokens)
        if verified and not dialect.verify(self._signed(request), hotline.auth_tokens):
            VOICE_REFUSED.labels("signature").inc()
            self._note_bad_signature(hotline, dialect, where, request)
            return Reply(403)
        webhook = self._read(dialect, where, request)
        if webhook is None:  # no call is named, so nobody is on the line
            return self._by_leg(dialect, where, _HANGUP)
        known = self.live_calls.get(webhook.call)
        if known is not None and known.start.plan.hotline != hotline.key:
            # Whoever may speak for one hotline has no say in the calls of another.
            VOICE_REFUSED.labels("another hotline").inc()
            return self._by_leg(dialect, where, _HANGUP)
        asked = self._asked(hotline, where, request, webhook, verified)
        notice = _recording_in(asked.webhook.event, asked.proof)
        if notice is not None:
            await self._desk.fetch_recording(_fetch_request(asked, notice))
        if asked.proof is None and where.leg not in _CALLER_LEGS and known is None:
            # About a call that nobody here knows, by an address that was never handed out for it.
            return self._by_leg(dialect, where, _HANGUP)
        live = self._live_call(asked)
        answer = await self._desk.answer(live, asked.webhook.event, asked.proof, _update_id(asked))
        return self._render(dialect, asked, answer)

    def _note_bad_signature(
        self, hotline: Hotline, dialect: Dialect, where: VoicePath, request: CarrierRequest
    ) -> None:
        """From the known account and number it means a rotated token; from anybody else it is just refused."""
        webhook = dialect.read(where.leg, where.order, request.params, datetime.now(UTC))
        if webhook is None or webhook.call.dialled != hotline.number:
            return
        pin = self._book.pin(hotline.key)
        if pin is not None and pin.account == webhook.call.account:
            self._own_events.bad_signature(hotline, self._book.directory)

    def _signed(self, request: CarrierRequest) -> SignedRequest:
        return SignedRequest(request.method, f"{self._public_url}{request.target}", request.headers, request.params)

    def _read(self, dialect: Dialect, where: VoicePath, request: CarrierRequest) -> Webhook | None:
        webhook = dialect.read(where.leg, where.order, request.params, datetime.now(UTC))
        simulated_at = self._simulated_at(request, webhook)
        if webhook is None or simulated_at is None:
            return webhook
        return Webhook(replace(webhook.call, simulated=True), replace(webhook.event, at=simulated_at))

    def _simulated_at(self, request: CarrierRequest, webhook: Webhook | None) -> datetime | None:
        """The simulated carrier's own time, when it proves to hold this installation's key."""
        moment, _, signature = request.headers.get(SIMULATED_HEADER, "").partition(";")
        if webhook is None or not moment:
            return None
        if not self._simulator_keyring.verify(f"{moment}\n{webhook.call.provider_call_id}", signature):
            return None
        try:
            return datetime.fromisoformat(moment.replace("Z", "+00:00"))
        except ValueError:
            return None

    def _asked(
        self, hotline: Hotline, where: VoicePath, request: CarrierRequest, webhook: Webhook, verified: bool
    ) -> _Asked:
        event, call = webhook.event, webhook.call
        if not isinstance(event, FallbackRequested):
            return _Asked(
                hotline,
                where,
                request,
                webhook,
                self._continuations.open(where.continuation, call, hotline.key),
                verified,
            )
        failed = read_voice_url(event.failed_url)
        if failed is None or failed.token != where.token:
            failed = where
        proof = self._continuations.open(failed.continuation, call, hotline.key)
        webhook = Webhook(call, replace(event, failed_leg=failed.leg))
        return _Asked(hotline, where, request, webhook, proof, verified)

    def _live_call(self, asked: _Asked) -> LiveCall:
        known = self.live_calls.get(asked.webhook.call)
        return known if known is not None else self.live_calls.open(self._start(asked), asked.webhook.event.at)

    def _start(self, asked: _Asked) -> CallStart:
        """Freeze the call as it begins; or, when its beginning was answered elsewhere, as near to it as can be."""
        hotline, call, event, proof = asked.hotline, asked.webhook.call, asked.webhook.event, asked.proof
        caller = call.caller
        if proof is not None and caller.number is None:
            caller = Caller(proof.caller, proof.caller or caller.raw, caller.name, withheld=proof.caller is None)
        identity = replace(call, caller=caller, dialled=call.dialled or hotline.number)
        plan = plan_call(
            self._book.directory,
            hotline,
            caller,
            proof.started_at if proof is not None else event.at,
            tester=self._tester(hotline, event.at) if proof is None else None,
            rejected=self._reason_to_reject(hotline, identity, event),
        )
        if proof is not None and proof.test_entries:
            # Decided when the call started; who tests is known while a phone rings.
            plan = replace(plan, tester=proof.ringing.user if proof.ringing is not None else _SOME_TESTER)
        return CallStart(
            plan=replace(plan, provider=call.provider),
            identity=identity,
            verified=asked.verified,
            warnings=self._warnings(hotline, call),
            indexed=self._desk.indexed,
        )

    def _tester(self, hotline: Hotline, at: datetime) -> str | None:
        return tester_of(self._book.directory, self._book.test_mode(hotline.key, at))

    def _reason_to_reject(self, hotline: Hotline, call: CallIdentity, event: Event) -> str | None:
        """The loop guard: a call that one of our own calls has made."""
        if not isinstance(event, CallStarted):
            return None
        numbers = self._book.hotline_numbers
        if call.caller.number in numbers or call.forwarded_from in numbers:
            return "the call comes from a hotline's own number"
        number = call.caller.number
        if number is not None and self.live_calls.rings_for(hotline.key, number, call, event.at):
            return "the same caller's call is ringing already, so a phone forwards to the hotline"
        return None

    def _warnings(self, hotline: Hotline, call: CallIdentity) -> tuple[str, ...]:
        pin = self._book.pin(hotline.key)
        if hotline.auth_tokens or call.simulated or pin is None:
            return ()
        is_other_account = None not in (pin.account, call.account) and pin.account != call.account
        is_other_number = bool(call.dialled and pin.number) and pin.number != call.dialled
        if not is_other_account and not is_other_number:
            return ()
        self._own_events.account_mismatch(hotline, self._book.directory)
        return ("account_mismatch",)

    def _render(self, dialect: Dialect, asked: _Asked, answer: Answer) -> Reply:
        leg = asked.where.leg
        if leg in _NOTIFICATION_LEGS or isinstance(asked.webhook.event, CallEnded):
            return Reply(dialect.notification_status)
        document = answer.document
        if leg in _RESPONDER_LEGS and document in ((), _HANGUP):
            document = _end_of_leg(dialect, leg, asked.hotline.language)
        sealed = self._continuations.seal(answer.control, asked.webhook.call, asked.hotline.key)
        return _xml(dialect.render(document, CallAddresses(self._public_url, asked.where.token, sealed)))


def _end_of_leg(dialect: Dialect, leg: Leg, language: str = "en-US") -> Document:
    """The end of a responder's leg: at once, or where that cannot be said, after a word and without a key."""
    if leg is Leg.WHISPER and not dialect.whisper_may_hang_up:
        return (Say(text_for({}, MessageKey.GOODBYE, language, voicemail=False).text, language),)
    return _HANGUP


def _dialect_of(request: CarrierRequest) -> Dialect:
    names = {name for name, _ in request.params}
    return DIALECTS[Provider.PLIVO if "CallUUID" in names else Provider.TWILIO]


def _recording_in(event: Event, proof: Control | None) -> RecordingNotice | None:
    """The recording to fetch, if the event speaks of one."""
    match event:
        case RecordingNotice() if event.url is not None or event.absent:
            return event
        case VoicemailFinished() if event.url is not None and event.reference and event.seconds != 0:
            # A plain document asks for no notice of its recording, so this is the only word on it.
            if proof is None or proof.plain:
                voicemail = RecordingKind.VOICEMAIL
                return RecordingNotice(event.at, voicemail, event.reference, event.url, event.seconds)
    return None


def _fetch_request(asked: _Asked, notice: RecordingNotice) -> FetchRecording:
    call = asked.webhook.call
    return FetchRecording(
        call_id=call_id(call.provider, call.provider_call_id),
        hotline=asked.hotline.key,
        provider=call.provider,
        provider_call_id=call.provider_call_id,
        account=call.account,
        recording=notice.recording,
        reference=notice.reference,
        url=notice.url,
        seconds=notice.seconds,
        order=notice.order,
        absent=notice.absent,
    )


def _update_id(asked: _Asked) -> str:
    """The same for a webhook and its repetition, so that a repetition costs no second execution."""
    call, event = asked.webhook.call.provider_call_id, asked.webhook.event
    step = asked.proof.key if asked.proof is not None else "initial"
    match event:
        case FallbackRequested():
            return f"{call}:{step}:fallback:{event.error_code}"
        case KeyPressed():
            # A second wrong key looks like a repetition of the first one; only the carrier's token tells them apart.
            once = asked.request.headers.get(_IDEMPOTENCY_HEADER) or event.at.isoformat()
            return f"{call}:{step}:key:{once}"
        case CallStarted():
            return f"{call}:{step}"
        case event if isinstance(event, StepEvent):
            return f"{call}:{step}" if asked.proof is not None else f"{call}:unproven:{event.kind}:{asked.where.order}"
        case _:
            return f"{call}:{step}:{asked.where.leg}:{event.kind}:{asked.where.order}"


def _xml(text: str) -> Reply:
    return Reply(200, text.encode(), _XML)
