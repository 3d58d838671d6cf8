"""Recordings on a Temporal server: the real workflow and activities, a carrier that answers what it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.recordings import RecordingActivities
from config.keys import Keyring, Purpose
from domain.call_messages import FetchRecording
from domain.directory import CarrierAccount, Directory, Provider
from domain.events import RecordingKind
from domain.ids import recording_workflow_id
from storage import call_recordings, calls
from storage.engine import Database
from storage.recordings import RecordingStore
from storage.tables import RecordingRow
from temporal.converter import data_converter
from temporal.door import Door
from tests.storage.records import call as a_call
from tests.support.fake_carrier import Answer, FakeCarrier
from tests.workflows.calls import KEYRING
from worker.queues import guarding_runner, incidents_worker
from workflows.recording import RecordingWorkflow

NOT_READY = httpx2.Response(404)
LOCKED = httpx2.Response(401)
AUDIO = b"what the caller said"
CALL = "call_a"


def audio(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Type": "audio/mpeg"}, content=_streamed())


def locked_audio(request: httpx2.Request) -> httpx2.Response:
    return audio(request) if "Authorization" in request.headers else LOCKED


async def _streamed() -> AsyncIterator[bytes]:
    yield AUDIO


def voicemail(**fields: Any) -> FetchRecording:
    values: dict[str, Any] = {
        "call_id": CALL,
        "hotline": "support",
        "provider": Provider.TWILIO,
        "provider_call_id": "CAa",
        "account": "AC1",
        "recording": RecordingKind.VOICEMAIL,
        "reference": f"RE{uuid4().hex}",
        "url": "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1.mp3",
        "seconds": 7,
    }
    return FetchRecording(**values | fields)


def talk(order: int) -> FetchRecording:
    return voicemail(recording=RecordingKind.TALK, order=order)


async def one_account() -> Directory:
    return Directory(carriers={"twilio": CarrierAccount("twilio", Provider.TWILIO, "AC1", "secret")})


@dataclass
class Archive:
    client: Client
    environment: WorkflowEnvironment
    database: Database
    store: RecordingStore
    carrier: FakeCarrier

    async def start(self, request: FetchRecording) -> WorkflowHandle[RecordingWorkflow, str]:
        await Door(self.client).fetch_recording(request)
        workflow_id = recording_workflow_id(request.provider, request.reference)
        return self.client.get_workflow_handle_for(RecordingWorkflow.run, workflow_id)

    async def fetch(self, request: FetchRecording) -> str:
        """What became of the recording, however long that took."""
        run = await self.start(request)
        await self.environment.sleep(timedelta(hours=3))
        return await run.result()

    async def row(self) -> RecordingRow:
        async with self.database.read() as session:
            (row,) = await call_recordings.recordings_of(session, CALL)
        return row

    async def log_call(self, **fields: Any) -> None:
        async with self.database.write() as session:
            await calls.save_projection(session, a_call("a", **fields))


@asynccontextmanager
async def archive(
    environment: WorkflowEnvironment,
    folder: Path,
    *answers: Answer,
    directory: Callable[[], Awaitable[Directory]] | None = None,
    keyring: Keyring | None = KEYRING,
) -> AsyncIterator[Archive]:
    """Our worker with the recording activities; the carrier gives its answers one after the other."""
    database = Database(f"sqlite:///{folder / 'dutyline.db'}")
    await database.upgrade()
    store, carrier = RecordingStore.at(folder / "recordings"), FakeCarrier(list(answers))
    client = Client(**(environment.client.config() | {"data_converter": data_converter(keyring)}))
    http = carrier.client()
    ours = RecordingActivities(database, store, http, directory or one_account, Keyring(["a key"], Purpose.SECRETS))
    activities = [ours.note_recording, ours.fetch_recording, ours.give_up_recording]
    async with incidents_worker(client, activities, build_id=None, runner=guarding_runner()):
        yield Archive(client, environment, database, store, carrier)
    await http.aclose()
    await database.close()
