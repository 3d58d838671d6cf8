"""A whole Dutyline for stories: worker and api as processes of their own on loopback, a simulated carrier in front.

Stories talk to it as the world does: carriers' webhooks, push-events, ``/api/v1``. Only the configuration is written
through the same service that ``dutyline apply`` uses.
"""

import asyncio
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from config.keys import Keyring, Purpose
from config.loader import load_files
from config.plan import Plan
from config.service import ConfigService
from domain.directory import Provider
from domain.ids import call_id
from storage.engine import Database
from telephony.simulator.carrier import SimulatedCarrier, SimulatedNumber
from telephony.simulator.scripts import Script
from telephony.simulator.transcript import SimulatedCall, TranscriptLine
from tests.support.processes import end_with_the_tests

SECRET_KEY = "stories-secret-key"
API_TOKEN = "stories-api-token"
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
_unique = itertools.count(os.getpid() % 7000 * 100)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """A hotline of one story, with the phones of the people behind it."""

    key: str
    number: SimulatedNumber
    ana: str
    ben: str
    integration: str
    push_url: str


class House:
    """``folder`` holds everything; ``temporal_address`` is the server's."""

    def __init__(self, folder: Path, temporal_address: str, database_url: str | None = None, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url or f"sqlite+aiosqlite:///{folder / 'dutyline.db'}"
        self._environment = {
            "DUTYLINE_DATA_DIR": str(folder),
            "DUTYLINE_DATABASE_URL": self.database_url,
            "DUTYLINE_PUBLIC_URL": self.url,
            "DUTYLINE_TEMPORAL_ADDRESS": temporal_address,
            "DUTYLINE_SECRET_KEY": SECRET_KEY,
            "DUTYLINE_BOOTSTRAP_TOKEN": API_TOKEN,
            # Receivers of webhooks and rooms are on loopback here.
            "DUTYLINE_EGRESS_ALLOW": "127.0.0.0/8",
            **settings,
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._simulator = Keyring([SECRET_KEY], Purpose.SIMULATOR)

    async def start(self) -> None:
        """Prepare the database, start worker and api, and return when both serve."""
        database = Database(self.database_url)
        await database.upgrade()
        await database.close()
        self.start_worker()
        await self.start_api()
        await self.ready()

    def start_worker(self) -> None:
        self._spawn("worker", "worker")

    async def start_api(
        self, name: str = "api", port: int | None = None, *, role: str = "all", **settings: str
    ) -> None:
        arguments = ("api", "--role", role, "--host", "127.0.0.1", "--port", str(port or self.port))
        self._spawn(name, *arguments, **settings)
        async with self.http() as http:
            await eventually(lambda: _answers(http, f"http://127.0.0.1:{port or self.port}/healthz"), _READY_SECONDS)

    async def ready(self) -> None:
        """Return when every part of the system answers, Temporal and the worker included."""
        async with self.http() as http:
            await eventually(lambda: _answers(http, f"{self.url}/readyz"), _READY_SECONDS)

    def kill(self, name: str) -> None:
        """Gone at once, without a word."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def terminate(self, name: str) -> subprocess.Popen[bytes]:
        """Told to stop, as by a deployment; it may take its time."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process

    def stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
        self._processes.clear()

    def http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(trust_env=False, timeout=20)

    async def configure(self, *resources: tuple[str, str, Mapping[str, Any]]) -> None:
        """Write resources (kind, key, body) as ``dutyline apply`` would."""
        database = Database(self.database_url)
        service = ConfigService(database, Keyring([SECRET_KEY], Purpose.SECRETS))
        for kind, key, body in resources:
            await service.put(kind, key, dict(body))  # type: ignore[arg-type]  # the kinds are written out in stories
        await database.close()

    async def apply(self, sections: Mapping[str, Mapping[str, Any]]) -> Plan:
        """As ``dutyline apply`` a file with these sections; what was changed, with the warnings that it prints."""
        file = self.folder / f"applied-{next(_unique)}.yaml"
        # Whatever is JSON is YAML.
        file.write_text(json.dumps(sections))
        database = Database(self.database_url)
        plan = await ConfigService(database, Keyring([SECRET_KEY], Purpose.SECRETS)).apply(load_files([file], {}))
        await database.close()
        return plan

    async def open_line(self, provider: Provider, **settings: Any) -> Line:
        """A hotline of this story's own: ana, then ben behind it, and an integration for its incidents."""
        n = f"{next(_unique):06d}"
        ana, ben, number = f"+1555{n}1", f"+1555{n}2", f"+1224{n}0"
        auth_token = secrets.token_hex(16)
        integration = f"calls-{n}"
        hotline = {
            "name": "On-call hotline",
            "number": number,
            "provider": provider.value,
            "token": f"line-{n}",
            "auth_token": auth_token,
            "chain": [{"user": f"ana-{n}"}, {"user": f"ben-{n}", "ring": "25s"}],
            "incidents": {"when": "all", "integration": integration, "priority": "p1", "severity": "high"},
            **settings,
        }
        await self.configure(
            ("users", f"ana-{n}", {"name": "Ana Reyes", "phone": ana}),
            ("users", f"ben-{n}", {"name": "Ben Okafor", "phone": ben}),
            ("escalation_policies", f"policy-{n}", {"name": "Quiet", "levels": [_quiet_level(n)]}),
            ("integrations", integration, {"name": "Calls", "escalation_policy": f"policy-{n}", "token": f"push-{n}"}),
            ("hotlines", f"line-{n}", hotline),
        )
        at_carrier = SimulatedNumber(provider, number, f"{self.url}/voice/line-{n}", auth_token)
        return Line(f"line-{n}", at_carrier, ana, ben, integration, f"{self.url}/push-{n}/push-events")

    async def ring(
        self,
        line: Line,
        script: Script,
        on_line: Callable[[TranscriptLine], None] | None = None,
        through: httpx2.AsyncBaseTransport | None = None,
    ) -> SimulatedCall:
        """One call in virtual time: nothing is slept, every webhook carries the carrier's own clock."""
        async with httpx2.AsyncClient(transport=through, trust_env=False, timeout=20) as client:
            return await SimulatedCarrier(client, stamp=self._simulator.sign).ring(line.number, script, on_line)

    @property
    def stamp(self) -> Callable[[str], str]:
        """Signs the simulated carrier's clock, as ``ring`` does, for stories that bring a carrier of their own."""
        return self._simulator.sign

    async def ask(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """One request to ``/api/v1`` with the right to everything; the answer whatever its status."""
        async with self.http() as http:
            headers = {"Authorization": f"Bearer {API_TOKEN}"}
            return await http.request(method, f"{self.url}/api/v1{path}", headers=headers, json=body)

    async def get(self, path: str) -> Any:
        async with self.http() as http:
            answer = await http.get(f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
            assert answer.status_code == 200, (path, answer.status_code, answer.text)
            return answer.json()

    async def logged(self, call: SimulatedCall, seconds: float = 30.0) -> Any:
        """The call's entry in the log, once it is written down for good."""
        path = f"/calls/{call_id(call.provider, call.provider_call_id)}"

        async def finished() -> Any:
            async with self.http() as http:
                answer = await http.get(f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {API_TOKEN}"})
            return answer.json() if answer.status_code == 200 and answer.json()["status"] != "in_progress" else None

        return await eventually(finished, seconds)

    async def incident_of(self, call: SimulatedCall) -> Any:
        """The incident that the call has opened."""
        found = await eventually(
            lambda: self._items(f"/incidents?call={call_id(call.provider, call.provider_call_id)}")
        )
        assert len(found) == 1
        return await self.get(f"/incidents/{found[0]['id']}")

    async def _items(self, path: str) -> list[Any]:
        items: list[Any] = (await self.get(path))["items"]
        return items

    def _spawn(self, name: str, *arguments: str, **settings: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self._processes[name] = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            env={**os.environ, **self._environment, **settings},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=end_with_the_tests,
        )


def _quiet_level(n: str) -> dict[str, Any]:
    return {"alerts": [{"channel": "email", "user": f"ana-{n}"}]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx2.HTTPError:
        return False


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 30.0) -> T:
    """What ``look`` finds, as soon as it finds something; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(_POLL_SECONDS)
    return found
