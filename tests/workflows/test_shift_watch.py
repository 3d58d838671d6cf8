"""Schedules under watch on the time-skipping server: weeks of handoffs in moments, each told once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.directory import ShiftNotices
from domain.schedule import Handoff, Layer, Override, Rotation, RotationUnit, Schedule
from tests.workflows.schedules import HOUR, PEOPLE, Watched, watch


async def test_each_handoff_is_told_once_to_who_leaves_and_who_comes(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        await duty.tell()
        await duty.until(hours=2, minutes=30)
        assert sorted(duty.texts()) == ["ana end", "ana start", "ben end", "ben start", "cleo start"]
        assert {row.state for row in await duty.notices()} == {"sent"}
        await duty.end()


async def test_weeks_pass_without_a_missing_or_repeated_notice(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        daily = Layer("Days", ("ana", "ben"), duty.began, Rotation(1, RotationUnit.DAY), Handoff(duty.began.time()))
        duty.edit(replace(duty.schedule, layers=(daily,)))
        await duty.tell()
        await duty.until(days=20, minutes=30)
        starts = [text for text in duty.texts() if text.endswith("start")]
        ends = [text for text in duty.texts() if text.endswith("end")]
        assert starts == ["ana start", "ben start"] * 10 + ["ana start"]
        assert ends == ["ana end", "ben end"] * 10
        await duty.end()


async def test_signals_without_a_change_tell_nothing(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        for _ in range(5):
            await duty.tell()
        await duty.until(minutes=70)
        assert duty.texts() == ["ana start"]
        await duty.end()


async def test_an_edit_is_told_when_the_run_hears_of_it(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        await duty.tell()
        await duty.until(hours=5)
        duty.edit(_with_override(duty, "ben", starts_hours=4, ends_hours=8))
        await duty.tell()
        await duty.until(hours=6)
        assert sorted(duty.texts()) == ["ana end", "ana start", "ben start"]
        await duty.end()


async def test_a_rename_tells_nobody(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        await duty.tell()
        await duty.until(hours=2)
        duty.edit(replace(duty.schedule, name="Payments on-call"))
        await duty.tell()
        await duty.until(hours=3)
        assert duty.texts() == ["ana start"]
        await duty.end()


async def test_a_run_that_was_lost_is_followed_by_one_that_tells_nothing_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        await duty.tell()
        await duty.until(minutes=90)
        await duty.run.terminate("lost")
        assert not await duty.door.schedule_runs(duty.schedule.key)
        await duty.tell()
        await duty.until(minutes=100)
        assert sorted(duty.texts()) == ["ana end", "ana start", "ben start"]
        await duty.end()


async def test_after_an_outage_people_hear_only_what_is_news_and_webhooks_everything(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        duty.add_webhook()
        await duty.tell()
        await duty.until(minutes=50)
        await duty.run.terminate("the server was away")
        await duty.until(hours=3, minutes=30)
        await duty.tell()
        await duty.until(hours=3, minutes=40)
        assert sorted(duty.events()) == sorted(
            ["start ana", "end ana", "start ben", "end ben", "start cleo", "end cleo", "start ana"]
        )
        assert sorted(duty.texts()) == ["ana start", "ana start", "cleo end"]
        late = [(row.kind, row.about) for row in await duty.notices() if row.state == "too_late"]
        assert sorted(late) == [
            ("shift_end", "ana"),
            ("shift_end", "ben"),
            ("shift_start", "ben"),
            ("shift_start", "cleo"),
        ]
        await duty.end()


async def test_after_a_long_outage_everything_is_told_a_hundred_at_a_time(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        duty.add_webhook()
        await duty.tell()
        await duty.until(minutes=50)
        await duty.run.terminate("the server was away")
        await duty.until(hours=60, minutes=30)
        await duty.tell()
        await duty.until(hours=60, minutes=40)
        assert len(duty.events()) == 1 + 2 * 60
        assert await _most_activities_at_once(duty) == 100
        await duty.end()


async def _most_activities_at_once(duty: Watched) -> int:
    most = open_now = 0
    async for event in duty.run.fetch_history_events():
        open_now += event.HasField("activity_task_scheduled_event_attributes")
        open_now -= event.HasField("activity_task_completed_event_attributes")
        most = max(most, open_now)
    return most


async def test_a_webhook_that_is_away_delays_no_handoff_and_gets_everything_in_the_end(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        duty.add_webhook()
        await duty.tell()
        await duty.until(minutes=50)
        duty.web.answers = [httpx2.ConnectError("away")]
        await duty.until(minutes=65)
        assert sorted(duty.texts()) == ["ana end", "ana start", "ben start"]
        duty.web.answers, duty.web.requests = [httpx2.Response(200)], []
        await duty.until(minutes=80)
        assert sorted(duty.events()) == ["end ana", "start ben"]
        await duty.end()


async def test_a_deleted_schedule_ends_its_run_and_begins_anew_when_it_is_made_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        schedule = duty.schedule
        await duty.tell()
        await duty.until(hours=1)
        await duty.end()
        duty.edit(schedule)
        await duty.until(hours=2)
        await duty.tell()
        await duty.until(hours=3)
        assert duty.texts() == ["ana start", "ana start"]
        await duty.end()


async def test_owners_are_warned_once_a_week_and_once_a_day_before_a_hole(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        _end_in(duty, days=9)
        await duty.tell()
        await duty.until(days=1)
        assert await _warnings(duty) == []
        await duty.until(days=2, hours=1)
        assert await _warnings(duty) == ["warning_week ana sent"]
        await duty.until(days=8, hours=1)
        assert await _warnings(duty) == ["warning_day ana sent", "warning_week ana sent"]
        await duty.end()


async def test_a_hole_that_is_filled_in_time_is_not_told(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with watch(time_skipping_env, tmp_path, "ana") as duty:
        _end_in(duty, days=9)
        await duty.tell()
        await duty.until(days=1)
        _end_in(duty, days=300)
        await duty.tell()
        await duty.until(days=10)
        assert await _warnings(duty) == []
        await duty.end()


def _end_in(duty: Watched, *, days: int) -> None:
    """Ana owns a schedule that has nobody after so many days; she wants such news by text message."""
    by_sms = replace(PEOPLE["ana"], shift_notices=ShiftNotices(changes=("sms",)))
    duty.directory = replace(duty.directory, users=PEOPLE | {"ana": by_sms})
    (layer,) = duty.schedule.layers
    ending = replace(layer, ends=duty.began + timedelta(days=days))
    duty.edit(replace(duty.schedule, layers=(ending,), owners=("ana",)))


async def _warnings(duty: Watched) -> list[str]:
    """The warnings about holes."""
    rows = await duty.notices()
    return sorted(f"{row.kind} {row.recipient} {row.state}" for row in rows if row.about.startswith("gap"))


async def test_the_run_shows_what_it_waits_for(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with watch(time_skipping_env, tmp_path) as duty:
        await duty.tell()
        await duty.until(minutes=30)
        details = await duty.run.query("__temporal_workflow_metadata")
        assert f"next handoff {duty.began + HOUR:%Y-%m-%d %H:%M} UTC" in str(details)
        assert (await duty.run.describe()).status is WorkflowExecutionStatus.RUNNING
        await duty.end()


def _with_override(duty: Watched, user: str, *, starts_hours: int, ends_hours: int) -> Schedule:
    starts, ends = (duty.began + timedelta(hours=hours) for hours in (starts_hours, ends_hours))
    return replace(duty.schedule, overrides=(Override("ovr_1", user, starts, ends, created_at=starts),))
