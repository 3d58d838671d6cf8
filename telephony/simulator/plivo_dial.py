"""``<Dial>`` as Plivo runs it: ring, confirm sound and key, connect, leg events."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from telephony.simulator.plivo_leg import CANCELED, CallBroken, Cause, PlivoLeg, digits_of, prompt_of
from telephony.simulator.plivo_rules import CONFIRM_SOUND_ELEMENTS
from telephony.simulator.ringing import Attempt, RingEnd, begin_attempt
from telephony.simulator.scripts import RequestKind
from telephony.simulator.stage import Left, Leg, Stage
from telephony.simulator.transcript import Who
from telephony.simulator.xml_rules import Element

#: Plivo has no limit of its own; networks give up about then
_NETWORK_RING_SECONDS = 60.0
_RINGS = {
    RingEnd.NO_ANSWER: ("no-answer", Cause("NO_ANSWER", 6010, "Ring Timeout Reached", "Plivo")),
    RingEnd.BUSY: ("busy", Cause("USER_BUSY", 3010, "Busy Line", "Carrier")),
    RingEnd.DECLINED: ("busy", Cause("CALL_REJECTED", 3020, "Rejected", "Carrier")),
    RingEnd.FAILED: ("failed", Cause("UNALLOCATED_NUMBER", 2000, "Invalid Destination Address", "Carrier")),
    RingEnd.CALLER_GONE: ("cancel", CANCELED),
}
_CALLEE_HUNG_UP = Cause("NORMAL_CLEARING", 4000, "Normal Hangup", "Callee")
_CALLER_HUNG_UP = Cause("NORMAL_CLEARING", 4000, "Normal Hangup", "Caller")
_NOT_CONFIRMED = Cause("NORMAL_CLEARING", 4000, "Normal Hangup", "Plivo")


@dataclass(frozen=True, slots=True)
class DialResult:
    """What the action address is told, and the talk if there was one."""

    fields: dict[str, str]
    connected: bool
    talk_seconds: float = 0.0


def local_time(at: datetime) -> str:
    """The account's local time without a zone, as Plivo sends it; this account lives in UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


