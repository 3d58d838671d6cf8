"""Keeps the processes of one installation running, and leaves none behind.

Every child has a session of its own, so that Ctrl-C reaches the supervisor only. A child of ours ends when its pipe to
the supervisor closes (:func:`cli.exit.end_with_parent`); a foreign program is ended by the kernel when the supervisor
dies. Where the kernel cannot (it is no Linux), the next start clears what is left, by the records in the data folder.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cli.exit import LIFELINE_VARIABLE
from cli.processes import ProcessRecord, start_time, write_records

_PR_SET_PDEATHSIG = 1
_HEALTH_INTERVAL_SECONDS = 0.2
_LOOK_INTERVAL_SECONDS = 0.05
_BACK_OFF_FIRST_SECONDS = 0.5
_BACK_OFF_LAST_SECONDS = 30.0
#: a child that lived so long starts its back-off anew
_STEADY_SECONDS = 60.0
_LOG_BYTES = 20_000_000


class ChildFailed(Exception):
    """A child did not start; the message says where its log is and how it ends."""


async def _always_healthy() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running.

    ``ends_by_pipe`` holds for our own programs, which watch the pipe; other programs get the parent-death signal.
    Without ``log`` it writes to the supervisor's terminal.
    """

    name: str
    command: tuple[str, ...]
    log: Path | None
    environment: Mapping[str, str] = field(default_factory=dict)
    is_healthy: Callable[[], Awaitable[bool]] = _always_healthy
    start_seconds: float = 60.0
    stop_seconds: float = 20.0
    ends_by_pipe: bool = True


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    lifeline: int | None
    started_at: float
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Starts children in order, restarts what dies, stops in reverse order.

    ``say`` gets a sentence whenever something happens that the operator should know. There are no threads here, and a
    process is started without giving way: so none can appear unnoticed while everything is being stopped.
    """

    def __init__(self, records: Path, say: Callable[[str], None]) -> None:
        self._records = records
        self._say = say
        self._running: list[_Running] = []

    async def run_once(self, child: Child) -> None:
        """Runs a child to its end. Raises :class:`ChildFailed` when it does not end with 0."""
        running = self._add(child)
        try:
            code = await exit_code(running.process)
        finally:
            await self._end(running)
            self._running.remove(running)
        if code != 0:
            raise ChildFailed(_failure(child, f"ended with code {code}"))

    async def start(self, child: Child) -> None:
        """Returns when the child is healthy; from then on it is restarted whenever it ends.

        Raises :class:`ChildFailed` when it ends first, or is not healthy in time; it is stopped then.
        """
        running = self._add(child)
        try:
            await _until_healthy(running)
        except BaseException:
            await self._end(running)
            self._running.remove(running)
            raise
        running.keeper = asyncio.create_task(self._keep(running))

    async def stop(self) -> None:
        """Stops everything, the newest child first. Nothing is restarted from now on."""
        keepers = [running.keeper for running in self._running if running.keeper is not None]
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for running in reversed(self._running):
            await self._end(running)
        self._running.clear()

    def _add(self, child: Child) -> _Running:
        process, lifeline = _spawn(child)
        running = _Running(child, process, lifeline, time.monotonic())
        self._running.append(running)
        self._write_records()
        return running

    async def _keep(self, running: _Running) -> None:
        """Restarts the child whenever it ends, slower each time that it does not last."""
        child = running.child
        pause_seconds = _BACK_OFF_FIRST_SECONDS
        while True:
            code = await exit_code(running.process)
            if time.monotonic() - running.started_at > _STEADY_SECONDS:
                pause_seconds = _BACK_OFF_FIRST_SECONDS
            self._say(
                f"{child.name} ended with code {code}; starting it again in {pause_seconds:.1f} s. Its log: {child.log}"
            )
            _close_lifeline(running)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, _BACK_OFF_LAST_SECONDS)
            try:
                running.process, running.lifeline = _spawn(child)
            except ChildFailed as failed:
                self._say(str(failed))
                continue
            running.started_at = time.monotonic()
            self._write_records()

    async def _end(self, running: _Running) -> None:
        stop_seconds = running.child.stop_seconds
        if running.process.poll() is None:
            _signal_group(running.process, signal.SIGTERM)
            try:
                await asyncio.wait_for(exit_code(running.process), stop_seconds)
            except TimeoutError:
                self._say(f"{running.child.name} did not stop within {stop_seconds:.0f} s; ending it.")
                _signal_group(running.process, signal.SIGKILL)
                running.process.wait()
        _close_lifeline(running)
        self._write_records()

    def _write_records(self) -> None:
        records = [
            ProcessRecord(running.child.name, running.process.pid, started)
            for running in self._running
            if running.process.returncode is None and (started := start_time(running.process.pid)) is not None
        ]
        write_records(self._records, records)


async def exit_code(process: subprocess.Popen[bytes]) -> int:
    """Waits for the end. By looking, not with a thread: see :class:`Supervisor`."""
    while True:
        if (code := process.poll()) is not None:
            return code
        await asyncio.sleep(_LOOK_INTERVAL_SECONDS)


async def _until_healthy(running: _Running) -> None:
    child = running.child
    deadline = time.monotonic() + child.start_seconds
    while True:
        if (code := running.process.poll()) is not None:
            raise ChildFailed(_failure(child, f"ended with code {code}"))
        if await child.is_healthy():
            return
        if time.monotonic() > deadline:
            raise ChildFailed(_failure(child, f"did not become ready within {child.start_seconds:.0f} s"))
        await asyncio.sleep(_HEALTH_INTERVAL_SECONDS)


def _spawn(child: Child) -> tuple[subprocess.Popen[bytes], int | None]:
    """The process, and our end of its pipe."""
    if not child.ends_by_pipe:
        return _popen(child, {}, (), _die_with_parent()), None
    read_end, write_end = os.pipe()
    try:
        return _popen(child, {LIFELINE_VARIABLE: str(read_end)}, (read_end,), None), write_end
    except ChildFailed:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)


def _popen(
    child: Child, environment: Mapping[str, str], passed: tuple[int, ...], prepare: Callable[[], None] | None
) -> subprocess.Popen[bytes]:
    with _output(child.log) as output:
        try:
            return subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **child.environment, **environment},
                start_new_session=True,
                pass_fds=passed,
                preexec_fn=prepare,
            )
        except OSError as error:
            raise ChildFailed(f"{child.name} could not be started: {error}") from error


def _output(log: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    """The log, opened for appending; a log that grew too large starts anew and keeps one predecessor."""
    if log is None:
        return nullcontext()
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")


def _close_lifeline(running: _Running) -> None:
    if running.lifeline is not None:
        os.close(running.lifeline)
        running.lifeline = None


def _die_with_parent() -> Callable[[], None] | None:
    """Code for the new process, before it becomes the program: the kernel ends it when the supervisor dies."""
    if not sys.platform.startswith("linux"):
        return None
    supervisor = os.getpid()
    # Loaded here: between fork and exec nothing may be imported.
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:
            os._exit(1)

    return ask_the_kernel


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _failure(child: Child, what: str) -> str:
    if child.log is None:
        return f"{child.name} {what}."
    lines = child.log.read_text(errors="replace").splitlines()
    tail = "\n".join(f"  {line}" for line in lines[-12:])
    return f"{child.name} {what}. The end of {child.log}:\n{tail}"
