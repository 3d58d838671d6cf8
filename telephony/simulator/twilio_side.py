"""A call to a hotline as Twilio runs it: the number's address, TwiML on the caller's leg, fallback, the end."""

import secrets
from urllib.parse import urljoin

from telephony.simulator.scripts import Phase, RequestKind
from telephony.simulator.stage import Left, Leg, SimulatedNumber, Stage
from telephony.simulator.transcript import Ending, Who
from telephony.simulator.twilio_dial import CallFacts, TwilioDial, announce_recording, new_recording
from telephony.simulator.twilio_leg import (
    API_VERSION,
    DEFAULT_ACCOUNT_SID,
    Page,
    Trouble,
    TwilioLeg,
    length_fields,
    party,
    progress_fields,
)
from telephony.simulator.voicemail import MessageEnd, take_message
from telephony.simulator.xml_rules import Element

#: how Twilio spells a withheld number: ANONYMOUS on a keypad
WITHHELD = "+266696687"
_MEDIA_BASE_URL = "https://api.twilio.com"
_ERROR_SENTENCE = "We are sorry, an application error has occurred. Goodbye."
_MOST_FALLBACKS = 10


def new_call_sid() -> str:
    return f"CA{secrets.token_hex(16)}"


class TwilioCall:
    """One inbound call."""

    def __init__(self, stage: Stage, number: SimulatedNumber, call_sid: str) -> None:
        caller = stage.script.caller
        self._stage = stage
        self._number = number
        self._facts = CallFacts(
            account_sid=number.account_id or DEFAULT_ACCOUNT_SID,
            call_sid=call_sid,
            caller=WITHHELD if caller.number is None else caller.number,
            dialled=number.number,
            media_base_url=number.media_base_url or _MEDIA_BASE_URL,
        )
        self._status = "ringing"
        self._fallbacks = 0
        self._leg = TwilioLeg(
            Leg(stage, stage.caller),
            stage.wire,
            stage.notebook,
            self._fields,
            more_verbs={"Dial": self._dial, "Record": self._record, "Reject": self._reject},
            before_media=self._pick_up,
        )

    async def run(self) -> tuple[Ending, float]:
        """How the call ended, and when."""
        ending = await self._run_documents()
        ended_at = self._stage.clock.offset
        if ending is Ending.CALLER_HUNG_UP and self._status == "ringing":
            self._status = "canceled"
        elif ending is not Ending.REJECTED:
            self._status = "completed"
        await self._report_the_end(ended_at)
        return ending, ended_at

    async def _run_documents(self) -> Ending:
        stage = self._stage
        stage.enter(Phase.CALL)
        try:
            page: Page | None = await self._first_page()
            while page is not None:
                if stage.caller_is_gone:
                    await self._leg.leg.wait(0)
                try:
                    page = await self._leg.run_page(page)
                except Trouble as trouble:
                    page = await self._fall_back(trouble)
        except Left as left:
            if left.ending is not None:
                return left.ending
            return Ending.CALLER_HUNG_UP if left.who is Who.CALLER else Ending.DUTYLINE_HUNG_UP
        stage.notebook.note(Who.CARRIER, "ends the call, because the document is over")
        return Ending.DUTYLINE_HUNG_UP

    async def _first_page(self) -> Page:
        method = self._stage.script.carrier.method
        try:
            return await self._leg.fetch(RequestKind.ANSWER, self._number.url, method)
        except Trouble as trouble:
            return await self._fall_back(trouble)

    async def _fall_back(self, trouble: Trouble) -> Page:
        """Asks the fallback address, which is the same pasted address; a second failure ends the call."""
        stage = self._stage
        if stage.caller_is_gone:
            await self._leg.leg.wait(0)
        self._fallbacks += 1
        if self._fallbacks <= _MOST_FALLBACKS:
            try:
                return await self._leg.fetch(
                    RequestKind.FALLBACK,
                    self._number.url,
                    stage.script.carrier.method,
                    {"ErrorCode": trouble.code, "ErrorUrl": trouble.url},
                )
            except Trouble:
                pass
        stage.caller.heard.append(_ERROR_SENTENCE)
        stage.notebook.note(Who.CARRIER, f"to the caller: “{_ERROR_SENTENCE}”")
        raise Left(Who.CARRIER, Ending.CARRIER_ERROR)

    async def _dial(self, verb: Element, page: Page) -> Page | None:
        numbers = list(verb)
        if len(numbers) > 1:
            raise self._leg.fault("13224", page.url, "the simulated carrier rings one number per <Dial>")
        if verb.get("answerOnBridge") != "true":
            self._pick_up()
        dial = TwilioDial(
            self._stage,
            self._facts,
            verb,
            numbers[0] if numbers else None,
            page,
            resolve=lambda address: urljoin(page.url, address),
        )
        result = await dial.run()
        if result.bridged:
            self._status = "in-progress"
        action = verb.get("action")
        if self._stage.caller_is_gone:
            if action is not None:
                fields = self._fields() | {"CallStatus": "completed"} | result.fields()
                address, method = urljoin(page.url, action), verb.get("method", "POST")
                await self._stage.wire.notify(RequestKind.DIAL, address, method, fields)
            raise Left(Who.CALLER)
        if action is None:
            return None
        return await self._leg.fetch(RequestKind.DIAL, action, verb.get("method", "POST"), result.fields(), page.url)

    async def _record(self, verb: Element, page: Page) -> Page | None:
        self._pick_up()
        taken = await take_message(
            self._leg.leg,
            silence_seconds=float(verb.get("timeout", "5")),
            most_seconds=int(verb.get("maxLength", "3600")),
            finish_keys=verb.get("finishOnKey", "1234567890*#"),
        )
        if taken is None:
            return None
        recording = new_recording(self._facts, taken.seconds, "voicemail")
        self._stage.notebook.recordings.append(recording)
        extra = {"RecordingSource": "RecordVerb", "RecordingChannels": "1"}
        announce_recording(self._stage, self._facts, verb, recording, lambda address: urljoin(page.url, address), extra)
        fields = {
            "RecordingUrl": recording.url,
            "RecordingSid": recording.reference,
            "RecordingDuration": str(taken.seconds),
        }
        action, method = urljoin(page.url, verb.get("action") or page.url), verb.get("method", "POST")
        if taken.ended_by is MessageEnd.HANG_UP:
            fields = self._fields() | {"CallStatus": "completed"} | fields | {"Digits": "hangup"}
            await self._stage.wire.notify(RequestKind.RECORD, action, method, fields)
            raise Left(Who.CALLER)
        if taken.ended_by is MessageEnd.KEY:
            fields["Digits"] = "#"
        return await self._leg.fetch(RequestKind.RECORD, action, method, fields)

    async def _reject(self, verb: Element, page: Page) -> Page | None:
        if self._status != "ringing" or verb is not page.root[0]:
            raise self._leg.fault("12200", page.url, "<Reject> comes too late, the call is answered")
        reason = verb.get("reason", "rejected")
        self._status = "busy" if reason == "busy" else "no-answer"
        self._stage.notebook.note(Who.CARRIER, f"rejects the call ({reason})")
        raise Left(Who.DUTYLINE, Ending.REJECTED)

    def _pick_up(self) -> None:
        """The first verb with sound answers the call."""
        if self._status == "ringing":
            self._status = "in-progress"
            self._stage.enter(Phase.GREETING)

    async def _report_the_end(self, ended_at: float) -> None:
        carrier = self._stage.script.carrier
        if not carrier.hangup_notice:
            return
        seconds = ended_at if self._status == "completed" else 0
        fields = self._fields() | length_fields(seconds) | progress_fields(self._stage.clock.now(), 0)
        await self._stage.wire.notify(RequestKind.ENDED, self._number.url, carrier.method, fields)

    def _fields(self) -> dict[str, str]:
        caller = self._stage.script.caller
        is_withheld = caller.number is None
        fields = {
            "AccountSid": self._facts.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": self._facts.call_sid,
            "CallStatus": self._status,
            "Direction": "inbound",
            **party("From", "Caller", self._facts.caller),
            **party("To", "Called", self._facts.dialled),
            "StirVerstat": "No-TN-Validation" if is_withheld else "TN-Validation-Passed-A",
        }
        if caller.name is not None:
            fields["CallerName"] = caller.name
        if caller.forwarded_from is not None:
            fields["ForwardedFrom"] = caller.forwarded_from
        return fields
