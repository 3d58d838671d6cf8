"""A call to a hotline as Plivo runs it: answer and fallback address, XML on the caller's leg, the hang-up address."""

import math
import uuid
from datetime import timedelta

from telephony.simulator.media import plivo_recording_id
from telephony.simulator.plivo_dial import PlivoDial, local_time
from telephony.simulator.plivo_leg import (
    BUSY,
    CANCELED,
    DEFAULT_AUTH_ID,
    END_OF_XML,
    HANGUP_ELEMENT,
    NORMAL,
    REJECTED,
    CallBroken,
    Cause,
    Page,
    PlivoLeg,
    digits_of,
)
from telephony.simulator.scripts import Phase, RequestKind
from telephony.simulator.stage import Left, Leg, SimulatedNumber, Stage
from telephony.simulator.transcript import Ending, Recording, Who
from telephony.simulator.voicemail import MessageEnd, take_message
from telephony.simulator.xml_rules import Element

#: how Plivo spells a withheld number
WITHHELD = "anonymous"
_MEDIA_BASE_URL = "https://media.plivo.com"


def new_call_uuid() -> str:
    return str(uuid.uuid4())


class PlivoCall:
    """One inbound call."""

    def __init__(self, stage: Stage, number: SimulatedNumber, call_uuid: str) -> None:
        caller = stage.script.caller
        self._stage = stage
        self._number = number
        self._call_uuid = call_uuid
        self._auth_id = number.account_id or DEFAULT_AUTH_ID
        self._caller = WITHHELD if caller.number is None else caller.number
        self._status = "ringing"
        self._cause = NORMAL
        self._waiting_recorder: Element | None = None
        self._recorded: list[tuple[Element, Recording]] = []
        self._leg = PlivoLeg(
            Leg(stage, stage.caller),
            stage.wire,
            stage.notebook,
            self._fields,
            more_elements={"Dial": self._dial, "Record": self._record, "Hangup": self._hang_up},
            before_media=self._pick_up,
        )

    async def run(self) -> tuple[Ending, float]:
        """How the call ended, and when."""
        ending = await self._run_documents()
        ended_at = self._stage.clock.offset
        await self._report_the_end(ended_at)
        self._announce_recordings()
        return ending, ended_at

    async def _run_documents(self) -> Ending:
        stage = self._stage
        stage.enter(Phase.CALL)
        try:
            page: Page | None = await self._first_page()
            while page is not None:
                if stage.caller_is_gone:
                    await self._leg.leg.wait(0)
                page = await self._leg.run_page(page)
        except CallBroken as broken:
            stage.notebook.note(Who.CARRIER, f"ends the call: {broken.cause.name} ({broken.cause.code})")
            self._cause = broken.cause
            return Ending.CARRIER_ERROR
        except Left as left:
            return self._ending(left)
        self._cause = END_OF_XML
        stage.notebook.note(Who.CARRIER, "ends the call, because the document is over")
        return Ending.DUTYLINE_HUNG_UP

    def _ending(self, left: Left) -> Ending:
        if left.who is Who.CALLER:
            self._cause = CANCELED if self._status == "ringing" else NORMAL
            return Ending.CALLER_HUNG_UP
        if left.ending is None:
            self._cause = HANGUP_ELEMENT
        return left.ending or Ending.DUTYLINE_HUNG_UP

    async def _first_page(self) -> Page:
        method = self._stage.script.carrier.method
        event = {"Event": "StartApp"}
        try:
            return await self._leg.fetch(RequestKind.ANSWER, self._number.url, method, event)
        except CallBroken as broken:
            if not broken.is_unreachable:
                raise
            return await self._leg.fetch(RequestKind.FALLBACK, self._number.url, method, event)

    async def _dial(self, element: Element, page: Page) -> Page | None:
        if len(element) != 1:
            raise self._leg.fault(page, "the simulated carrier rings one number per <Dial>")
        self._pick_up()
        dial = PlivoDial(self._stage, self._leg, element, page.url, self._call_uuid, self._caller, self._number.number)
        result = await dial.run()
        if result.connected:
            self._keep_talk(result.talk_seconds)
        if self._stage.caller_is_gone:
            action = element.get("action")
            if action is not None:
                fields = self._fields() | {"CallStatus": "completed", "Event": "Redirect"} | result.fields
                await self._stage.wire.notify(RequestKind.DIAL, action, element.get("method", "POST"), fields)
            raise Left(Who.CALLER)
        return await self._leg.act(RequestKind.DIAL, element, result.fields)

    def _keep_talk(self, seconds: float) -> None:
        recorder, self._waiting_recorder = self._waiting_recorder, None
        if recorder is None:
            return
        length = min(round(seconds), int(recorder.get("maxLength", "60")))
        if length:
            self._keep(recorder, length, "talk")

    def _keep(self, element: Element, seconds: int, source: str) -> Recording:
        reference = plivo_recording_id(seconds)
        base = self._number.media_base_url or _MEDIA_BASE_URL
        extension = element.get("fileFormat", "mp3")
        url = f"{base}/v1/Account/{self._auth_id}/Recording/{reference}.{extension}"
        recording = Recording(reference, url, seconds, source)
        self._stage.notebook.recordings.append(recording)
        self._recorded.append((element, recording))
        return recording

    async def _record(self, element: Element, page: Page) -> Page | None:
        if "true" in (element.get("startOnDialAnswer"), element.get("recordSession")):
            return await self._record_in_background(element, page)
        self._pick_up()
        taken = await take_message(
            self._leg.leg,
            silence_seconds=float(element.get("timeout", "15")),
            most_seconds=int(element.get("maxLength", "60")),
            finish_keys=element.get("finishOnKey", "#"),
        )
        if taken is None:
            return None
        fields = self._recording_fields(self._keep(element, taken.seconds, "voicemail"))
        del fields["RecordFile"]
        if taken.ended_by is MessageEnd.HANG_UP:
            action = element.get("action")
            if action is not None:
                fields = self._fields() | fields | {"Event": "Redirect", "CallStatus": "completed", "Digits": "hangup"}
                await self._stage.wire.notify(RequestKind.RECORD, action, element.get("method", "POST"), fields)
            raise Left(Who.CALLER)
        fields["Digits"] = "#" if taken.ended_by is MessageEnd.KEY else ""
        return await self._leg.act(RequestKind.RECORD, element, fields)

    async def _record_in_background(self, element: Element, page: Page) -> Page | None:
        """Goes on at once; the action is told of the start, where lengths are not known yet."""
        if element.get("redirect", "true") == "true" and element.get("action") is not None:
            raise self._leg.fault(page, 'a background <Record> with an action needs redirect="false"')
        self._waiting_recorder = element
        fields = {"RecordingID": plivo_recording_id(0), "RecordingDuration": "-1", "RecordingDurationMs": "-1"}
        return await self._leg.act(RequestKind.RECORDING, element, fields)

    async def _hang_up(self, element: Element, page: Page) -> Page | None:
        reason = element.get("reason")
        if reason is not None and element is page.root[0] and self._status == "ringing":
            self._status = "busy"
            self._cause = BUSY if reason == "busy" else REJECTED
            self._stage.notebook.note(Who.CARRIER, f"rejects the call ({reason})")
            raise Left(Who.DUTYLINE, Ending.REJECTED)
        self._stage.notebook.note(Who.DUTYLINE, "hangs up on the caller")
        raise Left(Who.DUTYLINE)

    def _pick_up(self) -> None:
        """The first element with sound answers the call, and so does a Dial."""
        if self._status == "ringing":
            self._status = "in-progress"
            self._stage.enter(Phase.GREETING)

    def _announce_recordings(self) -> None:
        """Files are announced after the hang-up."""
        stage = self._stage
        for element, recording in self._recorded:
            address = element.get("callbackUrl")
            if address is None:
                continue
            fields = {
                "CallUUID": self._call_uuid,
                "Event": "RecordStop",
                "From": digits_of(self._caller),
                "To": digits_of(self._number.number),
                **self._recording_fields(recording),
            }
            method = element.get("callbackMethod", "POST")

            async def send(address: str = address, method: str = method, fields: dict[str, str] = fields) -> None:
                await stage.wire.notify(RequestKind.RECORDING, address, method, fields)

            stage.clock.schedule(stage.script.carrier.recording_ready_after_seconds, send)

    def _recording_fields(self, recording: Recording) -> dict[str, str]:
        ended_ms = int(self._stage.clock.now().timestamp() * 1000)
        return {
            "RecordUrl": recording.url,
            "RecordFile": recording.url,
            "RecordingID": recording.reference,
            "RecordingDuration": str(recording.seconds),
            "RecordingDurationMs": str(recording.seconds * 1000),
            "RecordingStartMs": str(ended_ms - recording.seconds * 1000),
            "RecordingEndMs": str(ended_ms),
        }

    async def _report_the_end(self, ended_at: float) -> None:
        stage = self._stage
        if not stage.script.carrier.hangup_notice:
            return
        ended = stage.clock.started_at + timedelta(seconds=ended_at)
        was_answered = self._status == "in-progress"
        fields = self._fields() | {
            "Event": "Hangup",
            "CallStatus": "busy" if self._status == "busy" else "completed",
            "StartTime": local_time(stage.clock.started_at),
            "AnswerTime": local_time(stage.clock.started_at) if was_answered else "",
            "EndTime": local_time(ended),
            "Duration": str(round(ended_at)),
            "BillDuration": str(math.ceil(round(ended_at) / 60) * 60 if was_answered else 0),
            "STIRAttestation": "Not Applicable",
            "TotalCost": "0.00000",
            **_cause_fields(self._cause),
        }
        await stage.wire.notify(RequestKind.ENDED, self._number.url, stage.script.carrier.method, fields)

    def _fields(self) -> dict[str, str]:
        caller = self._stage.script.caller
        fields = {
            "BillRate": "0.00850",
            "CallStatus": self._status,
            "CallUUID": self._call_uuid,
            "CallerName": caller.name or ("Anonymous" if caller.number is None else caller.number),
            "CountryCode": "US",
            "Direction": "inbound",
            "From": digits_of(self._caller),
            "ParentAuthID": self._auth_id,
            "RouteType": "",
            "STIRVerification": "Not Applicable" if caller.number is None else "Verified",
            "SessionStart": self._stage.clock.started_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
            "To": digits_of(self._number.number),
        }
        if caller.forwarded_from is not None:
            fields["ForwardedFrom"] = digits_of(caller.forwarded_from)
        return fields


def _cause_fields(cause: Cause) -> dict[str, str]:
    return {
        "HangupCause": cause.word,
        "HangupCauseCode": str(cause.code),
        "HangupCauseName": cause.name,
        "HangupSource": cause.source,
    }
