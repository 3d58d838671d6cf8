"""What only a whole Temporal server shows: tasks that wait for a worker, and search attributes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowHandle

from storage.tables import IncidentRow
from temporal.client import register_search_attributes
from tests.support.temporal_server import TemporalServer
from tests.workflows.incidents import BY_BEN, Engine, idle_engine, level, policy
from workflows.incident import INCIDENT_KEY, STATUS_KEY, IncidentWorkflow

Run = WorkflowHandle[IncidentWorkflow, str]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


async def acknowledge(duty: Engine, incident: IncidentRow) -> None:
    await duty.actions.acknowledge(incident.id, BY_BEN, await duty.now())
    await duty.tell(incident)


async def timer_fires(run: Run) -> None:
    async def fired() -> bool:
        return any([event.HasField("timer_fired_event_attributes") async for event in run.fetch_history_events()])

    await until(fired)


async def resolve(duty: Engine, incident: IncidentRow) -> None:
    await duty.actions.resolve(incident.id, BY_BEN, await duty.now())
    await duty.tell(incident)
    await duty.run_of(incident).result()


@pytest.mark.parametrize("signal_first", [True, False])
async def test_an_acknowledgement_wins_over_a_timer_in_the_same_task_in_either_order(
    quiet_temporal_server: TemporalServer, tmp_path: Path, signal_first: bool
) -> None:
    client = await Client.connect(quiet_temporal_server.address)
    async with idle_engine(client, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=4), level("phone ben")))
        run = await duty.start(incident)

        async def first_level_is_sent() -> bool:
            return [alert.state for alert in await duty.alerts(incident)] == ["sent"]

        async with duty.at_work():
            await until(first_level_is_sent)
        # Nobody is at work now: signal and timer wait together for the next workflow task.
        if signal_first:
            await acknowledge(duty, incident)
            await timer_fires(run)
        else:
            await timer_fires(run)
            await acknowledge(duty, incident)
        async with duty.at_work():
            await resolve(duty, incident)
        assert duty.sent_to() == ["sms ana"]


async def test_a_run_can_be_found_by_number_and_status_where_search_attributes_are_registered(
    quiet_temporal_server: TemporalServer, tmp_path: Path
) -> None:
    client = await Client.connect(quiet_temporal_server.address)
    assert await register_search_attributes(client)
    async with idle_engine(client, tmp_path) as duty, duty.at_work():
        incident = await duty.open(policy(level("sms ana")))
        run = await duty.start(incident, indexed=True)
        await resolve(duty, incident)
        found = (await run.describe()).typed_search_attributes
        assert (found.get(INCIDENT_KEY), found.get(STATUS_KEY)) == (incident.number, "resolved")
