"""Who answers a webhook: the call's workflow, or, when Temporal does not answer in time, this process.

Both run the same call flow on the same continuation, so the caller cannot tell. What was answered here is written to
the call spool before the answer leaves, and handed to the workflow as soon as Temporal takes it: every call ends with
a complete log.
"""

import asyncio
import time

import structlog

from api.call_spool import CallSpool, SpooledWebhook
from api.live_calls import LiveCall
from api.metrics import VOICE_ALONE
from domain.call_flow import last_resort
from domain.call_messages import CarrierSaid, FetchRecording
from domain.call_state import Answer, Control, Stage
from domain.events import Event, StepEvent
from domain.ids import call_id
from domain.instructions import Hangup
from temporal.breaker import ANSWER_BUDGET_SECONDS, Breaker
from temporal.door import CallFlowFailed, CallIsOver, Door, Unavailable

log = structlog.get_logger()


class CallDesk:
    def __init__(self, door: Door, breaker: Breaker, spool: CallSpool) -> None:
        self._door = door
        self._breaker = breaker
        self._spool = spool

    @property
    def indexed(self) -> bool:
        """Whether workflows may set our search attributes."""
        return self._door.indexed

    async def answer(self, live: LiveCall, event: Event, proof: Control | None, update_id: str) -> Answer:
        """The answer to one webhook. Never raises, never takes much longer than the budget."""
        is_over = live.state.facts.ended_at is not None
        answer = await self._answer(live, event, proof, update_id)
        if is_over and isinstance(event, StepEvent):
            # Nobody is on the line any more; what came late is remembered, but rings nobody.
            return Answer(answer.control, (Hangup(),))
        return answer

    async def _answer(self, live: LiveCall, event: Event, proof: Control | None, update_id: str) -> Answer:
        said = CarrierSaid(event, proof, hotline=live.start.plan.hotline)
        try:
            answer = await self._ask_workflow(live, said, update_id)
        except CallIsOver:
            return _answer_late(live, event, proof)
        except CallFlowFailed as error:
            log.error("the workflow could not use a webhook", call=_call(live), error=str(error))
            return _answer_alone(live, event, proof)
        except (Unavailable, TimeoutError):
            VOICE_ALONE.inc()
            answer = _answer_alone(live, event, proof)
            await self._remember(live, event, proof, answer, update_id)
            return answer
        _keep_up(live, event, proof, answer)
        return answer

    async def fetch_recording(self, request: FetchRecording) -> None:
        """Have a recording fetched; the request survives Temporal's absence in the spool."""
        try:
            if self._breaker.is_open:
                raise Unavailable("the circuit is open")
            async with asyncio.timeout(ANSWER_BUDGET_SECONDS):
                await self._door.fetch_recording(request)
        except (Unavailable, TimeoutError):
            await self._keep(SpooledWebhook(recording=request))

    async def _ask_workflow(self, live: LiveCall, said: CarrierSaid, update_id: str) -> Answer:
        if self._breaker.is_open:
            raise Unavailable("the circuit is open")
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_BUDGET_SECONDS):
                answer = await self._door.carrier_said(live.start, said, update_id)
        except (Unavailable, TimeoutError) as error:
            self._breaker.failed(str(error) or f"no answer within {ANSWER_BUDGET_SECONDS} s")
            raise
        self._breaker.answered(time.monotonic() - started)
        return answer

    async def _remember(
        self, live: LiveCall, event: Event, proof: Control | None, answer: Answer, update_id: str
    ) -> None:
        answered = answer.control if isinstance(event, StepEvent) else None
        said = CarrierSaid(event, proof, answered, live.start.plan.hotline)
        await self._keep(SpooledWebhook(live.start, said, f"{update_id}:spooled"))

    async def _keep(self, webhook: SpooledWebhook) -> None:
        try:
            await self._spool.append(webhook)
        except OSError as error:
            # The caller still gets the answer; what is lost is a line of the log.
            log.error("the call spool cannot be written", error=str(error))


def _answer_alone(live: LiveCall, event: Event, proof: Control | None) -> Answer:
    try:
        return live.advance(event, proof)
    except Exception:
        log.exception("the call flow failed; the last resort answers", call=_call(live))
        control = proof or live.state.control
        return last_resort(live.start.plan, control, event.at) if isinstance(event, StepEvent) else Answer(control, ())


def _answer_late(live: LiveCall, event: Event, proof: Control | None) -> Answer:
    """The call's log is closed. Whoever is still on the line is served by the continuation all the same."""
    log.info("a webhook came after the end of its call", call=_call(live), event_kind=event.kind)
    if proof is None or proof.stage is Stage.CLOSING:
        live_control = proof or live.state.control
        return Answer(live_control, ())
    return _answer_alone(live, event, proof)


def _keep_up(live: LiveCall, event: Event, proof: Control | None, answer: Answer) -> None:
    """Run the flow here too, so that this process can go on alone at any moment."""
    try:
        live.advance(event, proof)
    except Exception:
        log.exception("the call flow failed beside the workflow", call=_call(live))
    live.follow(answer)


def _call(live: LiveCall) -> str:
    return call_id(live.start.identity.provider, live.start.identity.provider_call_id)