@dataclass(slots=True)
class PlivoDial:
    """One ``<Dial>`` with its ``<Number>``."""

    stage: Stage
    leg: PlivoLeg
    dial: Element
    page_url: str
    call_uuid: str
    caller: str
    dialled: str
    child_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def run(self) -> DialResult:
        """Rings, asks, connects. Never raises: who left is in the result or in the caller's ``leaves_at``."""
        target = digits_of((self.dial[0].text or "").strip())
        caller_id = digits_of(self.dial.get("callerId", self.caller))
        refused = self._refused(target, caller_id)
        if refused is not None:
            self.stage.notebook.refuse("2000", self.page_url, refused)
            return self._result("failed", _RINGS[RingEnd.FAILED][1], rang=False, connected=False)
        limit = float(self.dial.get("timeout", _NETWORK_RING_SECONDS)) + self.stage.script.carrier.ring_buffer_seconds
        attempt = begin_attempt(self.stage, f"+{target}", f"+{caller_id}", limit)
        end = await attempt.ring(_nothing)
        if end is not RingEnd.PICKED_UP:
            status, cause = _RINGS[end]
            attempt.close()
            await self._hung_up(attempt, cause)
            return self._result(status, cause, rang=end is not RingEnd.FAILED, connected=False)
        return await self._picked_up(attempt)

    def _refused(self, target: str, caller_id: str) -> str | None:
        if re.fullmatch(r"[1-9]\d{6,14}", target) is None:
            return f"{target!r} is not a number that can be dialled"
        if caller_id not in (digits_of(self.caller), digits_of(self.dialled)):
            return f"{caller_id!r} is not a caller id that this call may show"
        return None

    async def _picked_up(self, attempt: Attempt) -> DialResult:
        await self._event(attempt, "answer", "DialAnswer")
        try:
            if await self._confirmed(attempt):
                await self._event(attempt, "connected", "DialConnected")
                await attempt.talk(float(self.dial.get("timeLimit", "14400")))
        except Left:
            self.stage.notebook.note(Who.CARRIER, f"the leg of {attempt.name} is ended before it was connected")
        attempt.ended_at = self.stage.clock.offset
        attempt.close()
        gone = self.stage.caller_is_gone
        if attempt.bridged_at is not None:
            status, cause = "completed", _CALLER_HUNG_UP if gone else _CALLEE_HUNG_UP
        elif gone:
            status, cause = _RINGS[RingEnd.CALLER_GONE]
        else:
            status, cause = self.stage.script.carrier.unconfirmed_dial_status, _NOT_CONFIRMED
        await self._hung_up(attempt, cause)
        connected = attempt.bridged_at is not None
        return self._result(status, cause, rang=True, connected=connected, talk_seconds=attempt.talk_seconds)

    async def _confirmed(self, attempt: Attempt) -> bool:
        """Plays the confirm sound and waits for the confirm key; another key changes nothing."""
        begun = self.stage.clock.offset
        leg = Leg(self.stage, attempt.responder, also_present=(self.stage.caller,), is_callers=False)
        prompts: list[tuple[str, float]] = []
        address = self.dial.get("confirmSound")
        if address is not None:
            try:
                prompts = await self._confirm_sound(address)
            except CallBroken:
                return False
        key = self.dial.get("confirmKey")
        deadline = begun + float(self.dial.get("confirmTimeout", "120"))
        while key is not None:
            left = max(0.0, deadline - self.stage.clock.offset - sum(seconds for _, seconds in prompts))
            pressed = await leg.ask_for_keys(prompts, left, 1)
            if pressed is None:
                self.stage.notebook.note(Who.CARRIER, f"ends the leg of {attempt.name}, who did not press {key}")
                return False
            if pressed == key:
                return True
            prompts = []
        for text, seconds in prompts:
            leg.hear(text)
            await leg.wait(seconds)
        return True

    async def _confirm_sound(self, address: str) -> list[tuple[str, float]]:
        fetcher = PlivoLeg(self.leg.leg, self.leg.wire, self.leg.notebook, self._confirm_fields)
        page = await fetcher.fetch(RequestKind.WHISPER, address, "POST", allowed=CONFIRM_SOUND_ELEMENTS)
        return [prompt_of(element) for element in page.root]

    def _confirm_fields(self) -> dict[str, str]:
        return {
            "CallUUID": self.call_uuid,
            "Event": "DialRemoteSounds",
            "From": digits_of(self.caller),
            "To": digits_of(self.dialled),
            "CallStatus": "in-progress",
            "Direction": "inbound",
        }

    async def _hung_up(self, attempt: Attempt, cause: Cause) -> None:
        clock = self.stage.clock
        extra = {
            "DialBLegDuration": str(attempt.leg_seconds),
            "DialBLegBillDuration": str(-(-attempt.leg_seconds // 60) * 60),
            "DialBLegHangupCause": cause.word,
            "DialBLegHangupCauseCode": str(cause.code),
            "DialBLegHangupCauseName": cause.name,
            "DialBLegHangupSource": cause.source,
            "AnswerTime": "" if attempt.picked_up_at is None else local_time(clock.now()),
        }
        await self._event(attempt, "hangup", "DialHangup", extra)

    async def _event(self, attempt: Attempt, action: str, event: str, extra: dict[str, str] | None = None) -> None:
        address = self.dial.get("callbackUrl")
        if address is None:
            return
        fields = {
            "CallUUID": self.call_uuid,
            "DialAction": action,
            "DialALegUUID": self.call_uuid,
            "DialBLegFrom": digits_of(attempt.caller_id),
            "DialBLegPosition": "1",
            "DialBLegStatus": action,
            "DialBLegTo": digits_of(attempt.number),
            "DialBLegUUID": self.child_uuid,
            "Event": event,
            "STIRVerification": "Not Applicable",
            **(extra or {}),
        }
        method = self.dial.get("callbackMethod", "POST")
        await self.stage.wire.notify(RequestKind.PROGRESS, address, method, fields)

    def _result(
        self, status: str, cause: Cause, *, rang: bool, connected: bool, talk_seconds: float = 0.0
    ) -> DialResult:
        fields = {
            "DialALegUUID": self.call_uuid,
            "DialBLegUUID": self.child_uuid if connected else "",
            "DialHangupCause": cause.word,
            "DialRingStatus": "true" if rang else "false",
            "DialStatus": status,
        }
        return DialResult(fields, connected, talk_seconds)


async def _nothing() -> None:
    """Plivo tells nobody that a phone rings."""
