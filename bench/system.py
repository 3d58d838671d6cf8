"""The measured system: real processes on the loopback address, in a folder of their own, each ended by its id.

Every process holds the read end of a pipe to this one, so that none stays behind when the measurement is killed.
"""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.caller import Callers
from bench.loop import WrongAnswer
from cli.exit import LIFELINE_VARIABLE
from cli.health import http_get
from cli.processes import read_records

_CONFIGURATION = Path(__file__).with_name("dutyline.yaml")
#: what the surroundings may decide: where the Temporal server is found
_KEPT_SETTINGS = frozenset({"DUTYLINE_CACHE_DIR", "DUTYLINE_TEMPORAL_CLI"})
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


class NotStarted(Exception):
    """The system did not come up; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation: where it listens and where its data is."""

    folder: Path
    port: int

    def temporal_address(self) -> str:
        announced: dict[str, str] = json.loads((self.folder / "installation.json").read_text())
        return announced["DUTYLINE_TEMPORAL_ADDRESS"]

    def process_ids(self) -> dict[str, int]:
        """By name: what ``dutyline up`` has running, and itself as ``up``."""
        running = {record.name: record.pid for record in read_records(self.folder / "processes.json")}
        return {**running, "up": int((self.folder / "dutyline.lock").read_text())}

    def count(self, query: str) -> int:
        """The answer to a ``SELECT count(*)`` in the database, with the journal's file attached as ``j``."""
        with closing(sqlite3.connect(self.folder / "dutyline.db", timeout=10)) as connection:
            connection.execute("ATTACH ? AS j", (str(self.folder / "journal.db"),))
            (number,) = connection.execute(query).fetchone()
            return int(number)


@asynccontextmanager
async def whole_system(folder: Path, provider_url: str) -> AsyncIterator[Installation]:
    """``dutyline up`` with its Temporal, worker and api, ready when a call goes the whole way: through its workflow
    to the call log."""
    installation = Installation(folder, _free_port())
    arguments = ["up", "--data-dir", str(folder), "--port", str(installation.port), "--config", str(_CONFIGURATION)]
    environment = environment_for({"BENCH_PROVIDER_URL": provider_url})
    with process(_dutyline(*arguments), folder / "up.log", environment) as supervisor:
        await _until_healthy(installation, supervisor)
        await _until_calls_work(installation, supervisor)
        yield installation


@asynccontextmanager
async def api_alone(folder: Path, cores: set[int] | None = None) -> AsyncIterator[Installation]:
    """Database and api, on the given cores or on all. Temporal is away: nothing listens where it should be."""
    installation = Installation(folder, _free_port())
    environment = environment_for(
        {
            "BENCH_PROVIDER_URL": "http://127.0.0.1:9",
            "DUTYLINE_EMBEDDED": "1",
            "DUTYLINE_DATA_DIR": str(folder),
            "DUTYLINE_PUBLIC_URL": f"http://127.0.0.1:{installation.port}",
            "DUTYLINE_TEMPORAL_ADDRESS": f"127.0.0.1:{_free_port()}",
        }
    )
    _prepare(environment)
    command = _dutyline("api", "--port", str(installation.port))
    with process(command, folder / "api.log", environment, cores) as api:
        await _until_healthy(installation, api)
        yield installation


def _prepare(environment: Mapping[str, str]) -> None:
    for step in (("db", "upgrade"), ("apply", str(_CONFIGURATION))):
        subprocess.run(_dutyline(*step), env=environment, check=True, stdout=subprocess.DEVNULL)


def _dutyline(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *arguments]


@contextmanager
def process(
    command: list[str], log: Path, environment: Mapping[str, str], cores: set[int] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One process, on the given cores or on all; ended by SIGTERM, and by SIGKILL when it does not go."""
    read_end, write_end = os.pipe()
    with log.open("ab") as output, inherited_cores(cores):
        running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment, LIFELINE_VARIABLE: str(read_end)},
            start_new_session=True,
            pass_fds=(read_end,),
        )
    os.close(read_end)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        os.close(write_end)


@contextmanager
def inherited_cores(cores: set[int] | None) -> Iterator[None]:
    """A process is born on its parent's cores (Linux; elsewhere it runs on all)."""
    if cores is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def environment_for(added: Mapping[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DUTYLINE_") or k in _KEPT_SETTINGS}
    return {**kept, "PYTHONUNBUFFERED": "1", **added}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_healthy(installation: Installation, started: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while (await http_get(installation.port, "/healthz"))[0] != 200:
        if started.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(_last_words(installation.folder))
        await asyncio.sleep(0.2)


async def _until_calls_work(installation: Installation, supervisor: subprocess.Popen[bytes]) -> None:
    await _until_healthy(installation, supervisor)
    deadline = time.monotonic() + _START_SECONDS
    callers = Callers(installation.port)
    while installation.count("SELECT count(*) FROM calls WHERE NOT degraded") < 3:
        if supervisor.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(_last_words(installation.folder))
        try:
            await callers.dial()
        except (WrongAnswer, OSError) as error:
            print(f"  not yet: {error}", file=sys.stderr)
        await asyncio.sleep(0.5)
    await callers.hang_up()


def _last_words(folder: Path) -> str:
    logs = [folder / "up.log", *sorted(folder.glob("logs/*.log")), folder / "api.log"]
    tails = [f"{log.name}: ...{log.read_text(errors='replace')[-600:]}" for log in logs if log.exists()]
    return "The system did not start.\n" + "\n".join(tails)
