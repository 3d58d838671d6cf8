"""Schedules under watch on a whole Temporal server: a worker that is not there, and search attributes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client

from temporal.client import register_search_attributes
from tests.support.temporal_server import TemporalServer
from tests.workflows.schedules import HOUR, Watched, hourly, idle_watch
from tests.workflows.test_incident_server import until
from workflows.shift_watch import SCHEDULE_KEY


async def _texts_are(duty: Watched, *wanted: str) -> bool:
    return sorted(duty.texts()) == sorted(wanted)


async def _timer_fired(duty: Watched) -> bool:
    events = duty.run.fetch_history_events()
    return any([event.HasField("timer_fired_event_attributes") async for event in events])


async def test_a_handoff_while_no_worker_is_there_is_told_once_by_the_next_one(
    quiet_temporal_server: TemporalServer, tmp_path: Path
) -> None:
    client = await Client.connect(quiet_temporal_server.address)
    async with idle_watch(client, tmp_path) as duty:
        handoff = datetime.now(UTC) + timedelta(seconds=6)
        layers = hourly(handoff.replace(microsecond=0) - HOUR, "ana", "ben").layers
        duty.edit(replace(duty.schedule, layers=layers))
        await duty.tell()
        async with duty.at_work():
            await until(lambda: _texts_are(duty, "ana start"))
        await until(lambda: _timer_fired(duty))
        async with duty.at_work():
            await until(lambda: _texts_are(duty, "ana start", "ana end", "ben start"))
            await duty.end()
            assert await _texts_are(duty, "ana start", "ana end", "ben start")


async def test_a_long_run_begins_anew_and_tells_nothing_twice(
    impatient_temporal_server: TemporalServer, tmp_path: Path
) -> None:
    client = await Client.connect(impatient_temporal_server.address)
    async with idle_watch(client, tmp_path, "ana") as duty, duty.at_work():
        await duty.tell()
        await until(lambda: _texts_are(duty, "ana start"))
        first = (await duty.run.describe()).run_id

        async def began_anew() -> bool:
            await duty.tell()
            return (await duty.run.describe()).run_id != first

        await until(began_anew)
        duty.edit(replace(duty.schedule, layers=hourly(duty.began, "ben").layers))
        await duty.tell()
        await until(lambda: _texts_are(duty, "ana start", "ana end", "ben start"))
        await duty.end()


async def test_a_run_can_be_found_by_its_schedule_once_attributes_are_registered(
    quiet_temporal_server: TemporalServer, tmp_path: Path
) -> None:
    client = await Client.connect(quiet_temporal_server.address)
    async with idle_watch(client, tmp_path, "ana") as duty, duty.at_work():
        duty.door.indexed = await register_search_attributes(client)
        await duty.tell()
        await until(lambda: _texts_are(duty, "ana start"))
        assert (await duty.run.describe()).typed_search_attributes.get(SCHEDULE_KEY) == duty.schedule.key
        await duty.end()
