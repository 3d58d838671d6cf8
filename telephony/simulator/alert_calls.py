"""An alert call that was ordered over REST: the phone rings, a person or a machine listens and may press keys."""

from dataclasses import dataclass

from domain.directory import Provider
from telephony.simulator import plivo_leg, twilio_leg
from telephony.simulator.plivo_dial import local_time
from telephony.simulator.ringing import Attempt, RingEnd, begin_attempt
from telephony.simulator.scripts import Machine, RequestKind
from telephony.simulator.sent import PlacedCall
from telephony.simulator.stage import Left, Leg, Stage
from telephony.simulator.twiml_rules import TWIML
from telephony.simulator.xml_rules import DocumentFault, read_document

_TWILIO_STATUS = {
    RingEnd.NO_ANSWER: "no-answer",
    RingEnd.BUSY: "busy",
    RingEnd.DECLINED: "busy",
    RingEnd.FAILED: "failed",
}
_PLIVO_CAUSES = {
    RingEnd.PICKED_UP: ("completed", "NORMAL_CLEARING", "4000"),
    RingEnd.NO_ANSWER: ("no-answer", "NO_ANSWER", "6010"),
    RingEnd.BUSY: ("busy", "USER_BUSY", "3010"),
    RingEnd.DECLINED: ("busy", "CALL_REJECTED", "3020"),
    RingEnd.FAILED: ("failed", "UNALLOCATED_NUMBER", "2000"),
}
_DEFAULT_RING_SECONDS = {Provider.TWILIO: "60", Provider.PLIVO: "120"}


async def play_alert_call(stage: Stage, call: PlacedCall) -> None:
    """Runs the call to its end; what was heard, pressed and asked is in ``call`` afterwards."""
    word = "Timeout" if call.provider is Provider.TWILIO else "ring_timeout"
    limit = float(call.parameters.get(word, _DEFAULT_RING_SECONDS[call.provider]))
    side = _TwilioAlert(stage, call) if call.provider is Provider.TWILIO else _PlivoAlert(stage, call)
    await side.begin()
    attempt = begin_attempt(stage, _e164(call.to), _e164(call.sender), limit)
    end = await attempt.ring(side.ringing)
    if end is RingEnd.PICKED_UP:
        if isinstance(attempt.behaviour, Machine):
            attempt.responder.leaves_at = stage.clock.offset + attempt.behaviour.talk_seconds
        keys = "".join(attempt.responder.keys)
        await side.listen(attempt)
        attempt.ended_at = stage.clock.offset
        call.heard = list(attempt.responder.heard)
        call.pressed = keys[: len(keys) - len(attempt.responder.keys)]
    await side.finish(attempt, end)
    await stage.wire.finish()
    call.requests = list(stage.notebook.requests)
    call.document_errors = list(stage.notebook.document_errors)


def _e164(number: str) -> str:
    return number if number.startswith("+") else f"+{number}"


