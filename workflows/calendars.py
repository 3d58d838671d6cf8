"""Foreign calendars, read every night and whenever somebody asks. What a reading brought, and how it went, is in the
database; this run only knows what is still to be read, and when the next night is.
"""

from datetime import UTC, datetime, time, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import ask_calendars

with workflow.unsafe.imports_passed_through():
    from domain.foreign_calendars import CalendarsStart, RefreshCalendar

CALENDARS_ID = "calendars"
#: a timer may fire a little before the moment that it was set for
_SHORTEST_WAIT = timedelta(milliseconds=1)


@workflow.defn(name="CalendarsWorkflow")
class CalendarsWorkflow:
    """One run for all calendars, id ``calendars``, that never ends. It reads one at a time: a hundred of them at
    midnight must not delay an alert."""

    @workflow.init
    def __init__(self, start: CalendarsStart) -> None:
        #: in the order of asking, each once
        self._wanted = dict.fromkeys(start.wanted)
        self._night_at = start.night_at or _midnight_after(workflow.now())

    @workflow.run
    async def run(self, start: CalendarsStart) -> None:
        while True:
            await self._wait()
            if workflow.now() >= self._night_at:
                self._night_at = _midnight_after(workflow.now())
                self._wanted |= dict.fromkeys(await ask_calendars.list_calendars())
            else:
                await self._refresh_next()
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(CalendarsStart(tuple(self._wanted), self._night_at))

    @workflow.signal(name="refresh", description="Read this calendar soon")
    def refresh(self, calendar: str) -> None:
        self._wanted[calendar] = None

    async def _wait(self) -> None:
        timeout = max(self._night_at - workflow.now(), _SHORTEST_WAIT)
        try:
            await workflow.wait_condition(
                lambda: bool(self._wanted), timeout=timeout, timeout_summary="the next night, at 00:00 UTC"
            )
        except TimeoutError:
            return

    async def _refresh_next(self) -> None:
        if not self._wanted:
            return
        calendar = next(iter(self._wanted))
        # Whoever asks from now on has it read again: what they changed may come too late for this reading.
        del self._wanted[calendar]
        try:
            await ask_calendars.refresh_calendar(RefreshCalendar(calendar, workflow.now()))
        except ActivityError:
            # The calendar's state says what went wrong; the next night is another chance.
            workflow.logger.warning("the calendar %s could not be read", calendar)


def _midnight_after(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
