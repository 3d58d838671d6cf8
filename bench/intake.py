"""How many events a second are answered durably by one core, and whether each of them is really there."""

import os
from pathlib import Path

from bench.events import push_events
from bench.figures import Row, judged
from bench.generator import Load
from bench.system import Installation, api_alone

_SECONDS = 10
_CONNECTIONS = 64
_WARM_UP_EVENTS = 1000
_TARGET = 5000
_STORED = (
    "SELECT count(*) FROM (SELECT event_id FROM j.journal UNION SELECT event_id FROM event_ids UNION "
    "SELECT event_id FROM occurrences)"
)


async def measure(folder: Path) -> list[Row]:
    """Server with its database on core 0, generator on core 1. The worker does not run: its share is another core's."""
    server, generator = _two_cores()
    async with api_alone(folder, server) as installation:
        warm_up = await push_events(
            installation.port, connections=_CONNECTIONS, events=_WARM_UP_EVENTS, cores=generator
        )
        load = await push_events(installation.port, connections=_CONNECTIONS, seconds=_SECONDS, cores=generator)
        return [
            judged(
                f"intake on one core, {_CONNECTIONS} connections, distinct titles",
                f"{load.per_second:,.0f} events/s ({load.accepted:,} in {load.seconds:.1f} s, {load.refused} refused; "
                f"the generator used {load.cpu_share:.0%} of its core)",
                f">= {_TARGET:,}/s",
                load.per_second >= _TARGET,
            ),
            _every_event_is_there(installation, [warm_up, load]),
        ]


def _every_event_is_there(installation: Installation, loads: list[Load]) -> Row:
    answered = sum(load.accepted for load in loads)
    stored = installation.count(_STORED)
    text = f"{answered:,} answered 200, {stored:,} in the journal or processed"
    return judged("  every answered event is stored", text, "none missing", stored == answered)


def _two_cores() -> tuple[set[int] | None, set[int] | None]:
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return {cores[0]}, {cores[-1]}
