"""How long a caller waits for the answer to the first webhook: idle, beside a storm of events, and without Temporal."""

import asyncio
from pathlib import Path

from temporalio.client import Client

from bench.caller import Callers
from bench.events import push_events
from bench.figures import Latencies, Row, informative, judged
from bench.floor import Floor, floor_worker
from bench.loop import open_loop, together
from bench.system import Installation, api_alone

_CALLS_PER_SECOND = 5
_BLOCKS = 3
_CALLS_IN_A_BLOCK = 60
_STATELESS_PER_SECOND = 20
_STATELESS_CALLS = 300
_STORM_EVENTS = 2000
_STORM_CONNECTIONS = 16
_WARM_UP = 20
#: a call that was hung up while it rang closes 20 s later; that must not meet the storm
_QUIET_SECONDS = 30.0

_FLOOR_FACTOR = 1.5
_STORM_FACTOR = 3.0
_STATELESS_MS = 5.0


async def through_the_workflow(installation: Installation) -> list[Row]:
    """Idle beside the floor, in turns, so that the machine's mood of the minute meets both; then the storm."""
    floor, idle = await _idle_and_floor(installation)
    storm = await _beside_a_storm(installation, idle)
    return [
        informative("bare update-with-start, idle (the floor)", str(floor)),
        judged(
            "voice webhook through the workflow, idle",
            f"{idle}; {idle.p50_ms / floor.p50_ms:.2f} x / {idle.p99_ms / floor.p99_ms:.2f} x the floor",
            f"p50 and p99 <= {_FLOOR_FACTOR} x the floor",
            _is_within(idle, floor, _FLOOR_FACTOR),
        ),
        *storm,
    ]


async def _idle_and_floor(installation: Installation) -> tuple[Latencies, Latencies]:
    callers = Callers(installation.port)
    floors: list[Latencies] = []
    idles: list[Latencies] = []
    with floor_worker(installation):
        floor = Floor(await Client.connect(installation.temporal_address()))
        await floor.ask()  # once its worker is there
        await open_loop(_CALLS_PER_SECOND, _WARM_UP, floor.ask)
        await open_loop(_CALLS_PER_SECOND, _WARM_UP, callers.dial)
        for _ in range(_BLOCKS):
            floors.append(await open_loop(_CALLS_PER_SECOND, _CALLS_IN_A_BLOCK, floor.ask))
            idles.append(await open_loop(_CALLS_PER_SECOND, _CALLS_IN_A_BLOCK, callers.dial))
    await callers.hang_up()
    await asyncio.sleep(_QUIET_SECONDS)
    return together(floors), together(idles)


async def _beside_a_storm(installation: Installation, idle: Latencies) -> list[Row]:
    callers = Callers(installation.port)
    degraded = installation.count("SELECT count(*) FROM calls WHERE degraded")
    before = installation.count("SELECT count(*) FROM event_ids")
    calls = asyncio.create_task(open_loop(_CALLS_PER_SECOND, _BLOCKS * _CALLS_IN_A_BLOCK, callers.dial))
    await asyncio.sleep(1)
    load = await push_events(installation.port, events=_STORM_EVENTS, connections=_STORM_CONNECTIONS)
    storm = await calls
    processed = installation.count("SELECT count(*) FROM event_ids") - before
    waiting = installation.count("SELECT count(*) FROM commands WHERE done_at IS NULL")
    await callers.hang_up()
    alone = installation.count("SELECT count(*) FROM calls WHERE degraded") - degraded
    return [
        judged(
            f"the same while {_STORM_EVENTS:,} distinct events arrive",
            f"{storm}; {storm.p99_ms / idle.p99_ms:.2f} x idle; {alone} answered without Temporal",
            f"p99 <= {_STORM_FACTOR:g} x idle",
            not storm.failures and storm.p99_ms <= _STORM_FACTOR * idle.p99_ms,
        ),
        informative(
            "  that storm",
            f"{load.accepted} accepted in {load.seconds:.1f} s ({load.refused} refused); at its last call {processed} "
            f"processed, {waiting} commands still to be told to Temporal",
        ),
    ]


async def stateless(folder: Path) -> list[Row]:
    """An api whose Temporal is away and whose circuit is open: every call goes to the spool, with one fsync."""
    async with api_alone(folder) as installation:
        callers = Callers(installation.port)
        await open_loop(_CALLS_PER_SECOND, _WARM_UP, callers.dial)
        taken = await open_loop(_STATELESS_PER_SECOND, _STATELESS_CALLS, callers.dial)
    return [
        judged(
            "voice webhook without Temporal (circuit open)",
            str(taken),
            f"p99 <= {_STATELESS_MS:g} ms",
            not taken.failures and taken.p99_ms <= _STATELESS_MS,
        )
    ]


def _is_within(taken: Latencies, floor: Latencies, factor: float) -> bool:
    pairs = ((taken.p50_ms, floor.p50_ms), (taken.p99_ms, floor.p99_ms))
    return not taken.failures and all(ours <= factor * theirs for ours, theirs in pairs)
