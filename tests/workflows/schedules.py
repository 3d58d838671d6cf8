"""A schedule under watch for tests: real workflow, activities and database; only network and clock are not real.

Ana, Ben and Cleo have an hour each, from the second in which the test began.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import httpx2
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.links import Links
from activities.notices import NoticeActivities
from activities.schedules import ScheduleActivities
from channels.registry import ChannelRegistry, Rooms, make_registry
from config.keys import Keyring, Purpose
from domain.directory import (
    CarrierAccount,
    Directory,
    Provider,
    Room,
    ShiftNotices,
    ShiftWebhook,
    User,
)
from domain.ids import shift_watch_workflow_id
from domain.notices import schedule_topic
from domain.schedule import Handoff, Layer, NoticeRoom, Rotation, RotationUnit, Schedule
from storage import notices
from storage.engine import Database
from storage.notice_tables import NoticeRow
from temporal.converter import data_converter
from temporal.door import Door
from tests.support.fake_carrier import FakeCarrier
from workflows.policies import INCIDENTS_QUEUE
from workflows.shift_watch import ShiftWatchWorkflow

BY_SMS = ShiftNotices(start=("sms",), end=("sms",))
PEOPLE = {
    "ana": User("ana", "Ana Reyes", "ana@acme.example", ("+15550100001",), shift_notices=BY_SMS),
    "ben": User("ben", "Ben Okafor", "ben@acme.example", ("+15550100002",), shift_notices=BY_SMS),
    "cleo": User("cleo", "Cleo Lindqvist", "cleo@acme.example", ("+15550100003",), shift_notices=BY_SMS),
}
TWILIO = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret", from_number="+12245550123")
WEBHOOK = ShiftWebhook("status", "https://status.acme.example/hook", ("primary",))
OPS = Room("ops", "slack", "#ops", "https://hooks.slack.example/services/1")
HOUR = timedelta(hours=1)


def accepting(status: int = 201) -> FakeCarrier:
    """Takes everything, each message under an id of its own."""
    fake = FakeCarrier([])
    fake.answers = [lambda request: httpx2.Response(status, json={"sid": f"X{len(fake.requests)}"})]
    return fake


def hourly(began: datetime, *members: str | None) -> Schedule:
    layer = Layer("Hours", members, began, Rotation(1, RotationUnit.HOUR), Handoff(began.time()))
    return Schedule(f"primary-{uuid4().hex[:8]}", "Primary on-call", "Etc/UTC", (layer,))


@dataclass
class Watched:
    """``directory`` and the schedule in it may be replaced at any time; ``carrier`` and ``web`` say what went out."""

    client: Client
    environment: WorkflowEnvironment | None
    database: Database
    directory: Directory
    schedule: Schedule
    began: datetime
    carrier: FakeCarrier = field(default_factory=accepting)
    web: FakeCarrier = field(default_factory=accepting)
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        self.door = Door(self.client)
        self.edit(self.schedule)

    def edit(self, schedule: Schedule) -> None:
        """As somebody edits it; the run hears of it by :meth:`tell`."""
        self.schedule = schedule
        self.directory = replace(self.directory, schedules={schedule.key: schedule})

    def add_webhook(self) -> None:
        webhook = replace(WEBHOOK, schedules=(self.schedule.key,))
        self.directory = replace(self.directory, shift_webhooks={webhook.key: webhook})

    def add_room(self) -> None:
        self.edit(replace(self.schedule, rooms=(NoticeRoom("slack", "#ops"),)))
        self.directory = replace(self.directory, rooms={"ops": OPS})

    async def current_directory(self) -> Directory:
        return self.directory

    def activities(self, carrier: httpx2.AsyncClient, web: httpx2.AsyncClient) -> tuple[Any, Any]:
        """``tend_schedule`` and ``deliver_notice``."""
        links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))

        def channels(directory: Directory) -> ChannelRegistry:
            return make_registry(carrier, directory.carriers, None, "", Rooms(web, directory.rooms.values()))

        looking = ScheduleActivities(self.database, self.current_directory, links)
        sending = NoticeActivities(self.database, self.current_directory, channels, web, links)
        return looking.tend_schedule, sending.deliver_notice

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """With a worker."""
        async with (
            self.carrier.client() as carrier,
            self.web.client() as web,
            Worker(
                self.client,
                task_queue=INCIDENTS_QUEUE,
                workflows=[ShiftWatchWorkflow],
                activities=self.activities(carrier, web),
                graceful_shutdown_timeout=timedelta(seconds=1),
            ),
        ):
            yield

    async def tell(self) -> None:
        await self.door.tend_schedule(self.schedule.key)

    @property
    def run(self) -> WorkflowHandle[ShiftWatchWorkflow, str]:
        return self.client.get_workflow_handle_for(ShiftWatchWorkflow.run, shift_watch_workflow_id(self.schedule.key))

    async def until(self, **after: float) -> None:
        """Let time pass until so long after the first shift began."""
        assert self.environment is not None
        moment = self.began + timedelta(**after)
        await self.environment.sleep(moment - await self.environment.get_current_time())

    async def end(self) -> None:
        """All tests share the server's clock, and it stands still while a run has something to do."""
        self.directory = replace(self.directory, schedules={})
        await self.tell()
        assert await self.run.result() == "gone"

    async def notices(self) -> list[NoticeRow]:
        """In the order of what they tell."""
        async with self.database.read() as session:
            page = await notices.of_topic(session, schedule_topic(self.schedule.key), limit=200)
        return sorted(page.items, key=lambda row: (row.at, row.kind))

    def texts(self) -> list[str]:
        """The text messages that went out, as ``ana start``."""
        return [_text(request) for request in self.carrier.requests if request.method == "POST"]

    def events(self) -> list[str]:
        """What the webhook was told, as ``start ana``."""
        return [_event(request) for request in self.web.requests if request.url.host == "status.acme.example"]


def _text(request: httpx2.Request) -> str:
    form = parse_qs(request.content.decode())
    user = next(user.key for user in PEOPLE.values() if user.phones == tuple(form["To"]))
    return f"{user} {'end' if 'has ended' in form['Body'][0] else 'start'}"


def _event(request: httpx2.Request) -> str:
    body = json.loads(request.content)
    return f"{body['event_type'].removeprefix('oncall_shift_')} {body['user']['id']}"


@asynccontextmanager
async def idle_watch(
    client: Client,
    folder: Path,
    *members: str | None,
    environment: WorkflowEnvironment | None = None,
    carrier: FakeCarrier | None = None,
    web: FakeCarrier | None = None,
) -> AsyncIterator[Watched]:
    """Without a worker so far: see :meth:`Watched.at_work`. Without an environment the time is the wall's."""
    now = await environment.get_current_time() if environment else datetime.now(UTC)
    began = now.replace(microsecond=0)
    database = Database(f"sqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    yield Watched(
        Client(**client.config() | {"data_converter": data_converter(None)}),
        environment,
        database,
        Directory(organization="Acme", users=PEOPLE, carriers={"twilio": TWILIO}),
        hourly(began, *(members or PEOPLE)),
        began,
        carrier or accepting(),
        web or accepting(200),
    )
    await database.close()


@asynccontextmanager
async def watch(
    environment: WorkflowEnvironment, folder: Path, *members: str | None, **fakes: Any
) -> AsyncIterator[Watched]:
    """On the time-skipping server, at work. No run may be left open at the end."""
    idle = idle_watch(environment.client, folder, *members, environment=environment, **fakes)
    async with idle as watched, watched.at_work():
        yield watched
