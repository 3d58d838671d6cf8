"""Runs a slow command and shows that it is alive: seconds, stage and size on one line."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 15.0


class CommandFailed(Exception):
    """The command ended with an error, or stood still; the message ends with its last words."""


class Report:
    """Where progress goes: one line rewritten in place on a terminal, one line now and then elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._last_written_at = float("-inf")

    def line(self, text: str) -> None:
        """One line that stays."""
        self._stream.write(f"\r\x1b[K{text}\n" if self._is_terminal else f"{text}\n")
        self._stream.flush()

    def progress(self, text: str) -> None:
        """A line that the next one replaces; a log gets one of them every 15 seconds."""
        now = time.monotonic()
        if now - self._last_written_at < (_TERMINAL_SECONDS if self._is_terminal else _LOG_SECONDS):
            return
        self._last_written_at = now
        self._stream.write(f"\r\x1b[K{text}" if self._is_terminal else f"{text}\n")
        self._stream.flush()


to_stderr = Report(sys.__stderr__ or sys.stderr)


@dataclass(frozen=True, slots=True)
class Stage:
    """What is going on, and the folder whose growth shows it.

    With ``stall_seconds`` the command is given up when nothing was written for so long.
    """

    title: str
    watched: Path
    stall_seconds: float | None = None


def run_with_progress(
    command: Sequence[str], stage: Stage, report: Report, environment: Mapping[str, str] | None = None
) -> None:
    """Raises :class:`CommandFailed`; leaves no process behind, also when it is interrupted."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            _watch(process, stage, report, output)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode != 0:
            raise CommandFailed(_last_words(output))


def _watch(process: subprocess.Popen[bytes], stage: Stage, report: Report, output: IO[bytes]) -> None:
    started_at = grown_at = time.monotonic()
    size = 0
    while True:
        try:
            process.wait(timeout=_TERMINAL_SECONDS)
            return
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        if (size_now := _folder_bytes(stage.watched)) != size:
            size, grown_at = size_now, now
        if stage.stall_seconds is not None and now - grown_at > stage.stall_seconds:
            raise CommandFailed(f"nothing arrived for {stage.stall_seconds:.0f} s")
        report.progress(progress_line(stage.title, now - started_at, size, _last_line(output)))


def progress_line(title: str, elapsed_seconds: float, size_bytes: int, detail: str) -> str:
    """``Temporal: downloading ... 12 s, 40 MB, unpacking``; without what is not known yet."""
    parts = [f"{elapsed_seconds:.0f} s"]
    if size_bytes:
        parts.append(f"{size_bytes / 1e6:.0f} MB")
    if detail:
        parts.append(detail[:60])
    return f"{title} ... {', '.join(parts)}"


def _folder_bytes(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            # A file may be renamed between the listing and the look.
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total


def _last_line(output: IO[bytes]) -> str:
    """The command's newest line. Read by position, for the command writes through the same open file."""
    return _tail(output, 400).rsplit("\n", 1)[-1]


def _last_words(output: IO[bytes]) -> str:
    lines = [line for line in _tail(output, 4000).splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-500:] or "it said nothing"


def _tail(output: IO[bytes], length: int) -> str:
    size = os.fstat(output.fileno()).st_size
    return os.pread(output.fileno(), length, max(0, size - length)).decode(errors="replace").strip()
