"""From a command in the database to a run at Temporal, and back to a run when one was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.commands import CommandKind
from storage import outbox, tokens
from storage.incident_actions import IncidentAction
from storage.outbox import Command, Lane
from storage.tables import CommandRow, IncidentRow, SessionRow
from temporal.dispatcher import AtOnce, Dispatcher
from temporal.door import Door, Unavailable
from temporal.reconciler import Reconciler
from tests.workflows.incidents import BY_BEN, Engine, engine, level, policy

#: the time-skipping server is ahead of the wall by whatever was skipped; commands must be due all the same
LATER = datetime(2100, 1, 1, tzinfo=UTC)


async def queue_start(duty: Engine, incident: IncidentRow, lane: Lane = Lane.URGENT) -> None:
    async with duty.database.write() as session:
        command = Command(CommandKind.START_INCIDENT, incident.id, {}, await duty.now(), lane)
        await outbox.add(session, command)


@asynccontextmanager
async def dispatching(duty: Engine, door: Any = None, now: datetime = LATER) -> AsyncIterator[None]:
    dispatcher = Dispatcher(duty.database, door or DoorWithoutCanary(duty.client), lambda: now)
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    yield
    stop.set()
    async with asyncio.timeout(10):
        await running


async def all_done(duty: Engine) -> None:
    async with asyncio.timeout(20):
        while True:
            async with duty.database.read() as session:
                if await session.scalar(select(CommandRow.id).where(CommandRow.done_at.is_(None)).limit(1)) is None:
                    return
            await asyncio.sleep(0.01)


async def end(duty: Engine, incident: IncidentRow) -> None:
    await duty.actions.resolve(incident.id, BY_BEN, await duty.now())
    await duty.tell(incident)
    assert await duty.run_of(incident).result() == "resolved"


class DoorWithoutCanary(Door):
    """The canary's run would outlive the test and stop the clock that all tests share."""

    async def ping(self, name: str) -> None:
        raise Unavailable("no canary here")


class DoorThatFails:
    """Temporal is away for the first few commands; what is told is remembered."""

    def __init__(self, failures: int) -> None:
        self._failures = failures
        self.started: list[str] = []

    async def start_incident(self, incident_id: str) -> None:
        if self._failures:
            self._failures -= 1
            raise Unavailable("away")
        self.started.append(incident_id)

    async def ping(self, name: str) -> None:
        raise Unavailable("away")


async def test_a_command_starts_the_run_of_an_incident(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        await queue_start(duty, incident)
        async with dispatching(duty):
            await all_done(duty)
        assert (await duty.run_of(incident).describe()).status is WorkflowExecutionStatus.RUNNING
        await end(duty, incident)


async def test_sessions_and_sign_in_links_that_are_over_are_forgotten(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        async with duty.database.write() as session:
            await tokens.create_session(session, "ana", LATER - 2 * tokens.SESSION_LIFETIME)
        async with dispatching(duty):
            await no_session_left(duty)


async def no_session_left(duty: Engine) -> None:
    async with asyncio.timeout(10):
        while True:
            async with duty.database.read() as session:
                if await session.scalar(select(SessionRow.hash).limit(1)) is None:
                    return
            await asyncio.sleep(0.01)


async def test_a_start_that_is_told_twice_makes_one_run(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        await queue_start(duty, incident)
        await queue_start(duty, incident)
        async with dispatching(duty):
            await all_done(duty)
        await time_skipping_env.sleep(10)
        assert duty.sent_to() == ["sms ana"]
        await end(duty, incident)


async def test_an_action_reaches_the_run_by_its_command(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        await queue_start(duty, incident)
        async with dispatching(duty):
            await duty.actions.resolve(incident.id, BY_BEN, await duty.now())
            await all_done(duty)
            assert await duty.run_of(incident).result() == "resolved"


async def test_a_change_whose_run_was_lost_starts_another(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        run = await duty.start(incident)
        # Terminated at work, a run would hold the server's clock for ever.
        await time_skipping_env.sleep(10)
        await run.terminate()
        await duty.actions.acknowledge(incident.id, BY_BEN, await duty.now())
        async with dispatching(duty):
            await all_done(duty)
        assert await duty.door.incident_runs(incident.id)
        await end(duty, incident)


async def test_commands_wait_for_temporal_and_are_told_in_the_end(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        await queue_start(duty, incident)
        door = DoorThatFails(failures=1)
        async with dispatching(duty, door):
            waiting = await first_failure(duty)
        assert (waiting.last_error, door.started) == ("away", [])
        async with dispatching(duty, door, waiting.not_before):
            await all_done(duty)
        assert door.started == [incident.id]


async def first_failure(duty: Engine) -> CommandRow:
    """The command that could not be told, once that is written down."""
    async with asyncio.timeout(10):
        while True:
            async with duty.database.read() as session:
                found = await outbox.next_batch(session, LATER.replace(year=2101), limit=1)
            if found and found[0].attempts:
                return found[0]
            await asyncio.sleep(0.01)


async def test_new_incidents_are_told_before_bulk_commands(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        rows = [await duty.open(policy(level("sms ana"))) for _ in range(3)]
        for row, lane in zip(rows, (Lane.BULK, Lane.BULK, Lane.URGENT), strict=True):
            await queue_start(duty, row, lane)
        door = DoorThatFails(failures=0)
        async with dispatching(duty, door):
            await all_done(duty)
        assert door.started == [rows[2].id, rows[0].id, rows[1].id]


async def test_an_action_can_be_signalled_at_once_without_the_dispatcher(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        run = await duty.start(incident)
        duty.actions = type(duty.actions)(duty.database, AtOnce(duty.door))
        await duty.actions.act(IncidentAction.RESOLVE, incident.id, BY_BEN, await duty.now())
        assert await run.result() == "resolved"


async def test_an_open_incident_without_a_run_gets_one_and_its_timeline_says_so(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        reconciler = Reconciler(duty.database, duty.door, lambda: LATER)
        assert await reconciler.look_through() == 1
        async with dispatching(duty):
            await all_done(duty)
        assert await duty.door.incident_runs(incident.id)
        assert any("had no running workflow" in line for line in await duty.timeline(incident))
        await end(duty, incident)


async def test_lost_runs_are_reported_once_with_their_number(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    reported: list[int] = []

    async def report(count: int) -> None:
        reported.append(count)

    async with engine(time_skipping_env, tmp_path) as duty:
        incidents = [await duty.open(policy(level("sms ana"))) for _ in range(2)]
        reconciler = Reconciler(duty.database, duty.door, lambda: LATER, report)
        for _ in range(2):
            await reconciler.look_through()
            await reconciler.report_lost_runs()
        assert reported == [2]
        async with dispatching(duty):
            await all_done(duty)
        for incident in incidents:
            await end(duty, incident)


async def test_an_incident_that_has_its_run_is_left_alone(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        await duty.start(incident)
        assert await Reconciler(duty.database, duty.door, lambda: LATER).look_through() == 0
        await end(duty, incident)


async def test_an_incident_is_not_taken_for_lost_while_it_is_young_or_its_command_waits(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        young = await duty.open(policy(level("sms ana")))
        created = young.created_at
        assert await Reconciler(duty.database, duty.door, lambda: created).look_through() == 0
        await queue_start(duty, young)
        assert await Reconciler(duty.database, duty.door, lambda: LATER).look_through() == 0
