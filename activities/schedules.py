"""Looking after a schedule: who came and who left, and what is wrong ahead, is written down as notices."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.links import Links
from config.snapshot import OverrideSource
from domain.coverage import Concern, concerns
from domain.directory import Directory
from domain.notices import Notice, schedule_topic
from domain.schedule import Schedule
from domain.schedule_messages import TendedSchedule, TendSchedule
from domain.schedule_notices import next_warning_at, shift_notices, warning_notices
from domain.shift_changes import Look, look
from storage import notices, resources, shift_watches, verified_phones
from storage.engine import Database

#: looks at one schedule come one after the other; only a run that was taken for dead can be in the way
_TRIES = 3
_LONGEST_SLEEP = timedelta(days=1)
#: how long it can be looked up what people were told
_KEPT = timedelta(days=180)


class ScheduleActivities:
    """``now`` is the clock of the wall."""

    def __init__(
        self,
        database: Database,
        directory: Callable[[], Awaitable[Directory]],
        links: Links,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._directory = directory
        self._links = links
        self._now = now

    @activity.defn(name="tend_schedule")
    async def tend_schedule(self, request: TendSchedule) -> TendedSchedule:
        """Write down what is to be told since the last look, and say which notices are to be sent and when to look
        again.

        Idempotency: the schedule's watch, changed by compare-and-set in the transaction that writes the notices. What
        was written is announced, so a repetition after a lost result finds nothing new. Time-out 10 s, retried for
        ever: without the database a schedule waits, and its webhooks hear of everything afterwards.
        """
        # The task may have waited for hours until a worker came, and somebody have edited the schedule meanwhile.
        now = max(request.now, self._now())
        for _ in range(_TRIES):
            # Read anew each time: who lost against another look may have been thinking about an older configuration.
            directory = await self._directory()
            schedule = directory.schedules.get(request.schedule)
            if schedule is None:
                return await self._take_leave(request.schedule, now)
            tended = await self._look(schedule, directory, now)
            if tended is not None:
                return tended
        raise ApplicationError("Another look at this schedule is under way.", type="Busy")

    async def _take_leave(self, schedule: str, now: datetime) -> TendedSchedule:
        topic = schedule_topic(schedule)
        async with self._database.write() as session:
            reason = "The schedule was deleted before this was sent."
            await notices.suppress(session, topic, reason, now)
            await notices.trim(session, topic, before=now)
            await shift_watches.forget(session, schedule)
            in_doubt = await notices.unfinished(session, topic)
        return TendedSchedule(exists=False, deliver=tuple(in_doubt))

    async def _look(self, schedule: Schedule, directory: Directory, now: datetime) -> TendedSchedule | None:
        """``None`` when another look came between."""
        async with self._database.read() as session:
            stored = await shift_watches.get(session, schedule.key)
            verified = await verified_phones.all_verified(session)
            told = await notices.told_warnings(session, schedule_topic(schedule.key))
        # Beside the loop: intake and dispatcher share it.
        found = await asyncio.to_thread(look, schedule, stored.watch, now)
        worries = await asyncio.to_thread(concerns, schedule, directory, verified, now)
        news = [
            *shift_notices(schedule, directory, found.changes, self._links.schedule(schedule.key)),
            *warning_notices(schedule, directory, worries, told, now),
        ]
        async with self._database.write() as session:
            if not await shift_watches.put(session, schedule.key, found.watch, stored.version):
                return None
            await _store(session, schedule, news, worries, now)
            deliver = await notices.unfinished(session, schedule_topic(schedule.key))
        await self._forget_what_is_long_over(schedule, now)
        wake_at, waits_for = _next_look(found, next_warning_at(worries, now), now)
        return TendedSchedule(True, wake_at, waits_for, tuple(deliver))

    async def _forget_what_is_long_over(self, schedule: Schedule, now: datetime) -> None:
        """Overrides name people and say why they were away. Those of files stay: applying would bring them back."""
        over = [override.id for override in schedule.overrides if override.ends < now - _KEPT]
        async with self._database.read() as session:
            over = await resources.overrides_of_others(session, over, than_source=OverrideSource.FILE) if over else []
        if over:
            async with self._database.write() as session:
                await resources.trim_overrides(session, over, keep_source=OverrideSource.FILE)


async def _store(
    session: AsyncSession, schedule: Schedule, news: list[Notice], worries: tuple[Concern, ...], now: datetime
) -> None:
    topic, still_true = schedule_topic(schedule.key), {concern.key for concern in worries}
    await notices.add(session, news, now)
    await notices.trim(session, topic, before=now - _KEPT)
    await notices.suppress_warnings(session, topic, still_true, now)
    await notices.note_mended(session, topic, still_true, now)


def _next_look(found: Look, warning_at: datetime | None, now: datetime) -> tuple[datetime, str]:
    """When to look again, and what for."""
    moments = [(now + _LONGEST_SLEEP, "daily look for what is wrong ahead")]
    if found.watch.next_at is not None:
        moments.append((found.watch.next_at, "next handoff"))
    if warning_at is not None:
        moments.append((warning_at, "next warning to the owners"))
    wake_at, what = min(moments)
    return wake_at, f"{what} {wake_at:%Y-%m-%d %H:%M} UTC"
