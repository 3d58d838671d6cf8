"""From an event to the first alert: the moment the event is due until the provider has the request for the message."""

import asyncio
import itertools
import json
import re
import time

from bench.figures import Latencies, Row, judged
from bench.http import post
from bench.loop import open_loop
from bench.provider import Provider
from bench.system import Installation

_EVENTS = 60
_PER_SECOND = 1.0
_TARGET_MS = 250.0
_LAST_ALERT_SECONDS = 10.0
_NUMBER = re.compile(r"Bench alert (\d+)")


async def measure(installation: Installation, provider: Provider) -> list[Row]:
    sent: dict[int, float] = {}
    numbers = itertools.count()

    async def push() -> None:
        number = next(numbers)
        sent[number] = time.perf_counter()
        event = {"title": f"Bench alert {number:04d}", "body": "A queue is growing.", "priority": "p1"}
        await post(installation.port, "/bench-events/push-events", json.dumps(event).encode(), {})

    await open_loop(_PER_SECOND, _EVENTS, push)
    # What is later than this counts as not sent at all.
    await asyncio.sleep(_LAST_ALERT_SECONDS)
    arrived = _first_arrivals(provider)
    taken = Latencies([arrived[n] - sent[n] for n in sent if n in arrived], _EVENTS - len(arrived))
    is_met = not taken.failures and taken.p99_ms <= _TARGET_MS
    return [judged("event to first alert attempt, 1 event/s", str(taken), f"p99 <= {_TARGET_MS:g} ms", is_met)]


def _first_arrivals(provider: Provider) -> dict[int, float]:
    first: dict[int, float] = {}
    for at, text in provider.messages:
        if (match := _NUMBER.search(text)) is not None:
            first.setdefault(int(match[1]), at)
    return first
