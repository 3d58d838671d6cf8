"""A call, from its first webhook to its incident.

The workflow answers every webhook by running ``domain.call_flow.advance`` in an update handler: no activity, no timer,
no await. What is written down comes after, off the answering path. The carrier rings the phones, not our timers: the
only timer here is a watchdog that ends the log of a call of which nothing more is heard.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import ask, ask_notice
from workflows.policies import NOTICE_PAUSE

with workflow.unsafe.imports_passed_through():
    from domain.call_ends import over_at
    from domain.call_flow import advance, fresh, note_stateless
    from domain.call_log import LoggedCall, log_call
    from domain.call_messages import CALL_IS_OVER, AnnounceCall, CallStart, CarrierSaid, HandInCall, SaveCall
    from domain.call_state import Answer
    from domain.events import CallEnded, StepEvent
    from domain.instructions import Document, Hangup
    from domain.notice_messages import DeliverNotice

HOTLINE_KEY = SearchAttributeKey.for_keyword("DutylineHotline")
OUTCOME_KEY = SearchAttributeKey.for_keyword("DutylineOutcome")

#: an end that is noticed so much later was due while nobody worked
_AWAY = timedelta(seconds=5)
_SPOOL_GRACE = timedelta(seconds=60)

#: a patch: calls of a hotline with ``notify`` that ended before this told nobody
ANNOUNCED = "announce-finished-calls"


@workflow.defn(name="CallWorkflow")
class CallWorkflow:
    """One run a call, id ``call-<provider>-<provider call id>``; it ends when the call's log is complete and everybody
    was told whom the hotline names, or an hour has passed.

    Guarantees: the same webhook gets the same answer; the log is saved as the call goes on and at its end; the finished
    call is handed in exactly once (by its id), before anybody is told; who cannot be told changes nothing else. While
    people are told, webhooks are refused as if the run were closed.
    """

    @workflow.init
    def __init__(self, start: CallStart) -> None:
        # An update handler may run before the first line of run.
        now = workflow.now()
        self._start = start
        self._state = fresh(start.plan, start.identity.caller, now)
        self._document: Document = ()
        self._revision = 0
        self._hangup_seen = False
        self._grace_given = False
        self._is_over = False
        self._newest_at = now
        self._over_at = now + timedelta(hours=1)

    @workflow.run
    async def run(self, start: CallStart) -> str:
        if start.indexed:
            workflow.upsert_search_attributes([HOTLINE_KEY.value_set(start.plan.hotline)])
        saved = -1
        while True:
            if saved != self._revision:
                saved = self._revision
                await ask.save_call(SaveCall(self._log(), saved, self._hangup_seen))
                continue
            # The state is looked at again after the wait: news may have moved the end.
            overdue = workflow.now() - self._over_at
            if overdue >= timedelta() and not self._waits_for_spooled_news(overdue):
                break
            await self._wait_for_news(saved)
        call = self._log(finished_at=workflow.now())
        await ask.save_call(SaveCall(call, self._revision + 1, self._hangup_seen))
        await ask.hand_in_call(HandInCall(call, start.plan))
        if start.indexed:
            workflow.upsert_search_attributes([OUTCOME_KEY.value_set(str(call.outcome))])
        if start.plan.notify and workflow.patched(ANNOUNCED):
            self._is_over = True
            await self._announce(call)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return str(call.outcome)

    @workflow.update(name="carrier_said", description="One webhook of the carrier; returns the document to answer")
    def carrier_said(self, said: CarrierSaid) -> Answer:
        try:
            return self._advance(said)
        except Exception as error:
            # Anything else would be retried for ever and wedge the call; the api answers by itself instead.
            raise ApplicationError(
                f"the call flow failed: {type(error).__name__}: {error}", type="CallFlowFailed", non_retryable=True
            ) from error

    @carrier_said.validator
    def refuse_when_over(self, said: CarrierSaid) -> None:
        if self._is_over:
            raise ApplicationError("the call is over", type=CALL_IS_OVER, non_retryable=True)

    def _advance(self, said: CarrierSaid) -> Answer:
        event, plan = said.event, self._start.plan
        if said.hotline not in ("", plan.hotline):
            # Whoever knows another hotline's address and this call's id must not drive this call.
            return Answer(self._state.control, (Hangup(),))
        if self._revision == 0:
            self._newest_at = event.at
            started_at = said.proof.started_at if said.proof else event.at
            self._state = replace(self._state, control=replace(self._state.control, started_at=started_at))
        self._state, answer = advance(plan, self._state, event, said.proof)
        if said.answered is not None:
            self._state = note_stateless(self._state, said.answered)
        if isinstance(event, StepEvent) and answer.control.key == self._state.control.key:
            self._document = answer.document
        self._hangup_seen = self._hangup_seen or isinstance(event, CallEnded)
        self._revision += 1
        # The carrier's clock may be a simulated one, and old news may come last: what counts is how much later than the
        # newest event the end is due.
        self._newest_at = max(self._newest_at, event.at)
        self._over_at = workflow.now() + max(over_at(plan, self._state, self._document) - self._newest_at, timedelta())
        return answer

    def _waits_for_spooled_news(self, overdue: timedelta) -> bool:
        """Nobody was there when the end came: Temporal or the worker was away, and what was answered without them is
        about to be handed over. It gets one more grace."""
        if overdue < _AWAY or self._grace_given:
            return False
        self._grace_given = True
        self._over_at = workflow.now() + _SPOOL_GRACE
        return True

    def _log(self, finished_at: datetime | None = None) -> LoggedCall:
        start = self._start
        return log_call(start.plan, start.identity, self._state, start.verified, start.warnings, finished_at)

    async def _announce(self, call: LoggedCall) -> None:
        workflow.set_current_details("The call is over; messages about it are on their way")
        notice_ids = await ask.announce_call(AnnounceCall(call, self._start.plan.notify, workflow.now()))
        # Beside each other: a chat that is down delays no text message.
        await asyncio.gather(*map(_deliver, notice_ids))

    async def _wait_for_news(self, revision: int) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._revision != revision,
                timeout=self._over_at - workflow.now(),
                timeout_summary="nothing more is expected of this call",
            )
        except TimeoutError:
            return


async def _deliver(notice_id: str) -> None:
    """Return when the notice has an end: sent, refused, in doubt for ever, or no news any more."""
    while True:
        try:
            return await ask_notice.deliver_notice(DeliverNotice(notice_id, workflow.now()))
        except ActivityError:
            # The notice's row tells what is known.
            workflow.logger.exception("a notice could not be delivered yet")
            await workflow.sleep(NOTICE_PAUSE, summary="until the notice is tried again")
