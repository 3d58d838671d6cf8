"""On what it was measured: without this a figure says nothing."""

import os
import platform
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.figures import Latencies
from temporal.server import ServerNotFound, find_temporal_cli

_CALIBRATION_WRITES = 300
_BLOCK = b"\0" * 4096


def describe(folder: Path) -> list[str]:
    """Lines about date, machine, disk and versions. ``folder`` is where the measured system keeps its data."""
    return [
        f"date      {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"machine   {os.cpu_count()} cores, {_cpu_model()}, {_memory_gib():.0f} GiB, {platform.system()} "
        f"{platform.release()}",
        f"disk      {_file_system(folder)}, fdatasync of 4 KiB: {_fdatasync(folder)}",
        f"load      {load_average()} when it began (other work on the machine makes every figure worse)",
        f"versions  Python {platform.python_version()}, temporalio {version('temporalio')}, {_temporal_version()}, "
        f"SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL)",
    ]


def load_average() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


def _cpu_model() -> str:
    return _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _field(path: Path, name: str) -> str | None:
    if not path.exists():
        return None
    lines = path.read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _file_system(folder: Path) -> str:
    """A temporary folder may be in memory, and then "durable" means nothing."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown file system"
    places = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    around = [(where, kind) for where, kind in places if folder.resolve().is_relative_to(where)]
    return max(around, key=lambda place: len(place[0]))[1]


def _fdatasync(folder: Path) -> str:
    path = folder / "calibration"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    seconds: list[float] = []
    try:
        for _ in range(_CALIBRATION_WRITES):
            os.write(descriptor, _BLOCK)
            started = time.perf_counter()
            _sync(descriptor)
            seconds.append(time.perf_counter() - started)
    finally:
        os.close(descriptor)
        path.unlink()
    taken = Latencies(seconds)
    return f"p50 {taken.p50_ms * 1000:.0f} us, p99 {taken.p99_ms * 1000:.0f} us"


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        os.fsync(descriptor)
    else:
        os.fdatasync(descriptor)


def _temporal_version() -> str:
    """Such as ``temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)``."""
    try:
        cli = find_temporal_cli()
    except ServerNotFound:
        return "no Temporal"
    return subprocess.run([cli, "--version"], capture_output=True, text=True, check=True).stdout.strip()