@dataclass(slots=True)
class _TwilioAlert:
    stage: Stage
    call: PlacedCall
    _sequence: int = 0

    async def begin(self) -> None:
        await self._progress("initiated", "initiated")

    async def ringing(self) -> None:
        await self._progress("ringing", "ringing")

    async def listen(self, attempt: Attempt) -> None:
        self.call.status = "in-progress"
        await self._progress("answered", "in-progress")
        leg = twilio_leg.TwilioLeg(
            Leg(self.stage, attempt.responder, is_callers=False), self.stage.wire, self.stage.notebook, self._fields
        )
        try:
            page: twilio_leg.Page | None = await self._first_page(leg)
            while page is not None:
                page = await leg.run_page(page)
        except (Left, twilio_leg.Trouble):
            return

    async def _first_page(self, leg: twilio_leg.TwilioLeg) -> twilio_leg.Page:
        given = self.call.parameters
        if "Twiml" in given:
            try:
                return twilio_leg.Page("", read_document(given["Twiml"].encode(), "text/xml", TWIML))
            except DocumentFault as fault:
                raise leg.fault(fault.code, "", fault.message) from None
        return await leg.fetch(RequestKind.ANSWER, given["Url"], given.get("Method", "POST"))

    async def finish(self, attempt: Attempt, end: RingEnd) -> None:
        self.call.status = _TWILIO_STATUS.get(end, "completed")
        await self._progress("completed", self.call.status, twilio_leg.length_fields(attempt.leg_seconds))

    async def _progress(self, event: str, status: str, extra: dict[str, str] | None = None) -> None:
        sequence, self._sequence = self._sequence, self._sequence + 1
        self.call.status = status
        address = self.call.parameters.get("StatusCallback")
        if address is None or event not in (self.call.progress_events or ("completed",)):
            return
        fields = self._fields() | twilio_leg.progress_fields(self.stage.clock.now(), sequence) | (extra or {})
        method = self.call.parameters.get("StatusCallbackMethod", "POST")
        await self.stage.wire.notify(RequestKind.PROGRESS, address, method, fields)

    def _fields(self) -> dict[str, str]:
        return {
            "AccountSid": self.call.parameters["AccountSid"],
            "ApiVersion": twilio_leg.API_VERSION,
            "CallSid": self.call.call_id,
            "CallStatus": self.call.status,
            "Direction": "outbound-api",
            **twilio_leg.party("From", "Caller", self.call.sender),
            **twilio_leg.party("To", "Called", self.call.to),
        }


@dataclass(slots=True)
class _PlivoAlert:
    stage: Stage
    call: PlacedCall

    async def begin(self) -> None:
        """Plivo tells nothing before the phone rings."""

    async def ringing(self) -> None:
        self.call.status = "ringing"
        address = self.call.parameters.get("ring_url")
        if address is not None:
            method = self.call.parameters.get("ring_method", "POST")
            await self.stage.wire.notify(RequestKind.PROGRESS, address, method, self._fields() | {"Event": "Ring"})

    async def listen(self, attempt: Attempt) -> None:
        self.call.status = "in-progress"
        leg = plivo_leg.PlivoLeg(
            Leg(self.stage, attempt.responder, is_callers=False), self.stage.wire, self.stage.notebook, self._fields
        )
        given = self.call.parameters
        try:
            page: plivo_leg.Page | None = await leg.fetch(
                RequestKind.ANSWER, given["answer_url"], given.get("answer_method", "POST"), {"Event": "StartApp"}
            )
            while page is not None:
                page = await leg.run_page(page)
        except (Left, plivo_leg.CallBroken):
            return

    async def finish(self, attempt: Attempt, end: RingEnd) -> None:
        status, cause, code = _PLIVO_CAUSES[end]
        self.call.status = status
        address = self.call.parameters.get("hangup_url")
        if address is None:
            return
        fields = self._fields() | {
            "Event": "Hangup",
            "HangupCause": cause,
            "HangupCauseCode": code,
            "HangupSource": "Callee" if end is RingEnd.PICKED_UP else "Carrier",
            "Duration": str(attempt.leg_seconds),
            "BillDuration": str(attempt.leg_seconds),
            "EndTime": local_time(self.stage.clock.now()),
        }
        method = self.call.parameters.get("hangup_method", "POST")
        await self.stage.wire.notify(RequestKind.ENDED, address, method, fields)

    def _fields(self) -> dict[str, str]:
        return {
            "ALegRequestUUID": self.call.request_id,
            "ALegUUID": self.call.call_id,
            "CallStatus": self.call.status,
            "CallUUID": self.call.call_id,
            "Direction": "outbound",
            "From": plivo_leg.digits_of(self.call.sender),
            "ParentAuthID": self.call.parameters["auth_id"],
            "RequestUUID": self.call.request_id,
            "To": plivo_leg.digits_of(self.call.to),
        }
