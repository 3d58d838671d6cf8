"""Foreign calendars on the time-skipping server: read every night and when somebody asks; failures pass by."""

from datetime import time, timedelta
from pathlib import Path

import httpx2
from temporalio.testing import WorkflowEnvironment

from domain.directory import Calendar
from domain.foreign_calendars import CalendarsStart
from storage import calendars
from tests.workflows.calendars import DAILY, office
from workflows.calendars import CALENDARS_ID, CalendarsWorkflow
from workflows.policies import INCIDENTS_QUEUE


async def test_calendar_is_read_at_every_midnight_of_a_week(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path) as house:
        await house.door.tend_calendars()
        await time_skipping_env.sleep(timedelta(days=7))
        nights = await house.begun_at("list_calendars")
        assert [night.time().replace(second=0, microsecond=0) for night in nights] == [time()] * 7
        assert len(house.server.requests) == 7
        state = await house.state()
        assert state is not None
        assert state.error is None


async def test_calendar_is_read_at_once_when_somebody_asks(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path, keys=("holidays", "offsites")) as house:
        await house.door.refresh_calendar("offsites")
        await time_skipping_env.sleep(timedelta(seconds=5))
        assert await house.state("offsites") is not None
        assert await house.state("holidays") is None


async def test_second_start_finds_the_run_that_is_there(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with office(time_skipping_env, tmp_path) as house:
        await house.door.tend_calendars()
        first = (await house.run.describe()).run_id
        await house.door.tend_calendars()
        assert (await house.run.describe()).run_id == first


async def test_failure_is_tried_again_and_then_said_while_other_calendars_are_read(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    away = [httpx2.Response(503)] * 3
    async with office(time_skipping_env, tmp_path, *away, keys=("holidays", "offsites")) as house:
        await house.door.refresh_calendar("holidays")
        await house.door.refresh_calendar("offsites")
        await time_skipping_env.sleep(timedelta(minutes=5))
        assert len(house.server.requests) == 4
        failed, read = await house.state("holidays"), await house.state("offsites")
        assert failed is not None
        assert failed.error == "The address answers HTTP 503 instead of a calendar."
        assert read is not None
        assert read.error is None


async def test_address_stands_in_no_history_and_no_error(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path, *[httpx2.Response(503)] * 3) as house:
        await house.door.refresh_calendar("holidays")
        await time_skipping_env.sleep(timedelta(minutes=5))
        history = str((await house.run.fetch_history()).events)
        assert "HTTP 503" in history
        assert "hush" not in history
        assert "calendar.example" not in history


async def test_refusal_is_not_tried_again_before_the_night(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path, httpx2.Response(404)) as house:
        await house.door.refresh_calendar("holidays")
        await time_skipping_env.sleep(timedelta(minutes=5))
        assert len(house.server.requests) == 1
        await time_skipping_env.sleep(timedelta(days=1))
        state = await house.state()
        assert state is not None
        assert state.error is None


async def test_calendar_that_is_gone_is_forgotten_in_the_night(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path) as house:
        await house.door.refresh_calendar("holidays")
        await time_skipping_env.sleep(timedelta(seconds=5))
        del house.calendars["holidays"]
        await time_skipping_env.sleep(timedelta(days=1))
        assert await house.state() is None


async def test_file_that_was_handed_in_is_read_again_every_night(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path) as house:
        house.calendars["holidays"] = Calendar("holidays", "Holidays")
        now = await time_skipping_env.get_current_time()
        long_ago = now - timedelta(days=9000)
        await calendars.replace_events(house.database, "holidays", calendars.FILE, [], long_ago, file=DAILY)
        await house.door.tend_calendars()
        await time_skipping_env.sleep(timedelta(days=1))
        async with house.database.read() as session:
            assert await calendars.count_events(session, "holidays") > 200
        assert house.server.requests == []


async def test_run_that_takes_over_reads_what_was_still_wanted(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with office(time_skipping_env, tmp_path) as house:
        start = CalendarsStart(wanted=("holidays",))
        await house.client.start_workflow(CalendarsWorkflow.run, start, id=CALENDARS_ID, task_queue=INCIDENTS_QUEUE)
        await time_skipping_env.sleep(timedelta(seconds=5))
        assert await house.state() is not None
