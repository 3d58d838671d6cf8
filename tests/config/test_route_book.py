"""What the phone path knows, with and without a database."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from config.keys import Keyring, Purpose
from config.route_book import DirectoryUnavailable, Pin, RouteBook
from config.service import ConfigService
from storage import hotline_state
from storage.engine import Database
from tests.config.example import EXAMPLE
from tests.config.files import document_of

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEYS = ["test key"]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - lets the loop's task run
            await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def away() -> AsyncIterator[Database]:
    """A database that refuses every connection."""
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    yield database
    await database.close()


def book(database: Database, path: Path, clock: Clock, keys: list[str] | None = None) -> RouteBook:
    service = ConfigService(database, Keyring(KEYS, Purpose.SECRETS))
    return RouteBook(database, service, Keyring(keys or KEYS, Purpose.ROUTE_BOOK), path / "route.book", clock)


@pytest.fixture
def routes(database: Database, tmp_path: Path, clock: Clock) -> RouteBook:
    return book(database, tmp_path, clock)


async def test_the_book_knows_what_routing_needs(routes: RouteBook, service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    assert not routes.is_loaded
    assert await routes.refresh()
    hotline = routes.hotline_by_token("demo-support")
    door = routes.integration_by_token("demo-payments")
    assert hotline is not None
    assert door is not None
    assert (hotline.key, door.key) == ("support", "payments-webhook")
    assert routes.hotline_numbers == {"+12245550123"}
    assert routes.directory.organization == "Acme"


async def test_no_token_is_never_a_door(routes: RouteBook, service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    await routes.refresh()
    # Dutyline's own integration has no token.
    assert routes.integration_by_token("") is None


async def test_test_mode_ends_by_the_clock(routes: RouteBook, service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))
    async with database.write() as session:
        await hotline_state.start_test_mode(session, "support", "ana", NOW + timedelta(minutes=5))
    await routes.refresh()
    assert routes.test_mode("support", NOW + timedelta(minutes=4, seconds=59)) == "ana"
    assert routes.test_mode("support", NOW + timedelta(minutes=5)) is None
    assert routes.test_mode("other", NOW) is None


async def test_the_book_knows_pins(routes: RouteBook, service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))
    async with database.write() as session:
        await hotline_state.pin(session, "support", "AC1", "+12245550123")
    await routes.refresh()
    assert routes.pin("support") == Pin("AC1", "+12245550123")
    assert routes.pin("other") is None


async def test_a_cold_start_without_a_database_still_routes(
    routes: RouteBook, service: ConfigService, database: Database, away: Database, tmp_path: Path, clock: Clock
) -> None:
    await service.apply(document_of(EXAMPLE))
    async with database.write() as session:
        await hotline_state.start_test_mode(session, "support", "ana", NOW + timedelta(minutes=5))
        await hotline_state.pin(session, "support", "AC1", "+12245550123")
    await routes.refresh()
    clock.now += timedelta(minutes=1)
    cold = book(away, tmp_path, clock)
    assert cold.load()
    assert cold.directory == routes.directory
    assert cold.test_mode("support", clock.now) == "ana"
    assert cold.pin("support") == Pin("AC1", "+12245550123")
    assert cold.age_seconds == 60
    assert not await cold.refresh()
    assert cold.hotline_by_token("demo-support") is not None


async def test_the_file_is_sealed_and_readable_by_its_owner_only(
    routes: RouteBook, service: ConfigService, tmp_path: Path
) -> None:
    await service.apply(document_of(EXAMPLE))
    await routes.refresh()
    path = tmp_path / "route.book"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"twilio-secret" not in path.read_bytes()
    assert b"Acme" not in path.read_bytes()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("route.book")] == ["route.book"]


@pytest.mark.parametrize("damage", [b"", b"not sealed at all", None])
async def test_a_file_that_cannot_be_read_counts_as_none(
    routes: RouteBook, service: ConfigService, away: Database, tmp_path: Path, clock: Clock, damage: bytes | None
) -> None:
    await service.apply(document_of(EXAMPLE))
    await routes.refresh()
    if damage is not None:
        (tmp_path / "route.book").write_bytes(damage)
    cold = book(away, tmp_path, clock, keys=["another key"])
    assert not cold.load()
    assert not cold.is_loaded
    assert cold.age_seconds == float("inf")


async def test_a_token_newer_than_the_book_is_found_by_one_look(routes: RouteBook, service: ConfigService) -> None:
    await routes.refresh()
    await service.apply(document_of(EXAMPLE))
    hotline = await routes.find_hotline("demo-support")
    assert hotline is not None
    assert (await routes.find_integration("demo-payments")) is not None


async def test_an_unknown_token_is_looked_up_once_and_then_stays_unknown(
    routes: RouteBook, service: ConfigService
) -> None:
    await routes.refresh()
    assert await routes.find_hotline("demo-support") is None
    await service.apply(document_of(EXAMPLE))
    # Still within the second in which it stays unknown: no second look.
    assert await routes.find_hotline("demo-support") is None
    await routes.refresh()
    assert await routes.find_hotline("demo-support") is not None


async def test_an_unknown_token_while_the_database_is_away_is_not_called_unknown(
    away: Database, tmp_path: Path, clock: Clock
) -> None:
    routes = book(away, tmp_path, clock)
    with pytest.raises(DirectoryUnavailable):
        await routes.find_hotline("demo-support")
    with pytest.raises(DirectoryUnavailable):
        await routes.find_integration("demo-payments")


async def test_looks_at_the_same_time_are_shared(routes: RouteBook, service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    found = await asyncio.gather(*(routes.find_hotline("demo-support") for _ in range(50)))
    assert all(hotline is not None for hotline in found)


async def test_what_this_process_writes_holds_for_the_next_call(database: Database, tmp_path: Path) -> None:
    routes = book(database, tmp_path, Clock())
    service = ConfigService(database, Keyring(KEYS, Purpose.SECRETS), on_change=routes.refresh)
    await service.apply(document_of(EXAMPLE))
    assert routes.hotline_by_token("demo-support") is not None


async def test_the_loop_sees_what_others_write_and_stops(
    service: ConfigService, database: Database, tmp_path: Path
) -> None:
    routes = book(database, tmp_path, Clock())
    stop = asyncio.Event()
    loop = asyncio.create_task(routes.run(stop))
    try:
        await until(lambda: routes.is_loaded)
        await service.apply(document_of(EXAMPLE))
        await until(lambda: routes.hotline_by_token("demo-support") is not None)
    finally:
        stop.set()
        await asyncio.wait_for(loop, 20)
