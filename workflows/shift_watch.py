"""A schedule, for as long as it exists: who comes and who leaves is told, once.

The rows say what was told; this run only waits, and looks at the schedule whenever it was told of a change or a time
has come. So the order and the repetition of signals do not matter, and a run that was lost is rebuilt by starting
another one.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError

from workflows import ask_notice, ask_schedule
from workflows.policies import NOTICE_PAUSE

with workflow.unsafe.imports_passed_through():
    from domain.notice_messages import DeliverNotice
    from domain.schedule_messages import ScheduleStart, TendedSchedule, TendSchedule

SCHEDULE_KEY = SearchAttributeKey.for_keyword("DutylineSchedule")

#: what is wrong ahead is looked for at least daily
_LONGEST_WAIT = timedelta(days=1)
#: a timer may fire a little before the moment that it was set for
_SHORTEST_WAIT = timedelta(milliseconds=1)
#: after a long outage there are thousands of notices, and Temporal lets a run ask for 2,000 activities at once
_DELIVERIES_AT_ONCE = 100


@workflow.defn(name="ShiftWatchWorkflow")
class ShiftWatchWorkflow:
    """One run a schedule, id ``shift-watch-<key>``. It ends when the schedule is gone, and not before."""

    @workflow.init
    def __init__(self, start: ScheduleStart) -> None:
        self._start = start
        #: how often somebody told us to look, and how much of that we have looked at
        self._told = 0
        self._seen = 0
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        #: notices that could not be delivered, and until when they rest
        self._resting: dict[str, datetime] = {}
        self._may_deliver = asyncio.Semaphore(_DELIVERIES_AT_ONCE)

    @workflow.run
    async def run(self, start: ScheduleStart) -> str:
        if start.indexed:
            workflow.upsert_search_attributes([SCHEDULE_KEY.value_set(start.schedule)])
        while True:
            if self._may_begin_anew():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start)
            schedule = await self._tend()
            self._hand_out(schedule.deliver)
            if not schedule.exists:
                await self._settle()
                if not schedule.deliver and self._told == self._seen:
                    return "gone"
                if not self._resting:
                    # It was made again meanwhile, or its last notices have ended and can be forgotten.
                    continue
            await self._wait(schedule)

    @workflow.signal(name="changed", description="The schedule, or who is told of it, has changed; look at it")
    def changed(self) -> None:
        self._told += 1

    async def _tend(self) -> TendedSchedule:
        told = self._told
        schedule = await ask_schedule.tend_schedule(TendSchedule(self._start.schedule, workflow.now()))
        self._seen = told
        workflow.set_current_details(f"Waits for: {schedule.waits_for}" if schedule.exists else "The schedule is gone")
        return schedule

    def _may_begin_anew(self) -> bool:
        """Never while notices are on their way: the next run could not tell what became of them."""
        return workflow.info().is_continue_as_new_suggested() and not self._deliveries

    def _hand_out(self, notice_ids: Sequence[str]) -> None:
        """Notices go out beside the waiting: a webhook that is slow delays no handoff. In a run that is to begin anew,
        what failed rests until then; else one dead webhook would keep the run for ever."""
        now = workflow.now()
        if not workflow.info().is_continue_as_new_suggested():
            self._resting = {notice_id: until for notice_id, until in self._resting.items() if until > now}
        for notice_id in notice_ids:
            if notice_id not in self._deliveries and notice_id not in self._resting:
                self._deliveries[notice_id] = asyncio.create_task(self._deliver(notice_id))

    async def _deliver(self, notice_id: str) -> None:
        try:
            async with self._may_deliver:
                await ask_notice.deliver_notice(DeliverNotice(notice_id, workflow.now()))
        except ActivityError:
            # The notice's row tells what is known; the look after the pause hands it out again.
            workflow.logger.exception("a notice could not be delivered yet")
            self._resting[notice_id] = workflow.now() + NOTICE_PAUSE
        finally:
            del self._deliveries[notice_id]

    async def _wait(self, schedule: TendedSchedule) -> None:
        """Until somebody tells of a change, or it is time to look."""
        while not self._has_news(len(self._resting)):
            try:
                await workflow.wait_condition(
                    partial(self._has_news, len(self._resting)),
                    timeout=max(self._next_look(schedule) - workflow.now(), _SHORTEST_WAIT),
                    timeout_summary=schedule.waits_for or None,
                )
            except TimeoutError:
                return

    def _has_news(self, resting: int) -> bool:
        """A notice that begins to rest, beside ``resting`` others, brings the next look nearer."""
        return self._told > self._seen or self._may_begin_anew() or len(self._resting) > resting

    def _next_look(self, schedule: TendedSchedule) -> datetime:
        latest = workflow.now() + _LONGEST_WAIT
        resting = () if workflow.info().is_continue_as_new_suggested() else self._resting.values()
        return min(schedule.wake_at or latest, latest, *resting)

    async def _settle(self) -> None:
        """Wait for the notices on their way: their tries are few, so this takes minutes at most."""
        await workflow.wait_condition(lambda: not self._deliveries)
        await workflow.wait_condition(workflow.all_handlers_finished)
