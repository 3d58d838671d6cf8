"""A spool: local files that take what cannot be handed over now, and hand it over when that is possible again.

One line per item: a checksum, and the sealed item. Files are named by time and locked by the process that writes them,
so a successor on the same machine picks up what a dead process left. A line that was cut off by a crash was never
answered; it is passed over.
"""

import asyncio
import base64
import fcntl
import logging
import os
import time
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, NoReturn, Protocol, TypeVar

from storage.group_commit import GroupCommit

_log = logging.getLogger(__name__)

_SEGMENT_BYTES = 16 * 1024 * 1024
#: how long one window of items may take together
_WINDOW_SECONDS = 30
_IDLE_SECONDS = 1.0
_DRAINING_SECONDS = 0.02

T = TypeVar("T")
R = TypeVar("R")


class Away(Exception):
    """Raised by ``deliver``: what should take the items is still away."""


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """How a spool's files are called, and how an item becomes bytes and back.

    ``window``: how many items may be on their way at once; 1 keeps their order strictly.
    """

    name: str
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    window: int = 1


class Sealer(Protocol):
    """What the spool needs of ``config.keys.Keyring``. ``open`` raises when a text is not ours."""

    def seal(self, plain: bytes, context: str = "") -> bytes: ...

    def open(self, sealed: bytes, context: str = "") -> bytes: ...


@dataclass(slots=True)
class _Segment:
    """A file, and the lock on it, which lives as long as ``descriptor`` is open."""

    path: Path
    descriptor: int
    size: int = 0


@dataclass(slots=True)
class _Content(Generic[T]):
    items: list[T] = field(default_factory=list)
    damaged_lines: int = 0


class Spool(Generic[T]):
    """One per process and form; several processes may share the folder. All file work is done in one thread."""

    def __init__(self, folder: Path, sealer: Sealer, form: Form[T]) -> None:
        self._folder = folder
        self._sealer = sealer
        self._form = form
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._commits = GroupCommit(self._write)
        self._current: _Segment | None = None
        self._waiting: list[_Segment] = []

    @property
    def is_empty(self) -> bool:
        """Whether everything that this process took is in the journal."""
        return self._current is None and not self._waiting

    async def append(self, item: T) -> None:
        """Return when the item is on disk. Raises ``OSError``, for a full disk as an example."""
        await self._commits.submit(item)

    async def run(
        self, deliver: Callable[[T], Awaitable[None]], is_away: Callable[[], bool] = lambda: False
    ) -> NoReturn:
        """Hand over again and again, until cancelled; while ``is_away`` says so, there is no use in trying."""
        while True:
            if is_away():
                await asyncio.sleep(_IDLE_SECONDS)
                continue
            try:
                await self.replay(deliver)
            except (Away, TimeoutError):
                _log.warning("What is in the %s spool still has to wait.", self._form.name)
                await asyncio.sleep(_IDLE_SECONDS)
            except Exception:  # whatever it is, what is in the spool must be tried again
                _log.exception("The spool in %s cannot be read; what is in it waits.", self._folder)
                await asyncio.sleep(_IDLE_SECONDS)
            await asyncio.sleep(_IDLE_SECONDS if self.is_empty else _DRAINING_SECONDS)

    async def replay(self, deliver: Callable[[T], Awaitable[None]]) -> None:
        """Hand every spooled item to ``deliver``, oldest first; a file is removed when all of it was taken.

        What ``deliver`` raises ends the pass; the file stays, and the next pass repeats it: items must be recognisable.
        """
        for segment in await self._in_thread(self._claim):
            content = await self._in_thread(lambda file=segment.path: self._read(file))  # type: ignore[misc]
            for start in range(0, len(content.items), self._form.window):
                async with asyncio.timeout(_WINDOW_SECONDS):
                    await asyncio.gather(*map(deliver, content.items[start : start + self._form.window]))
            await self._in_thread(lambda done=segment, seen=content: self._retire(done, seen))  # type: ignore[misc]

    async def close(self) -> None:
        """Release the files; a process that starts later may take them."""
        await self._commits.drain()
        await self._in_thread(self._release)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _write(self, items: list[T]) -> None:
        await self._in_thread(lambda: self._write_lines(items))

    # What follows runs in the spool's thread.

    def _write_lines(self, items: list[T]) -> None:
        lines = b"".join(_line(self._sealer.seal(self._form.encode(item), self._form.name)) for item in items)
        segment = self._current or self._open_segment()
        try:
            _write_all(segment.descriptor, lines)
            os.fsync(segment.descriptor)
        except OSError:
            # Nothing may follow a line that was cut off.
            self._set_waiting(segment)
            raise
        segment.size += len(lines)
        if segment.size >= _SEGMENT_BYTES:
            self._set_waiting(segment)

    def _open_segment(self) -> _Segment:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{self._form.name}-{time.time_ns():020d}-{os.getpid()}.spool"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._current = _Segment(path, descriptor)
        return self._current

    def _set_waiting(self, segment: _Segment) -> None:
        self._waiting.append(segment)
        self._current = None

    def _claim(self) -> list[_Segment]:
        """Every file that is ours or nobody's, oldest first. New events go to a new file from here on."""
        if self._current:
            self._set_waiting(self._current)
        ours = {segment.path for segment in self._waiting}
        for path in self._folder.glob(f"{self._form.name}-*.spool"):
            if path not in ours and (orphan := _lock(path)):
                self._waiting.append(orphan)
        self._waiting.sort(key=lambda segment: segment.path.name)
        return list(self._waiting)

    def _read(self, path: Path) -> _Content[T]:
        content: _Content[T] = _Content()
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break  # cut off while it was written, so never answered
            try:
                content.items.append(self._form.decode(self._sealer.open(_sealed(line), self._form.name)))
            except Exception:  # a flipped bit or a key that is gone; the other lines must not suffer
                content.damaged_lines += 1
        return content

    def _retire(self, segment: _Segment, content: _Content[T]) -> None:
        if content.damaged_lines:
            kept = segment.path.with_suffix(".damaged")
            segment.path.rename(kept)
            _log.error("%d spooled items in %s cannot be read; the file is kept.", content.damaged_lines, kept)
        else:
            segment.path.unlink()
        self._waiting.remove(segment)
        os.close(segment.descriptor)

    def _release(self) -> None:
        for segment in [*self._waiting, *([self._current] if self._current else [])]:
            os.close(segment.descriptor)
        self._waiting, self._current = [], None


def _lock(path: Path) -> _Segment | None:
    """The file when nobody else has it."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if not path.exists():  # its owner finished and removed it in between
        os.close(descriptor)
        return None
    return _Segment(path, descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _line(sealed: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(sealed), base64.b64encode(sealed))


def _sealed(line: bytes) -> bytes:
    checksum, _, text = line.partition(b" ")
    sealed = base64.b64decode(text)
    if zlib.crc32(sealed) != int(checksum, 16):
        raise ValueError("checksum")
    return sealed
