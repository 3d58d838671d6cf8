"""Load that does not wait for its answers: an open loop, as callers and monitoring tools are."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.figures import Latencies

#: the event loop wakes up about a millisecond late, so the last stretch is waited for awake
_AWAKE_SECONDS = 0.002


class WrongAnswer(Exception):
    """The system answered, but not what it should."""


async def open_loop(per_second: float, count: int, act: Callable[[], Awaitable[None]]) -> Latencies:
    """Do ``act`` at a steady rate, each at its own time whether or not the ones before are done."""
    begin = time.perf_counter() + 0.05
    acts = [asyncio.create_task(_act_at(begin + number / per_second, act)) for number in range(count)]
    taken = await asyncio.gather(*acts)
    seconds = [one for one in taken if one is not None]
    return Latencies(seconds, failures=count - len(seconds))


async def _act_at(due: float, act: Callable[[], Awaitable[None]]) -> float | None:
    await asyncio.sleep(due - time.perf_counter() - _AWAKE_SECONDS)
    while time.perf_counter() < due:  # noqa: ASYNC110 (a clock sets no event)
        await asyncio.sleep(0)
    try:
        await act()
    except (WrongAnswer, OSError, TimeoutError):
        return None
    return time.perf_counter() - due


def together(parts: list[Latencies]) -> Latencies:
    """Several blocks of the same measurement as one."""
    return Latencies([one for part in parts for one in part.seconds], sum(part.failures for part in parts))
