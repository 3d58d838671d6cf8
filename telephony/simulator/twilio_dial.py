"""``<Dial>`` as Twilio runs it: ring, whisper, bridge, leg callbacks."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.phone import to_e164
from telephony.simulator.media import twilio_recording_sid
from telephony.simulator.ringing import Attempt, RingEnd, begin_attempt
from telephony.simulator.scripts import RequestKind
from telephony.simulator.stage import Left, Leg, Stage
from telephony.simulator.transcript import Recording, Who
from telephony.simulator.twilio_leg import (
    API_VERSION,
    Page,
    Trouble,
    TwilioLeg,
    length_fields,
    party,
    progress_fields,
)
from telephony.simulator.twiml_rules import WHISPER_VERBS
from telephony.simulator.xml_rules import Element

_NO_RECORDING = frozenset({"do-not-record", "false"})
_SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "487", "failed": "404", "canceled": "487"}
_STATUS_OF_RING = {
    RingEnd.NO_ANSWER: "no-answer",
    RingEnd.BUSY: "busy",
    RingEnd.DECLINED: "busy",
    RingEnd.FAILED: "failed",
    RingEnd.CALLER_GONE: "canceled",
}


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the legs of one call have in common. ``caller`` and ``dialled`` as Twilio spells them."""

    account_sid: str
    call_sid: str
    caller: str
    dialled: str
    media_base_url: str


@dataclass(frozen=True, slots=True)
class DialResult:
    """What the action address is told."""

    status: str
    call_sid: str
    seconds: int | None
    bridged: bool
    recording: Recording | None

    def fields(self) -> dict[str, str]:
        fields = {"DialCallStatus": self.status, "DialCallSid": self.call_sid}
        if self.seconds is not None:
            fields["DialCallDuration"] = str(self.seconds)
        fields["DialBridged"] = "true" if self.bridged else "false"
        if self.recording is not None:
            fields["RecordingUrl"] = self.recording.url
        return fields


