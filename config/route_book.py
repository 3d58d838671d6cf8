"""What routing a call needs, in memory, at most a second old, and on disk for a start without a database."""

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.compile import compile_directory
from config.keys import Keyring, Unreadable
from config.service import ConfigService
from config.snapshot import Snapshot
from domain.directory import Directory, Hotline, Integration
from storage import hotline_state
from storage.engine import Database
from storage.tables import HotlineStateRow, TestModeRow

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
#: with no news; so that a database that is gone altogether is noticed
_LOOK_ANYWAY_SECONDS = 5.0
#: how long one look in the database may take: a carrier waits for the answer
_LOOK_SECONDS = 1.5
#: how long an unknown token stays unknown, and a database that did not answer is not asked again for one
_NEGATIVE_SECONDS = 1.0
_MOST_UNKNOWN_TOKENS = 10_000


class DirectoryUnavailable(Exception):
    """The token is not in the book, and the database could not be asked: it may well exist."""


@dataclass(frozen=True, slots=True)
class TestMode:
    """All calls of a hotline go to ``user`` until then."""

    __test__ = False  # pytest must not take the class for a test

    user: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Pin:
    """The account and number that a hotline without ``auth_token`` was first called from."""

    account: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class _Page:
    """One state of the book. The indexes follow from the directory."""

    snapshot: Snapshot
    directory: Directory
    test_modes: dict[str, TestMode]
    pins: dict[str, Pin]
    hotlines: dict[str, Hotline] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RouteBook:
    """One per process. Lookups never wait and never fail; only ``find_…`` may ask the database."""

    def __init__(
        self,
        database: Database,
        service: ConfigService,
        keyring: Keyring,
        path: Path,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._service = service
        self._keyring = keyring
        self._path = path
        self._clock = clock
        self._page: _Page | None = None
        self._read_at: datetime | None = None
        #: set once there is something to route by
        self.loaded = asyncio.Event()
        self._reading: asyncio.Task[bool] | None = None
        self._unknown: dict[str, float] = {}
        self._asked_in_vain_until = 0.0
        self._is_away = False

    # Lookups

    @property
    def is_loaded(self) -> bool:
        return self._page is not None

    @property
    def age_seconds(self) -> float:
        """Since the book was last compared with the database; infinite when it was never loaded."""
        if self._read_at is None:
            return float("inf")
        return max(0.0, (self._clock() - self._read_at).total_seconds())

    @property
    def directory(self) -> Directory:
        """Empty when nothing is loaded; see ``is_loaded``."""
        return Directory() if self._page is None else self._page.directory

    @property
    def hotline_numbers(self) -> frozenset[str]:
        return frozenset() if self._page is None else self._page.numbers

    def hotline_by_token(self, token: str) -> Hotline | None:
        return None if self._page is None else self._page.hotlines.get(token)

    def integration_by_token(self, token: str) -> Integration | None:
        return None if self._page is None else self._page.integrations.get(token)

    def test_mode(self, hotline: str, at: datetime) -> str | None:
        """The user who tests the hotline at that moment."""
        mode = None if self._page is None else self._page.test_modes.get(hotline)
        if mode is None or mode.until <= at or mode.user not in self.directory.users:
            return None
        return mode.user

    def pin(self, hotline: str) -> Pin | None:
        return None if self._page is None else self._page.pins.get(hotline)

    async def find_hotline(self, token: str) -> Hotline | None:
        """The hotline, after one look in the database when the book does not have it. Raises
        :class:`DirectoryUnavailable` when that look was not possible."""
        if self.hotline_by_token(token) is None:
            await self._look_for(token)
        return self.hotline_by_token(token)

    async def find_integration(self, token: str) -> Integration | None:
        """As :meth:`find_hotline`."""
        if self.integration_by_token(token) is None:
            await self._look_for(token)
        return self.integration_by_token(token)

    # Keeping it fresh

    async def run(self, stop: asyncio.Event) -> None:
        """Load the book from disk if need be, then keep it fresh until ``stop`` is set."""
        if self._page is None:
            await asyncio.to_thread(self.load)
        stopped = asyncio.ensure_future(stop.wait())
        changes, look_at = self._database.changes(), 0.0
        try:
            while not stop.is_set():
                started = self._clock()
                # Asked first, and always: what is committed while the book is read is news at the next look.
                has_news = changes.any()
                if has_news or time.monotonic() >= look_at:
                    was_read = await self.refresh()
                    look_at = time.monotonic() + _LOOK_ANYWAY_SECONDS if was_read else 0.0
                else:
                    self._read_at = started
                await asyncio.wait({stopped}, timeout=_POLL_SECONDS)
        finally:
            stopped.cancel()
            changes.close()

    async def refresh(self) -> bool:
        """Compare with the database now; ``False`` when it did not answer. Callers at the same time share one look."""
        running = self._reading
        if running is not None and not running.done():
            # It began before this call, so it may have missed what the caller has just written.
            await asyncio.shield(running)
        if self._reading is running or self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(self._reading)

    def load(self) -> bool:
        """Read the book from disk; ``False`` when there is none that we can read."""
        try:
            saved = json.loads(self._keyring.open(self._path.read_bytes()))
            page, saved_at = _page_from(saved), datetime.fromisoformat(saved["saved_at"])
        except FileNotFoundError:
            return False
        except (OSError, Unreadable, ValueError, KeyError, TypeError) as error:
            _log.warning("The route book %s cannot be used: %s", self._path, error)
            return False
        # A look in the database that ended meanwhile is newer.
        if self._page is None:
            self._page, self._read_at = page, saved_at
            self.loaded.set()
        return True

    async def _look_for(self, token: str) -> None:
        now = time.monotonic()
        if self._unknown.get(token, 0.0) > now:
            return
        if self._asked_in_vain_until > now or not await self.refresh():
            raise DirectoryUnavailable("the database does not answer")
        if self.hotline_by_token(token) is None and self.integration_by_token(token) is None:
            if len(self._unknown) >= _MOST_UNKNOWN_TOKENS:
                self._unknown.clear()
            self._unknown[token] = time.monotonic() + _NEGATIVE_SECONDS

    async def _read(self) -> bool:
        started = self._clock()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                snapshot = await self._service.snapshot()
                async with self._database.read() as session:
                    test_modes = _test_modes(await hotline_state.active_test_modes(session, started))
                    pins = _pins(await hotline_state.all_states(session))
            # Beside the loop: a large directory takes a tenth of a second, and callers are waiting.
            page = await asyncio.to_thread(self._next_page, snapshot, test_modes, pins)
        except Exception as error:
            # Whatever went wrong, calls are routed by the last page.
            self._note_absence(error)
            return False
        self._is_away = False
        self._read_at = started
        if page != self._page:
            self._page = page
            self.loaded.set()
            self._unknown.clear()
            await asyncio.to_thread(self._save, page, started)
        return True

    def _note_absence(self, error: Exception) -> None:
        self._asked_in_vain_until = time.monotonic() + _NEGATIVE_SECONDS
        if not self._is_away:
            _log.warning("The route book cannot be compared with the database; the last one is used: %r", error)
        self._is_away = True

    def _next_page(self, snapshot: Snapshot, test_modes: dict[str, TestMode], pins: dict[str, Pin]) -> _Page:
        old = self._page
        if old is not None and (old.snapshot, old.test_modes, old.pins) == (snapshot, test_modes, pins):
            return old
        return _page(snapshot, test_modes, pins)

    def _save(self, page: _Page, at: datetime) -> None:
        try:
            _replace(self._path, self._keyring.seal(json.dumps(_page_as_json(page, at)).encode()))
        except OSError as error:
            _log.warning("The route book cannot be written to %s: %s", self._path, error)


def _test_modes(rows: Iterable[TestModeRow]) -> dict[str, TestMode]:
    return {row.hotline: TestMode(row.user, row.until) for row in rows}


def _pins(rows: Iterable[HotlineStateRow]) -> dict[str, Pin]:
    pins = {row.hotline: Pin(row.pinned_account, row.pinned_number) for row in rows}
    return {hotline: pin for hotline, pin in pins.items() if pin != Pin(None, None)}


def _page(snapshot: Snapshot, test_modes: dict[str, TestMode], pins: dict[str, Pin]) -> _Page:
    directory = compile_directory(snapshot)
    return _Page(
        snapshot=snapshot,
        directory=directory,
        test_modes=test_modes,
        pins=pins,
        hotlines={hotline.token: hotline for hotline in directory.hotlines.values() if hotline.token},
        integrations={door.token: door for door in directory.integrations.values() if door.token},
        numbers=frozenset(hotline.number for hotline in directory.hotlines.values()),
    )


def _page_as_json(page: _Page, at: datetime) -> dict[str, Any]:
    return {
        "saved_at": at.isoformat(),
        "snapshot": page.snapshot.as_json(),
        "test_modes": {hotline: [mode.user, mode.until.isoformat()] for hotline, mode in page.test_modes.items()},
        "pins": {hotline: [pin.account, pin.number] for hotline, pin in page.pins.items()},
    }


def _page_from(saved: dict[str, Any]) -> _Page:
    modes = {
        hotline: TestMode(user, datetime.fromisoformat(until)) for hotline, (user, until) in saved["test_modes"].items()
    }
    pins = {hotline: Pin(account, number) for hotline, (account, number) in saved["pins"].items()}
    return _page(Snapshot.from_json(saved["snapshot"]), modes, pins)


def _replace(path: Path, content: bytes) -> None:
    """Write the file whole or not at all, readable by its owner only, and on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
