"""Keeps callers from waiting for a Temporal that does not answer in time.

At the start, after a failure, or after several slow answers in a row, the circuit is open: calls are answered without
Temporal at once. A canary, never a caller, finds out when Temporal is well (again).
"""

import asyncio
import time

import structlog

from temporal.door import Door, Unavailable

log = structlog.get_logger()

#: within this time an answer comes from Temporal, or the call is answered without it
ANSWER_BUDGET_SECONDS = 2.5
_SLOW_SECONDS = 1.0
_SLOW_ANSWERS_TO_OPEN = 3
_PROBE_EVERY_SECONDS = 1.0


class Breaker:
    """The circuit of one process."""

    def __init__(self) -> None:
        self._slow_in_a_row = 0
        self._opened = asyncio.Event()
        self._opened.set()

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    def answered(self, seconds: float) -> None:
        """An answer came from Temporal after this time."""
        self._slow_in_a_row = self._slow_in_a_row + 1 if seconds > _SLOW_SECONDS else 0
        if self._slow_in_a_row >= _SLOW_ANSWERS_TO_OPEN:
            self.failed(f"{self._slow_in_a_row} answers took longer than {_SLOW_SECONDS} s")

    def failed(self, reason: str) -> None:
        if not self.is_open:
            log.warning("calls are answered without Temporal from now on", reason=reason)
        self._opened.set()

    def closed(self) -> None:
        if self.is_open:
            log.info("Temporal answers in time; calls go through it")
        self._slow_in_a_row = 0
        self._opened.clear()

    async def run(self, door: Door, name: str) -> None:
        """Probe while the circuit is open, for ever; cancelled at the end of the process."""
        while True:
            await self._opened.wait()
            if await _answers_in_time(door, name):
                self.closed()
            else:
                await asyncio.sleep(_PROBE_EVERY_SECONDS)


async def _answers_in_time(door: Door, name: str) -> bool:
    started = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_BUDGET_SECONDS):
            await door.ping(name)
    except (Unavailable, TimeoutError):
        return False
    return time.monotonic() - started < _SLOW_SECONDS
