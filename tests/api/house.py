"""A house for the routes: services on the contract's example, and clients with tokens of each role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from api import calendar_feed, health
from api.dashboard import dashboard_application
from api.services import Services
from api.v1.application import v1_application
from config.keys import Keyring, Purpose
from config.loader import load_files
from config.route_book import RouteBook
from config.service import ConfigService
from config.settings import Settings
from domain.directory import Role
from storage import calls, incidents, tokens
from storage.call_recordings import RecordingState, upsert_recording
from storage.calls import CallRecord, CallStep
from storage.engine import Database
from storage.incident_actions import IncidentActions
from storage.incidents import NewIncident
from storage.recordings import RecordingStore
from tests.config.example import ENVIRONMENT, EXAMPLE
from tests.storage.records import recording as a_recording

#: a Monday noon in Madrid, in the first week of Ana
NOON = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
PUBLIC_URL = "https://duty.example"


@dataclass(slots=True)
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(slots=True)
class House:
    services: Services
    clock: Clock
    app: FastAPI
    tokens: dict[str, str] = field(default_factory=dict)
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers)
        self.clients.append(client)
        return client

    def as_(self, role: str) -> httpx2.AsyncClient:
        """A client with the token of a role, or of a user (``ben``)."""
        return self.client(self.tokens[role])

    async def open_incident(self, name: str = "a", **fields: Any) -> str:
        values: dict[str, Any] = {
            "id": f"inc_{name}",
            "title": f"Disk full on {name}",
            "integration": "payments-webhook",
            "created_at": self.clock(),
            "payload": {"title": f"Disk full on {name}"},
        }
        async with self.services.database.write() as session:
            row = await incidents.open_incident(session, NewIncident(**values | fields))
        assert row is not None
        return row.id

    async def log_call(self, name: str = "a", **fields: Any) -> str:
        async with self.services.database.write() as session:
            await calls.save_projection(session, a_call(name, **fields))
        return f"call_{name}"

    async def store_recording(self, call: str, audio: bytes, **fields: Any) -> str:
        """A recording of a call, playable unless ``fields`` say otherwise."""

        async def chunks() -> AsyncIterator[bytes]:
            yield audio

        key = f"{call}/rec_a.mp3"
        stored = await self.services.recordings.put(key, chunks())
        values = {"state": RecordingState.STORED, "object_key": key, "length": stored.length, "sha256": stored.sha256}
        async with self.services.database.write() as session:
            await upsert_recording(session, a_recording("a", call, **values | fields))
        return "rec_a"

    async def sign_in(self, user: str) -> httpx2.AsyncClient:
        """A browser of the user."""
        async with self.services.database.write() as session:
            secret = await tokens.create_session(session, user, self.clock())
        browser = self.client()
        browser.cookies.set("dutyline_session", secret)
        return browser


def a_call(name: str, **fields: Any) -> CallRecord:
    """A call that Ana answered after Ben had not."""
    values: dict[str, Any] = {
        "id": f"call_{name}",
        "hotline": "support",
        "provider": "twilio",
        "provider_call_id": f"CA{name}",
        "status": "answered",
        "outcome": "answered",
        "started_at": NOON,
        "answered_at": NOON + timedelta(seconds=26),
        "ended_at": NOON + timedelta(seconds=59),
        "duration_seconds": 33,
        "caller_number": "+14156040016",
        "revision": 1,
        "body": {
            "hotline_name": "On-call hotline",
            "verification": None,
            "answered_by": {"key": "ana", "name": "Ana Reyes", "schedule": "primary"},
            "attempts": [
                _attempt(1, "ben", "Ben Okafor", "+15550100002", "no_answer"),
                _attempt(2, "ana", "Ana Reyes", "+15550100001", "answered"),
            ],
            "voicemail": None,
            "warnings": [],
        },
        "timeline": (
            CallStep(NOON, "call_started", "Call to On-call hotline"),
            CallStep(NOON + timedelta(seconds=26), "answered", "Ana Reyes took the call"),
        ),
    }
    return CallRecord(**values | fields)


def _attempt(order: int, key: str, name: str, number: str, outcome: str) -> dict[str, Any]:
    return {
        "order": order,
        "responder": {"key": key, "name": name, "schedule": "primary"},
        "number": number,
        "reason": "on call in Primary on-call, layer Weekly",
        "outcome": outcome,
        "started_at": "2026-01-05T11:00:03.000Z",
        "ended_at": "2026-01-05T11:00:23.000Z",
    }


@asynccontextmanager
async def open_house(database: Database, folder: Path, **settings: Any) -> AsyncIterator[House]:
    clock = Clock()
    config = ConfigService(database, Keyring(["a test's key"], Purpose.SECRETS), clock=clock)
    await config.apply(_example(folder))
    services = Services(
        settings=Settings(
            data_dir=folder,
            public_url=PUBLIC_URL,
            secret_key=["a test's key"],
            bootstrap_token="let-me-in",
            temporal_ui_url="http://127.0.0.1:8233",
            **settings,
        ),
        database=database,
        config=config,
        route_book=RouteBook(database, config, Keyring(["a test's key"], Purpose.ROUTE_BOOK), folder / "book", clock),
        actions=IncidentActions(database),
        recordings=RecordingStore.at(folder / "recordings"),
        links=Keyring(["a test's key"], Purpose.LINKS),
        clock=clock,
    )
    house = House(services, clock, _application(services))
    for role in Role:
        house.tokens[role.value] = await _token(house, role, None)
    house.tokens["ana"] = await _token(house, Role.ADMIN, "ana")
    house.tokens["ben"] = await _token(house, Role.RESPONDER, "ben")
    try:
        yield house
    finally:
        for client in house.clients:
            await client.aclose()
        await database.close()


def _application(services: Services) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.state.services = services
    app.include_router(health.router)
    app.include_router(calendar_feed.router)
    app.mount("/api/v1", v1_application(services))
    app.mount("/", dashboard_application(services))
    return app


async def _token(house: House, role: Role, user: str | None) -> str:
    async with house.services.database.write() as session:
        token = await tokens.create_api_token(session, name=f"a {role}", role=role, user=user, now=house.clock())
    return token.secret


def _example(folder: Path) -> Any:
    file = folder / "example.yaml"
    file.write_text(EXAMPLE)
    return load_files([file], ENVIRONMENT)
