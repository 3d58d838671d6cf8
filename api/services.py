"""What the routes of one api process work with, made once when the process starts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2

from config.keys import Keyring
from config.route_book import RouteBook
from config.service import ConfigService
from config.settings import Settings
from storage.engine import Database
from storage.incident_actions import IncidentActions
from storage.recordings import RecordingStore
from telephony.rest_exchange import make_client
from temporal.door import Door


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """``links`` signs the addresses of recordings.
    Without a ``door`` nothing is asked of Temporal, and readiness does not depend on it.
    ``calls_use_temporal`` says whether calls are answered through it now. ``carrier_client`` makes a client for the
    carriers' REST interfaces."""

    settings: Settings
    database: Database
    config: ConfigService
    route_book: RouteBook
    actions: IncidentActions
    recordings: RecordingStore
    links: Keyring
    door: Door | None = None
    calls_use_temporal: Callable[[], bool] = lambda: True
    carrier_client: Callable[[], httpx2.AsyncClient] = make_client
    clock: Callable[[], datetime] = utc_now
