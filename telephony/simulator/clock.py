"""Call time. It moves only when something on the call takes time; a pace decides how much of it is really slept."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

Pace = Callable[[float], Awaitable[None]]


def at_speed(speed: float | None) -> Pace:
    """Sleeps as life does at 1, twice as fast at 2, and not at all for ``None``."""

    async def pace(seconds: float) -> None:
        if speed is not None and seconds > 0:
            await asyncio.sleep(seconds / speed)

    return pace


class Clock:
    """The time of one call. ``offset`` is seconds since its start."""

    def __init__(self, started_at: datetime, pace: Pace) -> None:
        self.started_at = started_at
        self.offset = 0.0
        self._pace = pace
        self._due: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._sequence = itertools.count()

    def now(self) -> datetime:
        return self.started_at + timedelta(seconds=self.offset)

    def schedule(self, after_seconds: float, task: Callable[[], Awaitable[None]]) -> None:
        """Runs the task when call time gets there. Tasks of the same moment run in the order they were scheduled."""
        heapq.heappush(self._due, (self.offset + after_seconds, next(self._sequence), task))

    async def advance(self, seconds: float) -> None:
        """Lets time pass and runs what falls due on the way."""
        target = self.offset + max(0.0, seconds)
        while self._due and self._due[0][0] <= target:
            due, _, task = heapq.heappop(self._due)
            await self._move(due)
            await task()
        await self._move(target)

    async def drain(self) -> None:
        """Lets as much time pass as the scheduled tasks need."""
        while self._due:
            await self.advance(self._due[0][0] - self.offset)

    def skip(self, seconds: float) -> None:
        """Time that has really passed already, while a request was waited for."""
        self.offset += seconds

    async def _move(self, target: float) -> None:
        if target > self.offset:
            await self._pace(target - self.offset)
            self.offset = max(self.offset, target)
