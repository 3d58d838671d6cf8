"""Looks at a schedule that come late: the task waited for a worker, and much happened meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.testing import ActivityEnvironment

from activities.links import Links
from activities.schedules import ScheduleActivities
from config.keys import Keyring, Purpose
from domain.directory import Directory
from domain.notices import schedule_topic
from domain.schedule import Schedule
from domain.schedule_messages import TendSchedule
from storage import notices
from storage.engine import Database
from tests.workflows.schedules import HOUR, PEOPLE, hourly

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ANAS = hourly(NOW, "ana")
BENS = replace(ANAS, layers=hourly(NOW, "ben").layers)


async def tend(database: Database, schedule: Schedule, *, asked_at: datetime, wall: datetime) -> None:
    async def directory() -> Directory:
        return Directory(users=PEOPLE, schedules={schedule.key: schedule})

    links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
    activities = ScheduleActivities(database, directory, links, lambda: wall)
    await ActivityEnvironment().run(activities.tend_schedule, TendSchedule(schedule.key, asked_at))


async def test_an_edit_made_while_the_look_waited_counts_from_when_it_is_seen(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    await database.upgrade()
    await tend(database, ANAS, asked_at=NOW, wall=NOW)

    seen_at = NOW + 3 * HOUR
    await tend(database, BENS, asked_at=NOW + timedelta(minutes=1), wall=seen_at)

    async with database.read() as session:
        told = (await notices.of_topic(session, schedule_topic(BENS.key), limit=10)).items
    await database.close()
    changes = [(row.kind, row.about, row.at) for row in told if row.kind.startswith("shift")]
    assert sorted(changes) == [
        ("shift_end", "ana", seen_at),
        ("shift_start", "ana", NOW),
        ("shift_start", "ben", seen_at),
    ]
