"""A schedule, for as long as it exists: who comes and who leaves is told, once.

The rows say what was told; this run only waits, and looks at the schedule whenever it was told of a change or a time
has come. So the order and the repetition of signals do not matter, and a run that was lost is rebuilt by starting
another one.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError

from workflows import ask_schedule
from workflows.policies import NOTICE_PAUSE

with workflow.unsafe.imports_passed_through():
    from domain.schedule_messages import DeliverNotice, ScheduleStart, TendedSchedule, TendSchedule

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
        self._may_deliver = asyncio.Semaphore(_DELIVERIES_AT_ONCE)

    @workflow.run
    async def run(self, start: ScheduleStart) -> str:
        if start.indexed:
            workflow.upsert_search_attributes([SCHEDULE_KEY.value_set(start.schedule)])
        while True:
            schedule = await self._tend()
            self._deliver(schedule.deliver)
            if not schedule.exists:
                await self._settle()
                if self._told == self._seen:
                    return "gone"
                # It was made again while the last notices went out.
                continue
            # Not while notices are on their way: their tries take minutes, and a handoff would wait for them.
            if workflow.info().is_continue_as_new_suggested() and not self._deliveries:
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start)
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

    def _deliver(self, notice_ids: Sequence[str]) -> None:
        """Notices go out beside the waiting: a webhook that is slow delays no handoff."""
        for notice_id in notice_ids:
            if notice_id not in self._deliveries:
                self._deliveries[notice_id] = asyncio.create_task(self._deliver_one(notice_id))

    async def _deliver_one(self, notice_id: str) -> None:
        try:
            async with self._may_deliver:
                await ask_schedule.deliver_notice(DeliverNotice(notice_id, workflow.now()))
        except ActivityError:
            # The notice's row tells what is known; the look after the pause hands it out again.
            workflow.logger.exception("a notice could not be delivered yet")
            await workflow.sleep(NOTICE_PAUSE)
            self._told += 1
        finally:
            del self._deliveries[notice_id]

    async def _wait(self, schedule: TendedSchedule) -> None:
        left = _LONGEST_WAIT if schedule.wake_at is None else schedule.wake_at - workflow.now()
        try:
            await workflow.wait_condition(
                lambda: self._told > self._seen,
                timeout=max(min(left, _LONGEST_WAIT), _SHORTEST_WAIT),
                timeout_summary=schedule.waits_for or None,
            )
        except TimeoutError:
            return

    async def _settle(self) -> None:
        """Wait for the notices on their way: their tries are few, so this takes minutes at most."""
        await workflow.wait_condition(lambda: not self._deliveries)
        await workflow.wait_condition(workflow.all_handlers_finished)
