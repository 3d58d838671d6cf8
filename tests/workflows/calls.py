"""The call desk on a Temporal server: real workflows, activities, database and door; only the carrier is not real."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.calls import CallActivities
from config.keys import Keyring, Purpose
from domain.call_messages import CallStart, CarrierSaid
from domain.call_plan import CallPlan
from domain.call_state import Answer, Control
from domain.directory import CallIncidents, IncidentWhen, Provider
from domain.events import (
    AttemptFinished,
    CallEnded,
    Caller,
    CallIdentity,
    CallStarted,
    DialStatus,
    Event,
    KeyPressed,
    VoicemailFinished,
)
from domain.ids import call_id, call_workflow_id
from storage import calls
from storage.engine import Database
from storage.journal import Entry, Journal, open_journal
from storage.tables import CallRow
from temporal.converter import data_converter
from temporal.door import Door
from tests.rules.calls import CALLER, HOTLINE, plan
from worker.queues import Activity, calls_worker, guarding_runner
from workflows.call import CallWorkflow

KEYRING = Keyring(["a key of the tests"], Purpose.PAYLOADS)
#: where the incidents of these calls go
INTEGRATION = "calls-integration"
#: longer than anything that a call waits for once the carrier has told of its end
_LONGEST_GRACE = timedelta(minutes=2)


@dataclass
class Desk:
    client: Client
    environment: WorkflowEnvironment
    database: Database
    journal: Journal
    door: Door

    async def now(self) -> datetime:
        return await self.environment.get_current_time()

    @asynccontextmanager
    async def at_work(self, activities: Sequence[Activity] | None = None) -> AsyncIterator[None]:
        """With a worker, and without one again at the end. ``activities`` take the place of our own."""
        ours = CallActivities(self.database, self.journal, "https://duty.example")
        async with calls_worker(
            self.client,
            activities or [ours.save_call, ours.hand_in_call, ours.announce_call],
            build_id=None,
            runner=guarding_runner(),
        ):
            yield

    def line(self, call_plan: CallPlan | None = None, *, caller: Caller = CALLER, **hotline: object) -> "Line":
        """A new call to the hotline, with some of its settings changed."""
        incidents = CallIncidents(IncidentWhen.ALL, integration=INTEGRATION)
        return Line(self, f"CA{uuid4().hex}", call_plan or plan(**({"incidents": incidents} | hotline)), caller)

    async def handed_in(self) -> list[Entry]:
        return await self.journal.read(100)


@dataclass
class Line:
    """One call, as the carrier would tell of it."""

    desk: Desk
    provider_call_id: str
    plan: CallPlan
    caller: Caller = CALLER

    @property
    def start(self) -> CallStart:
        identity = CallIdentity(self.plan.provider, self.provider_call_id, "AC1", self.caller, HOTLINE.number)
        return CallStart(self.plan, identity, verified=True, indexed=self.desk.door.indexed)

    @property
    def run(self) -> WorkflowHandle[CallWorkflow, str]:
        workflow_id = call_workflow_id(Provider.TWILIO, self.provider_call_id)
        return self.desk.client.get_workflow_handle_for(CallWorkflow.run, workflow_id)

    async def tell(
        self,
        event: Event,
        proof: Control | None = None,
        *,
        answered: Control | None = None,
        update_id: str | None = None,
        hotline: str = "",
    ) -> Answer:
        said = CarrierSaid(event, proof, answered, hotline)
        return await self.desk.door.carrier_said(
            self.start, said, update_id or f"{self.provider_call_id}:{uuid4().hex}"
        )

    async def begin(self) -> Control:
        """The caller dials; the first responder's phone rings."""
        return (await self.tell(CallStarted(await self.desk.now()))).control

    async def press(self, digits: str, order: int = 1) -> Answer:
        return await self.tell(KeyPressed(await self.desk.now(), order, digits))

    async def finish(
        self,
        proof: Control,
        order: int,
        status: DialStatus,
        *,
        bridged: bool | None = None,
        caller_present: bool = True,
    ) -> Answer:
        event = AttemptFinished(await self.desk.now(), order, status, bridged, caller_present)
        return await self.tell(event, proof)

    async def leave_message(self, proof: Control, seconds: int) -> Answer:
        return await self.tell(VoicemailFinished(await self.desk.now(), seconds, caller_present=True), proof)

    async def hang_up(self) -> None:
        await self.tell(CallEnded(await self.desk.now()))

    async def outcome(self) -> str:
        """How the call ended; what it still waited for passes."""
        await self.desk.environment.sleep(_LONGEST_GRACE)
        return await self.run.result()

    async def is_open(self) -> bool:
        described = await self.run.describe()
        assert described.status is not None
        return described.status.name == "RUNNING"

    async def logged(self) -> CallRow:
        async with self.desk.database.read() as session:
            row = await calls.get(session, call_id(self.plan.provider, self.provider_call_id))
        assert row is not None
        return row

    async def timeline(self) -> list[str]:
        async with self.desk.database.read() as session:
            steps = await calls.timeline(session, call_id(self.plan.provider, self.provider_call_id))
        return [step.text for step in steps]

    async def updates_executed(self) -> int:
        history = await self.run.fetch_history()
        return sum(
            event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED for event in history.events
        )

    async def first_run_id(self) -> str:
        run_id = (await self.run.describe()).run_id
        assert run_id is not None
        return run_id


@asynccontextmanager
async def desk(
    environment: WorkflowEnvironment,
    folder: Path,
    activities: Sequence[Activity] | None = None,
    keyring: Keyring | None = KEYRING,
) -> AsyncIterator[Desk]:
    """The desk on a server, at work; no call may be left open at the end on the time-skipping one. ``activities`` take
    the place of our own."""
    async with idle_desk(environment, folder, keyring) as made, made.at_work(activities):
        yield made


@asynccontextmanager
async def idle_desk(
    environment: WorkflowEnvironment, folder: Path, keyring: Keyring | None = KEYRING
) -> AsyncIterator[Desk]:
    """Without a worker so far: see :meth:`Desk.at_work`."""
    client = Client(**(environment.client.config() | {"data_converter": data_converter(keyring)}))
    database = Database(f"sqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    made = Desk(client, environment, database, open_journal(database), Door(client))
    try:
        yield made
    finally:
        await made.journal.close()
        await database.close()


def without_messages(call_plan: CallPlan) -> CallPlan:
    """A plan that no version of ours would write: every document that says something fails."""
    return replace(call_plan, messages={})
