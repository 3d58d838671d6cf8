"""Foreign calendars on a Temporal server: the real workflow and activities, servers that answer what they are told."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx2
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.calendars import CalendarActivities
from domain.directory import Calendar, Directory
from storage import calendars
from storage.engine import Database
from storage.schedule_tables import CalendarStateRow
from temporal.converter import data_converter
from temporal.door import Door
from tests.calendars.files import calendar, event
from tests.support.fake_carrier import FakeCarrier
from worker.queues import guarding_runner, incidents_worker
from workflows.calendars import CALENDARS_ID, CalendarsWorkflow

SECRET_URL = "https://calendar.example/hush-hush/basic.ics"
DAILY = calendar(event("DTSTART:20260106T090000Z", "RRULE:FREQ=DAILY"))


def delivered(_request: httpx2.Request) -> httpx2.Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield DAILY

    return httpx2.Response(200, headers={"Content-Type": "text/calendar"}, content=chunks())


@dataclass
class Office:
    client: Client
    environment: WorkflowEnvironment
    database: Database
    server: FakeCarrier
    #: what is configured; tests change it
    calendars: dict[str, Calendar] = field(default_factory=dict)

    async def directory(self) -> Directory:
        return Directory(calendars=self.calendars)

    @property
    def door(self) -> Door:
        return Door(self.client)

    @property
    def run(self) -> WorkflowHandle[CalendarsWorkflow, None]:
        return self.client.get_workflow_handle_for(CalendarsWorkflow.run, CALENDARS_ID)

    async def state(self, key: str = "holidays") -> CalendarStateRow | None:
        async with self.database.read() as session:
            return await calendars.state(session, key)

    async def begun_at(self, activity: str) -> list[datetime]:
        """When the run asked for an activity, each time."""
        history = await self.run.fetch_history()
        return [
            each.event_time.ToDatetime()
            for each in history.events
            if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
            and each.activity_task_scheduled_event_attributes.activity_type.name == activity
        ]


@asynccontextmanager
async def office(
    environment: WorkflowEnvironment, folder: Path, *answers: httpx2.Response, keys: Sequence[str] = ("holidays",)
) -> AsyncIterator[Office]:
    """Our worker with calendars at one address; without answers it delivers a calendar, for ever."""
    database = Database(f"sqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    # Unsealed, so that tests can see what stands in a history.
    client = Client(**(environment.client.config() | {"data_converter": data_converter(None)}))
    server = FakeCarrier([*answers, delivered])
    office = Office(client, environment, database, server, {key: Calendar(key, key, (), SECRET_URL) for key in keys})
    http = server.client()
    ours = CalendarActivities(database, http, office.directory)
    async with incidents_worker(
        client, [ours.list_calendars, ours.refresh_calendar], build_id=None, runner=guarding_runner()
    ):
        try:
            yield office
        finally:
            # It never ends by itself, and the server's clock is shared with other tests.
            if (await office.run.describe()).status is WorkflowExecutionStatus.RUNNING:
                await office.run.terminate()
    await http.aclose()
    await database.close()
