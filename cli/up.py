"""``dutyline up``: the whole system on one machine, started in order and stopped as a whole.

This process lives as long as the installation and must stay small: standard library only. What needs more (migrations,
configuration, the screen at the end) runs in a process that ends again. Even the command line is read before, by
``cli.main``, which gives way to ``python -m cli.up DATA_DIR PORT IS_DEMO [CONFIG_FILE]``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from types import FrameType

from cli import installation
from cli.exit import end_with_parent, run_and_leave
from cli.health import first_free, http_get, is_free, temporal_serves, unready_parts
from cli.processes import stop_leftovers
from cli.supervisor import Child, ChildFailed, Supervisor
from temporal.server import ServerNotFound, cache_folder, find_temporal_cli

_TEMPORAL_PORT = 7233
_TEMPORAL_ATTEMPTS = 3
_READY_SECONDS = 30.0
_DEMO_FILE = Path(__file__).parent / "demo" / "dutyline.yaml"


class CannotStart(Exception):
    """A sentence for the operator: what is in the way, and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """As typed; see ``dutyline up --help``."""

    data_dir: Path
    port: int
    is_demo: bool
    config_file: Path | None

    @classmethod
    def read(cls, data_dir: str, port: str, is_demo: str, config_file: str | None = None) -> "Options":
        return cls(Path(data_dir), int(port), is_demo == "1", Path(config_file) if config_file else None)


@dataclass(frozen=True, slots=True)
class _Temporal:
    """Our own server, or somebody else's (then ``cli`` is None)."""

    address: str
    ui_url: str | None
    cli: Path | None


def up(options: Options) -> None:
    """Runs until SIGTERM or Ctrl-C. Raises :class:`CannotStart` with a sentence when something is in the way."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = options.data_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if options.config_file is not None and not options.config_file.is_file():
        raise CannotStart(f"There is no file {options.config_file}.")
    with _only_one(folder):
        for leftover in stop_leftovers(_records(folder)):
            _say(f"Stopped {leftover.name} (process {leftover.pid}), left over from a supervisor that was killed.")
        if not is_free(options.port):
            raise CannotStart(
                f"Port {options.port} is in use. Choose another one: dutyline up --port {first_free(options.port)}"
            )
        try:
            cli = None if os.environ.get("DUTYLINE_TEMPORAL_ADDRESS") else find_temporal_cli()
            asyncio.run(_run(options, folder, cli))
        except (ChildFailed, ServerNotFound) as failed:
            raise CannotStart(str(failed)) from failed


async def _run(options: Options, folder: Path, cli: Path | None) -> None:
    stop_asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop_asked.set)
    supervisor = Supervisor(_records(folder), _say)
    starting = asyncio.create_task(_start(supervisor, options, folder, cli))
    waiting = asyncio.create_task(stop_asked.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await waiting
    finally:
        _say("Stopping ...")
        for task in (starting, waiting):
            task.cancel()
        await asyncio.gather(starting, waiting, return_exceptions=True)
        await supervisor.stop()
        _say("Stopped.")


async def _start(supervisor: Supervisor, options: Options, folder: Path, cli: Path | None) -> None:
    temporal = _foreign_temporal() if cli is None else await _start_temporal(supervisor, options, folder, cli)
    environment = _environment(options, folder, temporal)
    installation.announce(folder, environment)
    await _prepare(supervisor, options, folder, environment)
    _say("Starting the worker and the api ...")
    await supervisor.start(_ours("worker", ("worker",), folder, environment))
    await supervisor.start(_api(options.port, folder, environment))
    await _wait_until_ready(options.port)
    await supervisor.run_once(_ours("welcome", ("welcome",), folder, environment, has_terminal=True))


def _foreign_temporal() -> _Temporal:
    return _Temporal(os.environ["DUTYLINE_TEMPORAL_ADDRESS"], os.environ.get("DUTYLINE_TEMPORAL_UI_URL"), None)


async def _start_temporal(supervisor: Supervisor, options: Options, folder: Path, cli: Path) -> _Temporal:
    """On the next free port. Another program may take it between our look and Temporal's; then the next one."""
    for attempts_left in reversed(range(_TEMPORAL_ATTEMPTS)):
        with _choosing_ports():
            port = first_free(_TEMPORAL_PORT)
            ui_port = first_free(port + 1000)
            _say(f"Starting Temporal on port {port} ...")
            try:
                await supervisor.start(_temporal_server(cli, folder, port, ui_port, options.port))
            except ChildFailed:
                if attempts_left == 0 or is_free(port):
                    raise
            else:
                return _Temporal(f"127.0.0.1:{port}", f"http://127.0.0.1:{ui_port}", cli)
    raise AssertionError("the last attempt raises or returns")


