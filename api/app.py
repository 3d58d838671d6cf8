"""The api process: what is served where, and what runs beside it.

The hot routes (carriers' webhooks, event intake) are plain ASGI in front of everything else. A process starts while the
database or Temporal is away, serves what it can, calls above all, and joins when they return.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from temporalio.client import Client

from activities.links import Links
from api import calendar_feed, health
from api.addresses import Continuations
from api.alerts import AlertWebhooks
from api.call_desk import CallDesk
from api.call_spool import CallSpool, deliver_spooled, open_call_spool
from api.carrier_request import Receive, Scope, Send
from api.codec import codec_application
from api.dashboard import dashboard_application
from api.incident_io import IncidentIoWebhooks
from api.notices import NoticeWebhooks
from api.own_events import OwnEvents
from api.push_events import SUFFIX, PushEvents
from api.services import Services
from api.simulated_carrier import PREFIX, SimulatedCarrierRoutes
from api.v1.application import v1_application
from api.voice import VoiceWebhooks
from config.keys import Purpose
from config.logging import set_up_logging
from config.route_book import RouteBook
from config.service import ConfigService
from config.settings import Settings
from config.settling import settle
from domain.call_messages import CallStart, CarrierSaid, FetchRecording
from domain.call_state import Answer
from intake.acceptance import Acceptance
from intake.spool import Spool
from storage.engine import Database
from storage.incident_actions import IncidentActions
from storage.journal import open_journal
from storage.recordings import RecordingStore
from temporal.breaker import Breaker
from temporal.client import connect, search_attributes_are_registered
from temporal.converter import prepare
from temporal.dispatcher import AtOnce
from temporal.door import Door

log = structlog.get_logger()

_RETRY_SECONDS = 2.0


class Api:
    """The parts of one api process, made without touching database or Temporal."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self.settings = settings
        self.client = client
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.database = Database(settings.database)
        self.config = ConfigService(
            self.database, settings.keyring(Purpose.SECRETS), on_change=lambda: self.route_book.refresh()
        )
        self.route_book = RouteBook(
            self.database, self.config, settings.keyring(Purpose.ROUTE_BOOK), settings.data_dir / "route-book"
        )
        self.journal = open_journal(self.database)
        self.intake_spool = Spool(settings.data_dir / "spool", settings.keyring(Purpose.SPOOL))
        self.call_spool: CallSpool = open_call_spool(settings.data_dir / "spool", settings.keyring(Purpose.SPOOL))
        self.door = Door(client)
        self.breaker = Breaker()
        self.voice = VoiceWebhooks(
            self.route_book,
            CallDesk(self.door, self.breaker, self.call_spool),
            Continuations(settings.keyring(Purpose.CONTINUATION)),
            settings.keyring(Purpose.SIMULATOR),
            settings.public_url,
            own_events=OwnEvents(Acceptance(self.journal, self.intake_spool)),
        )
        self.push_events = PushEvents(self.route_book, self.journal, self.intake_spool, settings.push_events_per_minute)
        self.incident_io = IncidentIoWebhooks(
            self.route_book, self.journal, self.intake_spool, settings.push_events_per_minute
        )
        actions = IncidentActions(self.database, AtOnce(self.door))
        links = Links(settings.public_url, settings.keyring(Purpose.LINKS))
        self.alerts = AlertWebhooks(self.database, actions, links, lambda: self.route_book.directory)
        self.notices = NoticeWebhooks(self.database, links)
        self.services = Services(
            settings=settings,
            database=self.database,
            config=self.config,
            route_book=self.route_book,
            actions=actions,
            recordings=RecordingStore.at(settings.recordings_url or settings.data_dir / "recordings"),
            links=settings.keyring(Purpose.LINKS),
            door=self.door,
            calls_use_temporal=lambda: not self.breaker.is_open,
        )
        self.simulated_carrier = SimulatedCarrierRoutes(
            self.route_book, settings.keyring(Purpose.SIMULATOR), settings.public_url
        )

    def loops(self, stop: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the requests; each goes on by itself when what it needs returns."""
        return [
            self.route_book.run(stop),
            self.breaker.run(self.door, self.name),
            self.call_spool.run(partial(deliver_spooled, self.door), lambda: self.breaker.is_open),
            self.intake_spool.run(self.journal.append),
            self._watch_search_attributes(),
        ]

    async def close(self) -> None:
        await self.simulated_carrier.close()
        await self.call_spool.close()
        await self.intake_spool.close()
        await self.journal.close()
        await self.database.close()

    async def _watch_search_attributes(self) -> None:
        while not self.door.indexed:
            self.door.indexed = await search_attributes_are_registered(self.client)
            await asyncio.sleep(_RETRY_SECONDS)


class Front:
    """Sends each request to its part. ``app`` is everything that is not hot."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._settings = settings
        self._role = role
        self._api: Api | None = None
        self.app = FastAPI(
            openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=self._lifespan
        )
        self.app.include_router(health.router)

    def calls_on_the_line(self) -> int:
        """Calls whose next webhook this process is expected to answer."""
        return self._api.voice.live_calls.in_progress() if self._api is not None else 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        api, path = self._api, scope.get("path", "")
        if scope["type"] != "http" or api is None:
            await self.app(scope, receive, send)
        elif path.startswith("/voice/") and self._role in ("all", "voice"):
            await api.voice(scope, receive, send)
        elif path.startswith("/alerts/") and self._role in ("all", "voice"):
            await api.alerts(scope, receive, send)
        elif path.startswith("/notices/") and self._role in ("all", "voice"):
            await api.notices(scope, receive, send)
        elif path.startswith(f"{PREFIX}/") and self._settings.demo:
            await api.simulated_carrier(scope, receive, send)
        elif path.startswith("/hooks/") and self._role in ("all", "intake"):
            await api.incident_io(scope, receive, send)
        elif path.endswith(SUFFIX) and path.count("/") == 2 and self._role in ("all", "intake"):
            await api.push_events(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        set_up_logging(self._settings)
        prepare(CallStart, CarrierSaid, Answer, FetchRecording)
        client = await connect(self._settings, lazy=True)
        api, stop = Api(self._settings, client), asyncio.Event()
        tasks = [asyncio.create_task(_keep_running(loop)) for loop in api.loops(stop)]
        self.app.state.services = api.services
        if self._role in ("all", "app"):
            self.app.include_router(calendar_feed.router)
            self.app.mount("/codec", codec_application(api.services))
            self.app.mount("/api/v1", v1_application(api.services))
            self.app.mount("/", dashboard_application(api.services))
        self._api = api
        settle()
        try:
            yield
        finally:
            stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await api.close()


async def _keep_running(loop: Coroutine[Any, Any, None]) -> None:
    with suppress(asyncio.CancelledError):
        try:
            await loop
        except Exception:
            log.exception("a background loop ended")
            raise


def create_app(settings: Settings, role: str) -> Front:
    """The ASGI application of a process. ``role``: ``all``, ``voice``, ``intake`` or ``app``."""
    return Front(settings, role)