@dataclass(slots=True)
class TwilioDial:
    """One ``<Dial>`` with its ``<Number>``. ``resolve`` makes an address of the document absolute."""

    stage: Stage
    facts: CallFacts
    dial: Element
    number: Element | None
    page: Page
    resolve: Callable[[str], str]
    child_sid: str = ""
    _sequence: int = 0

    async def run(self) -> DialResult:
        """Rings, asks, bridges. Never raises: whoever leaves is in the result or in the caller's ``leaves_at``."""
        self.child_sid = f"CA{secrets.token_hex(16)}"
        target = ((self.dial if self.number is None else self.number).text or "").strip()
        caller_id = self.dial.get("callerId", self.facts.caller)
        refused = self._refused(target, caller_id)
        if refused is not None:
            self.stage.notebook.refuse(*refused)
            return DialResult("failed", self.child_sid, None, bridged=False, recording=None)
        limit = float(self.dial.get("timeout", "30")) + self.stage.script.carrier.ring_buffer_seconds
        attempt = begin_attempt(self.stage, target, caller_id, limit)
        await self._progress(attempt, "initiated", "initiated")
        end = await attempt.ring(lambda: self._progress(attempt, "ringing", "ringing"))
        if end is RingEnd.PICKED_UP:
            await self._picked_up(attempt)
        return await self._close(attempt, end)

    def _refused(self, target: str, caller_id: str) -> tuple[str, str, str] | None:
        if to_e164(target) is None or not target.startswith("+"):
            return "13224", self.page.url, f"{target!r} is not a number that can be dialled"
        if caller_id not in (self.facts.caller, self.facts.dialled):
            return "13214", self.page.url, f"{caller_id!r} is not a caller id that this call may show"
        return None

    async def _picked_up(self, attempt: Attempt) -> None:
        await self._progress(attempt, "answered", "in-progress")
        try:
            if await self._accepted(attempt):
                await attempt.talk(float(self.dial.get("timeLimit", "14400")))
        except Left:
            self.stage.notebook.note(Who.CARRIER, f"the leg of {attempt.name} is ended before it was connected")
        attempt.ended_at = self.stage.clock.offset

    async def _accepted(self, attempt: Attempt) -> bool:
        """Runs the whisper. A document that simply ends lets the two be joined, key or no key."""
        address = self.number.get("url") if self.number is not None else None
        if address is None:
            return True
        begun = self.stage.clock.offset
        leg = TwilioLeg(
            Leg(self.stage, attempt.responder, also_present=(self.stage.caller,), is_callers=False),
            self.stage.wire,
            self.stage.notebook,
            lambda: self._child_fields(attempt, "in-progress"),
            allowed=WHISPER_VERBS,
        )
        try:
            method = self.number.get("method", "POST") if self.number is not None else "POST"
            page: Page | None = await leg.fetch(RequestKind.WHISPER, address, method, None, self.page.url)
            while page is not None:
                page = await leg.run_page(page)
        except Trouble:
            return False
        finally:
            if self.dial.get("answerOnBridge") != "true":
                self.stage.notebook.caller_hears_nothing(self.stage.clock.offset - begun)
        return True

    async def _close(self, attempt: Attempt, end: RingEnd) -> DialResult:
        gone_before_bridge = self.stage.caller_is_gone and attempt.bridged_at is None
        status = "completed" if end is RingEnd.PICKED_UP else _STATUS_OF_RING[end]
        if gone_before_bridge:
            status = "canceled"
        attempt.close()
        recording = await self._record(attempt)
        # A leg that was picked up ends as completed, whatever the dial says about the caller.
        leg_status = "completed" if end is RingEnd.PICKED_UP else status
        await self._progress(
            attempt,
            "completed",
            leg_status,
            length_fields(attempt.leg_seconds) | {"SipResponseCode": _SIP_CODES[leg_status]},
        )
        seconds = attempt.leg_seconds if end is RingEnd.PICKED_UP else None
        return DialResult(status, self.child_sid, seconds, attempt.bridged_at is not None, recording)

    async def _record(self, attempt: Attempt) -> Recording | None:
        if self.dial.get("record", "do-not-record") in _NO_RECORDING or attempt.picked_up_at is None:
            return None
        seconds = round(attempt.talk_seconds)
        recording = new_recording(self.facts, seconds, "talk")
        if seconds:
            self.stage.notebook.recordings.append(recording)
        extra = {
            "RecordingSource": "DialVerb",
            "RecordingChannels": "2" if "dual" in self.dial.get("record", "") else "1",
        }
        announce_recording(self.stage, self.facts, self.dial, recording, self.resolve, extra)
        return recording if seconds else None

    async def _progress(self, attempt: Attempt, event: str, status: str, extra: dict[str, str] | None = None) -> None:
        sequence, self._sequence = self._sequence, self._sequence + 1
        address = self.number.get("statusCallback") if self.number is not None else None
        if self.number is None or address is None:
            return
        if event not in self.number.get("statusCallbackEvent", "completed").split():
            return
        fields = self._child_fields(attempt, status) | progress_fields(self.stage.clock.now(), sequence) | (extra or {})
        method = self.number.get("statusCallbackMethod", "POST")
        await self.stage.wire.notify(RequestKind.PROGRESS, self.resolve(address), method, fields)

    def _child_fields(self, attempt: Attempt, status: str) -> dict[str, str]:
        return {
            "AccountSid": self.facts.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": self.child_sid,
            "ParentCallSid": self.facts.call_sid,
            "CallStatus": status,
            "Direction": "outbound-dial",
            **party("From", "Caller", attempt.caller_id),
            **party("To", "Called", attempt.number),
        }


def new_recording(facts: CallFacts, seconds: int, source: str) -> Recording:
    sid = twilio_recording_sid(seconds)
    url = f"{facts.media_base_url}/{API_VERSION}/Accounts/{facts.account_sid}/Recordings/{sid}"
    return Recording(sid, url, seconds, source)


def announce_recording(
    stage: Stage,
    facts: CallFacts,
    verb: Element,
    recording: Recording,
    resolve: Callable[[str], str],
    extra: dict[str, str],
) -> None:
    """Schedules the notice that the recording is ready; one of no length is absent."""
    address = verb.get("recordingStatusCallback")
    status = "completed" if recording.seconds else "absent"
    if address is None or status not in verb.get("recordingStatusCallbackEvent", "completed").split():
        return
    fields = {
        "AccountSid": facts.account_sid,
        "CallSid": facts.call_sid,
        "RecordingSid": recording.reference,
        "RecordingUrl": recording.url,
        "RecordingStatus": status,
        "RecordingDuration": str(recording.seconds or -1),
        **extra,
    }
    if status == "absent":
        fields["ErrorCode"] = "16101"
    target, method = resolve(address), verb.get("recordingStatusCallbackMethod", "POST")

    def send() -> Awaitable[None]:
        return stage.wire.notify(RequestKind.RECORDING, target, method, fields)

    stage.clock.schedule(stage.script.carrier.recording_ready_after_seconds, send)