def _temporal_server(cli: Path, folder: Path, port: int, ui_port: int, api_port: int) -> Child:
    namespace = _namespace()
    # On the UI's own host whatever the public address is: browsers send no cookie from here to another site.
    codec = ["--ui-codec-endpoint", f"http://127.0.0.1:{api_port}/codec"]
    flags = ["--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui_port), "--namespace", namespace]
    # As durable as the server's default journal and about twice as fast.
    pragmas = ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full"]
    store = ["--db-filename", str(folder / "temporal.db"), *pragmas]
    # A worker may begin at once with an activity that its own workflow has just asked for.
    eager = ["--dynamic-config-value", "system.enableActivityEagerExecution=true"]
    return Child(
        name="temporal",
        command=(str(cli), "server", "start-dev", *flags, *codec, *store, *eager, "--log-level", "warn"),
        log=_log(folder, "temporal"),
        is_healthy=lambda: temporal_serves(cli, f"127.0.0.1:{port}", namespace),
        stop_seconds=10.0,
        ends_by_pipe=False,
    )


async def _prepare(supervisor: Supervisor, options: Options, folder: Path, environment: Mapping[str, str]) -> None:
    _say("Preparing the database ...")
    await supervisor.run_once(_ours("db-upgrade", ("db", "upgrade"), folder, environment))
    # Only once, for what was changed in the dashboard since then must stay.
    applied = folder / "demo-applied"
    if options.is_demo and not applied.exists():
        await supervisor.run_once(_ours("apply-demo", ("apply", str(_DEMO_FILE)), folder, environment))
        applied.touch()
    if options.config_file is not None:
        file = str(options.config_file.resolve())
        await supervisor.run_once(_ours("apply", ("apply", file), folder, environment))


async def _wait_until_ready(port: int) -> None:
    """Not ready is no reason to stop: the api serves what it can, and joins when the rest comes."""
    body = ""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                status, body = await http_get(port, "/readyz")
                if status == 200:
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        _say(f"Not everything is ready after {_READY_SECONDS:.0f} s: {unready_parts(body)}")


def _api(port: int, folder: Path, environment: Mapping[str, str]) -> Child:
    async def answers() -> bool:
        return (await http_get(port, "/healthz"))[0] == 200

    return Child(
        name="api",
        command=_command("api", "--role", "all", "--port", str(port)),
        log=_log(folder, "api"),
        environment=environment,
        is_healthy=answers,
    )


def _ours(
    name: str, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], *, has_terminal: bool = False
) -> Child:
    log = None if has_terminal else _log(folder, name)
    return Child(name=name, command=_command(*arguments), log=log, environment=environment)


def _command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "cli.main", *arguments)


def _environment(options: Options, folder: Path, temporal: _Temporal) -> dict[str, str]:
    environment = {
        "DUTYLINE_EMBEDDED": "1",
        "DUTYLINE_DEMO": "1" if options.is_demo else "0",
        "DUTYLINE_DATA_DIR": str(folder),
        "DUTYLINE_PUBLIC_URL": os.environ.get("DUTYLINE_PUBLIC_URL") or f"http://127.0.0.1:{options.port}",
        "DUTYLINE_TEMPORAL_ADDRESS": temporal.address,
        "DUTYLINE_TEMPORAL_NAMESPACE": _namespace(),
        "PYTHONUNBUFFERED": "1",
        # Shorter than a ring: somebody waits for the terminal.
        "DUTYLINE_DRAIN_SECONDS": os.environ.get("DUTYLINE_DRAIN_SECONDS") or "8",
        # Each of many threads would keep free memory of its own otherwise.
        "MALLOC_ARENA_MAX": "2",
    }
    if temporal.ui_url is not None:
        environment["DUTYLINE_TEMPORAL_UI_URL"] = temporal.ui_url
    return environment


def _namespace() -> str:
    return os.environ.get("DUTYLINE_TEMPORAL_NAMESPACE") or "default"


def _records(folder: Path) -> Path:
    return folder / "processes.json"


def _log(folder: Path, name: str) -> Path:
    return folder / "logs" / f"{name}.log"


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two supervisors in one data folder would stop each other's processes."""
    with (folder / "dutyline.lock").open("a+") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Process {lock.read().strip()} runs Dutyline in {folder} already. "
                "Stop it, or choose another folder with --data-dir."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@contextmanager
def _choosing_ports() -> Iterator[None]:
    """One installation at a time looks for free ports, so that none takes another one's server for its own."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "ports.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    try:
        up(Options.read(*sys.argv[1:]))
    except CannotStart as reason:
        raise SystemExit(str(reason)) from None


if __name__ == "__main__":
    end_with_parent()
    run_and_leave(main)
