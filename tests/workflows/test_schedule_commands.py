"""From a change of the configuration to a schedule's run, and back to a run when one was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from domain.commands import CommandKind
from storage import outbox, resources
from storage.outbox import Command
from temporal.dispatcher import Dispatcher
from temporal.reconciler import Reconciler
from tests.workflows.schedules import Watched, watch
from tests.workflows.test_incident_commands import LATER, DoorWithoutCanary


async def order(duty: Watched) -> None:
    async with duty.database.write() as session:
        command = Command(CommandKind.TEND_SCHEDULE, duty.schedule.key, {}, datetime.now(UTC))
        await outbox.add(session, command)


@asynccontextmanager
async def dispatching(duty: Watched) -> AsyncIterator[None]:
    """While it lasts commands are told; it ends when all are done."""
    stop = asyncio.Event()
    running = asyncio.create_task(Dispatcher(duty.database, DoorWithoutCanary(duty.client), lambda: LATER).run(stop))
    yield
    async with asyncio.timeout(20):
        while await _pending(duty):  # noqa: ASYNC110 (a row sets no event)
            await asyncio.sleep(0.01)
        stop.set()
        await running


async def _pending(duty: Watched) -> bool:
    async with duty.database.read() as session:
        return await outbox.has_pending(session, duty.schedule.key)


async def configured(duty: Watched) -> None:
    """The reconciler asks the configuration for its schedules."""
    async with duty.database.write() as session:
        await resources.write_resource(session, "schedules", duty.schedule.key, {}, 1, duty.began)


async def test_a_command_starts_the_run_of_a_schedule(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        async with dispatching(duty):
            await order(duty)
        await duty.until(minutes=10)
        assert duty.texts() == ["ana start"]
        await duty.end()


async def test_a_command_makes_the_run_look_at_once(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        await duty.tell()
        await duty.until(minutes=10)
        layers = tuple(replace(layer, members=("ben",)) for layer in duty.schedule.layers)
        duty.edit(replace(duty.schedule, layers=layers))
        async with dispatching(duty):
            await order(duty)
        await duty.until(minutes=11)
        assert sorted(duty.texts()) == ["ana end", "ana start", "ben start"]
        await duty.end()


async def test_a_schedule_without_a_run_gets_one(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        await configured(duty)
        reconciler = Reconciler(duty.database, duty.door)
        assert await reconciler.look_through_schedules() == 1
        # The command waits: the run is on its way.
        assert await reconciler.look_through_schedules() == 0
        async with dispatching(duty):
            pass
        assert await duty.door.schedule_runs(duty.schedule.key)
        await duty.end()


async def test_a_schedule_that_has_its_run_is_left_alone(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        await configured(duty)
        await duty.tell()
        assert await Reconciler(duty.database, duty.door).look_through_schedules() == 0
        await duty.end()
