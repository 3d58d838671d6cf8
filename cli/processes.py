"""Processes by id *and* start time, so that a process id that was given away again is never mistaken for ours."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_STOP_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """``started`` is the operating system's own word for the start time, compared and never read."""

    name: str
    pid: int
    started: str


def start_time(pid: int) -> str | None:
    """When the process started, or None when there is none (a zombie counts as none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_time_by_ps(pid)
    except ProcessLookupError:
        return None
    # The name in parentheses may hold blanks; the fields after it do not.
    fields = stat.rpartition(")")[2].split()
    state, ticks_since_boot = fields[0], fields[19]
    return None if state in "ZX" else ticks_since_boot


def _start_time_by_ps(pid: int) -> str | None:
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def write_records(path: Path, records: Iterable[ProcessRecord]) -> None:
    """Replaces the file as a whole."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps([asdict(record) for record in records]))
    beside.replace(path)


def read_records(path: Path) -> list[ProcessRecord]:
    """What a supervisor wrote down; nothing when there is no file or it cannot be read."""
    try:
        return [ProcessRecord(**entry) for entry in json.loads(path.read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def stop_leftovers(path: Path) -> list[ProcessRecord]:
    """Stops what a killed supervisor left behind, and only that. Returns what was stopped."""
    leftovers = [record for record in read_records(path) if _is_alive(record)]
    for record in leftovers:
        _send(record, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and any(_is_alive(record) for record in leftovers):
        time.sleep(0.05)
    for record in leftovers:
        if _is_alive(record):
            _send(record, signal.SIGKILL)
    while any(_is_alive(record) for record in leftovers):
        time.sleep(0.05)
    path.unlink(missing_ok=True)
    return leftovers


def _is_alive(record: ProcessRecord) -> bool:
    return start_time(record.pid) == record.started


def _send(record: ProcessRecord, number: signal.Signals) -> None:
    # Each of our children leads a session of its own, so its group is it and its own children.
    try:
        os.killpg(record.pid, number)
    except ProcessLookupError:
        return
