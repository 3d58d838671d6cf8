"""Leases: one holder, and an epoch that fences out the one before."""

import asyncio
from datetime import timedelta

import pytest

from storage import leases
from storage.engine import Database
from storage.leases import Lease, LeaseLost
from tests.storage.records import at

_TTL = timedelta(seconds=10)


async def _acquire(database: Database, holder: str, seconds: float) -> Lease | None:
    async with database.write() as session:
        return await leases.acquire(session, "processor", holder, now=at(seconds), ttl=_TTL)


async def test_free_lease_is_given(database: Database) -> None:
    assert await _acquire(database, "a", 0) == Lease("processor", "a", 1, at(10))


async def test_held_lease_is_not_given_to_another(database: Database) -> None:
    await _acquire(database, "a", 0)

    assert await _acquire(database, "b", 9.9) is None


async def test_renewing_keeps_the_epoch(database: Database) -> None:
    await _acquire(database, "a", 0)

    assert await _acquire(database, "a", 5) == Lease("processor", "a", 1, at(15))
    assert await _acquire(database, "b", 10) is None


async def test_expired_lease_goes_to_another_with_a_new_epoch(database: Database) -> None:
    await _acquire(database, "a", 0)

    assert await _acquire(database, "b", 10) == Lease("processor", "b", 2, at(20))
    assert await _acquire(database, "a", 11) is None


async def test_released_lease_is_free_at_once(database: Database) -> None:
    lease = await _acquire(database, "a", 0)
    assert lease is not None
    async with database.write() as session:
        await leases.release(session, lease, at(1))

    assert await _acquire(database, "b", 1) == Lease("processor", "b", 2, at(11))


async def test_late_release_does_not_take_the_lease_from_the_next_holder(database: Database) -> None:
    lease = await _acquire(database, "a", 0)
    await _acquire(database, "b", 10)
    assert lease is not None
    async with database.write() as session:
        await leases.release(session, lease, at(11))

    assert await _acquire(database, "a", 12) is None


async def test_of_two_who_ask_at_once_one_gets_the_lease(database: Database) -> None:
    other = Database(database.url)

    results = await asyncio.gather(_acquire(database, "a", 0), _acquire(other, "b", 0))

    assert results.count(None) == 1
    await other.close()


async def test_transaction_of_the_current_epoch_goes_through(database: Database) -> None:
    await _acquire(database, "a", 0)

    async with database.write() as session:
        await leases.check_epoch(session, "processor", 1)


@pytest.mark.parametrize("name", ["processor", "nobody's"])
async def test_transaction_of_an_old_epoch_is_refused(database: Database, name: str) -> None:
    await _acquire(database, "a", 0)
    await _acquire(database, "b", 10)

    with pytest.raises(LeaseLost):
        async with database.write() as session:
            await leases.check_epoch(session, name, 1)


async def test_change_of_hands_waits_for_a_transaction_under_the_old_epoch(database: Database) -> None:
    await _acquire(database, "a", 0)
    other = Database(database.url)

    async with database.write() as session:
        await leases.check_epoch(session, "processor", 1)
        takeover = asyncio.create_task(_acquire(other, "b", 10))
        done, _ = await asyncio.wait([takeover], timeout=0.3)
        assert not done

    assert await takeover == Lease("processor", "b", 2, at(20))
    await other.close()
