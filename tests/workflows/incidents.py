"""An incident engine for tests: real workflow, activities and database; only the carrier and the clock are not real."""

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

from activities.delivery import DeliveryActivities
from activities.incidents import IncidentActivities
from activities.links import Links
from channels.registry import ChannelRegistry, make_registry
from config.keys import Keyring, Purpose
from domain.directory import (
    AlertTarget,
    CarrierAccount,
    Directory,
    EscalationPolicy,
    Level,
    Provider,
    User,
)
from domain.ids import incident_workflow_id
from domain.incident_messages import Changed, IncidentStart
from domain.incidents import PolicySnapshot
from storage import incidents, notifications
from storage.engine import Database
from storage.incident_actions import Actor, IncidentActions
from storage.incidents import NewIncident
from storage.tables import IncidentRow, NotificationRow
from temporal.converter import data_converter
from temporal.door import Door
from tests.support.fake_carrier import FakeCarrier
from workflows.incident import IncidentWorkflow
from workflows.policies import INCIDENTS_QUEUE

ANA = User("ana", "Ana Reyes", email="ana@acme.example", phones=("+15550100001",))
BEN = User("ben", "Ben Okafor", email="ben@acme.example", phones=("+15550100002",))
TWILIO = CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret", from_number="+12245550123")
BY_BEN = Actor("ben", "Ben Okafor")


def level(*channels_and_users: str, escalate_after: int | None = None) -> Level:
    """``sms ana`` is a text message to Ana."""
    pairs = [text.split() for text in channels_and_users]
    return Level(tuple(AlertTarget(channel, user=user) for channel, user in pairs), escalate_after)


def policy(*levels: Level, delay: int = 0, **changes: Any) -> PolicySnapshot:
    return PolicySnapshot(EscalationPolicy("default", "Default", levels, delay), **changes)


def accepting_carrier() -> FakeCarrier:
    """Takes everything, each message and call under an id of its own."""
    fake = FakeCarrier([])
    fake.answers = [lambda request: httpx2.Response(201, json={"sid": f"X{len(fake.requests)}"})]
    return fake


@dataclass
class Engine:
    """``directory`` may be replaced while an incident runs: who is on call is looked up at each level."""

    client: Client
    environment: WorkflowEnvironment | None
    database: Database
    carrier: FakeCarrier
    directory: Directory
    actions: IncidentActions = field(init=False)
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        self.actions = IncidentActions(self.database)
        self.door = Door(self.client)

    async def now(self) -> datetime:
        return await self.environment.get_current_time() if self.environment else datetime.now(UTC)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """With a worker."""
        http = self.carrier.client()

        async def directory() -> Directory:
            return self.directory

        def channels(directory: Directory) -> ChannelRegistry:
            return make_registry(http, directory.carriers, None, "")

        looking_after = IncidentActivities(self.database, directory)
        links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
        delivering = DeliveryActivities(self.database, directory, channels, links)
        async with Worker(
            self.client,
            task_queue=INCIDENTS_QUEUE,
            workflows=[IncidentWorkflow],
            activities=[looking_after.tend_incident, delivering.deliver_alert],
            graceful_shutdown_timeout=timedelta(seconds=1),
            max_cached_workflows=0,
        ):
            yield
        await http.aclose()

    async def open(self, snapshot: PolicySnapshot, **changes: Any) -> IncidentRow:
        """An incident as the processor opens it, without its run."""
        new = NewIncident(
            id=f"inc_{uuid4().hex}",
            title="Disk full",
            integration="payments-webhook",
            created_at=await self.now(),
            payload={},
            policy_key="default",
            policy=snapshot.to_json(),
        )
        async with self.database.write() as session:
            row = await incidents.open_incident(session, replace(new, **changes))
        assert row is not None
        return row

    async def start(self, row: IncidentRow, *, indexed: bool = False) -> WorkflowHandle[IncidentWorkflow, str]:
        return await self.client.start_workflow(
            IncidentWorkflow.run,
            IncidentStart(row.id, indexed),
            id=incident_workflow_id(row.id),
            task_queue=INCIDENTS_QUEUE,
        )

    def run_of(self, row: IncidentRow) -> WorkflowHandle[IncidentWorkflow, str]:
        return self.client.get_workflow_handle_for(IncidentWorkflow.run, incident_workflow_id(row.id))

    async def tell(self, row: IncidentRow, what: str = "changed") -> None:
        assert await self.door.incident_changed(row.id, Changed((await self.row(row)).version, what))

    async def row(self, row: IncidentRow) -> IncidentRow:
        async with self.database.read() as session:
            found = await incidents.get(session, row.id)
        assert found is not None
        return found

    async def alerts(self, row: IncidentRow) -> list[NotificationRow]:
        async with self.database.read() as session:
            return list((await notifications.of_incident(session, row.id, limit=100)).items)

    async def timeline(self, row: IncidentRow) -> list[str]:
        async with self.database.read() as session:
            return [step.text for step in (await incidents.timeline(session, row.id, limit=100)).items]

    def sent_to(self) -> list[str]:
        """Whom the carrier was asked to reach, in order: ``sms ana`` or ``phone ben``."""
        return [_words(request) for request in self.carrier.requests if request.method == "POST"]


def _words(request: httpx2.Request) -> str:
    number = parse_qs(request.content.decode())["To"][0]
    user = {ANA.phones[0]: "ana", BEN.phones[0]: "ben"}[number]
    return f"{'sms' if request.url.path.endswith('Messages.json') else 'phone'} {user}"


@asynccontextmanager
async def engine(
    environment: WorkflowEnvironment, folder: Path, carrier: FakeCarrier | None = None
) -> AsyncIterator[Engine]:
    """The engine on the time-skipping server, at work. No run may be left open at the end."""
    async with idle_engine(environment.client, folder, environment, carrier) as made, made.at_work():
        yield made


@asynccontextmanager
async def idle_engine(
    client: Client, folder: Path, environment: WorkflowEnvironment | None = None, carrier: FakeCarrier | None = None
) -> AsyncIterator[Engine]:
    """Without a worker so far: see :meth:`Engine.at_work`. Without an environment the time is the wall's."""
    database = Database(f"sqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    yield Engine(
        Client(**client.config() | {"data_converter": data_converter(None)}),
        environment,
        database,
        carrier or accepting_carrier(),
        Directory(users={"ana": ANA, "ben": BEN}, carriers={"twilio": TWILIO}),
    )
    await database.close()
