"""What was answered while Temporal and the worker were away is awaited, although the call's end was due meanwhile.

It takes a whole server: on the time-skipping one the clock stands still while a timer that is due waits for a worker.
"""

from datetime import timedelta
from pathlib import Path

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.call_ends import HANGUP_GRACE_SECONDS
from domain.directory import ChainEntry
from domain.events import CallEnded, DialStatus, LegRinging
from tests.support.temporal_server import TemporalServer
from tests.workflows.calls import Desk, Line, idle_desk
from tests.workflows.test_incident_server import until

#: from the hang-up notice until the end is due; the worker is gone by then
_UNTIL_THE_END = timedelta(seconds=3)
#: as long after it as nobody who is at work would notice it
_AWAY = timedelta(seconds=6)


async def test_news_that_was_kept_while_nobody_worked_is_awaited_after_the_end_was_due(
    quiet_temporal_server: TemporalServer, tmp_path: Path
) -> None:
    environment = WorkflowEnvironment.from_client(await Client.connect(quiet_temporal_server.address))
    async with idle_desk(environment, tmp_path) as duty:
        line = duty.line(chain=(ChainEntry(user="ana"),))
        async with duty.at_work():
            voicemail = await line.finish(await line.begin(), 1, DialStatus.NO_ANSWER)
            hung_up_at = await duty.now()
            # By the carrier's clock this comes shortly before the last moment for news of the message.
            last_moment = hung_up_at + timedelta(seconds=HANGUP_GRACE_SECONDS)
            await line.tell(LegRinging(last_moment - _UNTIL_THE_END, 1))
            await line.tell(CallEnded(hung_up_at))
            await until(lambda: waits_for_the_end(line))
        timers = len(await timers_started(line))
        await until(lambda: end_is_long_due(duty, line))
        async with duty.at_work():
            await until(lambda: looked_again(line, timers))
            await line.leave_message(voicemail.control, 5)
            assert await line.run.result() == "voicemail"


async def waits_for_the_end(line: Line) -> bool:
    """Whether what was known before is written down, and only the end is waited for."""
    started = [event.timer_started_event_attributes for event in await timers_started(line)]
    return bool(started) and started[-1].start_to_fire_timeout.ToTimedelta() <= _UNTIL_THE_END


async def timers_started(line: Line) -> list[HistoryEvent]:
    return [event for event in await history(line) if event.HasField("timer_started_event_attributes")]


async def end_is_long_due(duty: Desk, line: Line) -> bool:
    """Whether the timer of the end has fired, and for so long nobody has worked."""
    fired = [event for event in await history(line) if event.HasField("timer_fired_event_attributes")]
    return bool(fired) and fired[-1].event_time.ToDatetime((await duty.now()).tzinfo) + _AWAY < await duty.now()


async def looked_again(line: Line, timers: int) -> bool:
    """Whether the call has looked at its end: it waits again, or is over."""
    return not await line.is_open() or len(await timers_started(line)) > timers


async def history(line: Line) -> list[HistoryEvent]:
    return list((await line.run.fetch_history()).events)
