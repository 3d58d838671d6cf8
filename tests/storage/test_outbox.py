"""The outbox: order, lanes, one in flight per target, nothing lost."""

from typing import Any

import pytest

from storage import outbox
from storage.engine import Database
from storage.outbox import Command, Lane
from tests.storage.records import NOON, at


def _command(target: str, **fields: Any) -> Command:
    values: dict[str, Any] = {"kind": "signal", "target": target, "payload": {}, "created_at": NOON}
    return Command(**values | fields)


async def _add(database: Database, *commands: Command) -> None:
    async with database.write() as session:
        await outbox.add(session, *commands)


async def _next(database: Database, seconds: float = 0, limit: int = 10, busy: tuple[str, ...] = ()) -> list[int]:
    async with database.read() as session:
        return [row.id for row in await outbox.next_batch(session, at(seconds), limit=limit, busy=busy)]


async def test_command_keeps_its_kind_and_payload(database: Database) -> None:
    await _add(database, _command("inc_a", kind="start", payload={"version": 3}))

    async with database.read() as session:
        (row,) = await outbox.next_batch(session, NOON, limit=1)
    assert (row.kind, row.target, row.payload, row.attempts) == ("start", "inc_a", {"version": 3}, 0)


async def test_urgent_commands_go_before_bulk_ones(database: Database) -> None:
    await _add(database, _command("a", lane=Lane.BULK), _command("b"), _command("c", lane=Lane.BULK), _command("d"))

    assert await _next(database) == [2, 4, 1, 3]


async def test_target_has_one_command_at_a_time_the_first_one(database: Database) -> None:
    await _add(database, _command("a"), _command("a"), _command("b"))

    assert await _next(database) == [1, 3]


async def test_next_command_of_a_target_comes_when_the_first_is_done(database: Database) -> None:
    await _add(database, _command("a"), _command("a"))
    async with database.write() as session:
        await outbox.mark_done(session, [1], at(1))

    assert await _next(database) == [2]


async def test_urgent_command_of_a_target_overtakes_its_bulk_one(database: Database) -> None:
    await _add(database, _command("a", lane=Lane.BULK), _command("a"))

    assert await _next(database) == [2]


async def test_target_with_a_command_in_flight_is_left_out(database: Database) -> None:
    await _add(database, _command("a"), _command("b"))

    assert await _next(database, busy=("a",)) == [2]


async def test_failed_command_waits_and_holds_back_its_own_target_only(database: Database) -> None:
    await _add(database, _command("a"), _command("a"), _command("b"))
    async with database.write() as session:
        await outbox.mark_failed(session, 1, "Temporal is away", retry_at=at(30))

    assert await _next(database, seconds=29) == [3]
    assert await _next(database, seconds=30) == [1, 3]


async def test_failed_command_says_why_and_how_often(database: Database) -> None:
    await _add(database, _command("a"))
    async with database.write() as session:
        await outbox.mark_failed(session, 1, "Temporal is away", retry_at=at(0))

    async with database.read() as session:
        (row,) = await outbox.next_batch(session, at(0), limit=1)
    assert (row.attempts, row.last_error) == (1, "Temporal is away")


async def test_command_is_gone_when_its_transaction_fails(database: Database) -> None:
    async def add_and_fail() -> None:
        async with database.write() as session:
            await outbox.add(session, _command("a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await add_and_fail()

    assert await _next(database) == []


async def test_ten_thousand_bulk_commands_do_not_delay_an_urgent_one(database: Database) -> None:
    await _add(database, *(_command(f"inc_{n}", lane=Lane.BULK) for n in range(10_000)))
    await _add(database, _command("inc_urgent"))

    assert (await _next(database, limit=4)) == [10_001, 1, 2, 3]


async def test_trimming_removes_old_done_commands_and_their_numbers_never_come_back(database: Database) -> None:
    await _add(database, _command("a"), _command("b"))
    async with database.write() as session:
        await outbox.mark_done(session, [1, 2], at(1))
        assert await outbox.trim_done(session, at(2), limit=10) == 2

    await _add(database, _command("c"))

    assert await _next(database) == [3]
