"""Rings a hotline as a carrier would: one call from dialling to the last callback, and a report of what happened."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import assert_never

import httpx2

from domain.directory import Provider
from telephony.simulator import plivo_leg, twilio_leg
from telephony.simulator.clock import Clock, Pace, at_speed
from telephony.simulator.plivo_side import PlivoCall, new_call_uuid
from telephony.simulator.scripts import Script
from telephony.simulator.stage import SimulatedNumber, Stage, caller_of
from telephony.simulator.transcript import Ending, Notebook, OnLine, SimulatedCall, Who
from telephony.simulator.twilio_side import TwilioCall, new_call_sid
from telephony.simulator.wire import Stamp, Wire

__all__ = ["SimulatedCarrier", "SimulatedNumber"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedCarrier:
    """A carrier that reaches Dutyline through ``http``.

    ``stamp`` signs ``<time>\\n<call id>`` for the ``X-Dutyline-Simulated`` header; without it the header is left out
    and Dutyline goes by its own clock. ``pace`` decides how much of the call time is slept, ``names`` how the numbers
    are called in the transcript.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        stamp: Stamp | None = None,
        pace: Pace | None = None,
        names: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._http = http
        self._stamp = stamp
        self._pace = pace or at_speed(None)
        self._names = names or {}
        self._now = now

    async def ring(
        self,
        number: SimulatedNumber,
        script: Script | None = None,
        on_line: OnLine | None = None,
        *,
        call_id: str | None = None,
    ) -> SimulatedCall:
        """Plays one call to its end, callbacks included. ``on_line`` gets each transcript line as it happens."""
        script = script or Script()
        clock = Clock(self._now(), self._pace)
        notebook = Notebook(clock, self._names, on_line)
        call_id = call_id or _new_call_id(number.provider)
        stage = Stage(script, clock, notebook, self._wire(number, script, clock, notebook, call_id), caller_of(script))
        notebook.note(Who.CALLER, f"{_caller_name(notebook, script)} dials {number.number}")
        ending, ended_at = await _play(stage, number, call_id)
        await stage.wire.finish()
        return SimulatedCall(
            provider=number.provider,
            provider_call_id=call_id,
            started_at=clock.started_at,
            ending=ending,
            duration_seconds=round(ended_at, 3),
            talk_seconds=sum(leg.talk_seconds for leg in notebook.legs),
            legs=tuple(notebook.legs),
            heard_by_caller=tuple(stage.caller.heard),
            heard_by_responders={who: tuple(texts) for who, texts in stage.heard_by_responders.items()},
            recordings=tuple(notebook.recordings),
            voicemail_seconds=stage.voicemail_seconds,
            longest_silence_seconds=round(notebook.longest_silence_seconds, 3),
            requests=tuple(notebook.requests),
            document_errors=tuple(notebook.document_errors),
            lines=tuple(notebook.lines),
        )

    def _wire(self, number: SimulatedNumber, script: Script, clock: Clock, notebook: Notebook, call_id: str) -> Wire:
        match number.provider:
            case Provider.TWILIO:
                rules, user_agent, signer = twilio_leg.RULES, twilio_leg.USER_AGENT, twilio_leg.signer
            case Provider.PLIVO:
                rules, user_agent, signer = plivo_leg.RULES, plivo_leg.USER_AGENT, plivo_leg.signer
            case _:
                assert_never(number.provider)
        return Wire(
            self._http,
            clock,
            notebook,
            call_id=call_id,
            rules=rules,
            user_agent=user_agent,
            sign=None if number.auth_token is None else signer(number.auth_token),
            stamp=self._stamp,
            faults=script.carrier.faults,
        )


async def _play(stage: Stage, number: SimulatedNumber, call_id: str) -> tuple[Ending, float]:
    match number.provider:
        case Provider.TWILIO:
            return await TwilioCall(stage, number, call_id).run()
        case Provider.PLIVO:
            return await PlivoCall(stage, number, call_id).run()


def _new_call_id(provider: Provider) -> str:
    return new_call_sid() if provider is Provider.TWILIO else new_call_uuid()


def _caller_name(notebook: Notebook, script: Script) -> str:
    caller = script.caller
    if caller.number is None:
        return "somebody with a withheld number"
    return caller.name or notebook.name(caller.number)
