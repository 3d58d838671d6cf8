"""Phones that were proved: by codes with their limits, and by keys pressed in calls."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from storage import verified_phones
from storage.engine import Database
from storage.schedule_tables import PhoneCodeRow
from storage.verified_phones import CODE_LIFETIME, Confirmation, Proof
from tests.storage.records import NOON

PHONE = "+15550100001"
MINUTE = timedelta(minutes=1)


async def _code(database: Database, user: str = "ana", after: timedelta = timedelta()) -> str | None:
    async with database.write() as session:
        return await verified_phones.make_code(session, user, PHONE, NOON + after)


async def _confirm(database: Database, code: str | None, user: str = "ana", after: timedelta = MINUTE) -> Confirmation:
    assert code is not None
    async with database.write() as session:
        return await verified_phones.confirm(session, user, PHONE, code, NOON + after)


async def _verified(database: Database) -> frozenset[tuple[str, str]]:
    async with database.read() as session:
        return await verified_phones.all_verified(session)


def _other(code: str | None) -> str:
    return "000001" if code == "000000" else "000000"


async def test_code_that_is_typed_in_proves_the_phone(database: Database) -> None:
    code = await _code(database)

    assert await _confirm(database, code) is Confirmation.VERIFIED
    assert await _verified(database) == {("ana", PHONE)}


async def test_code_works_once(database: Database) -> None:
    code = await _code(database)
    await _confirm(database, code)

    assert await _confirm(database, code) is Confirmation.NOT_IN_FORCE


async def test_wrong_code_proves_nothing(database: Database) -> None:
    code = await _code(database)

    assert await _confirm(database, _other(code)) is Confirmation.WRONG
    assert await _verified(database) == frozenset()


async def test_code_is_refused_after_ten_minutes(database: Database) -> None:
    code = await _code(database)

    assert await _confirm(database, code, after=CODE_LIFETIME) is Confirmation.NOT_IN_FORCE


async def test_right_code_is_refused_after_five_wrong_ones(database: Database) -> None:
    code = await _code(database)
    for _ in range(5):
        await _confirm(database, _other(code))

    assert await _confirm(database, code) is Confirmation.NOT_IN_FORCE


async def test_code_of_one_user_proves_nothing_for_another(database: Database) -> None:
    code = await _code(database)

    assert await _confirm(database, code, user="ben") is Confirmation.NOT_IN_FORCE


async def test_second_code_within_a_minute_is_refused_and_the_first_still_works(database: Database) -> None:
    first = await _code(database)

    assert await _code(database, "ben", after=MINUTE / 2) is None
    assert await _confirm(database, first) is Confirmation.VERIFIED


async def test_newer_code_replaces_the_older_one(database: Database) -> None:
    first, second = await _code(database), await _code(database, after=MINUTE)

    if first != second:
        assert await _confirm(database, first, after=2 * MINUTE) is Confirmation.WRONG
    assert await _confirm(database, second, after=2 * MINUTE) is Confirmation.VERIFIED


async def test_sixth_code_within_an_hour_is_refused_and_one_after_it_is_not(database: Database) -> None:
    sent = [await _code(database, after=number * MINUTE) for number in range(6)]

    assert [code is None for code in sent] == [False] * 5 + [True]
    assert await _code(database, after=60 * MINUTE) is not None


async def test_two_requests_at_once_send_one_code(database: Database) -> None:
    sent = await asyncio.gather(*(_code(database) for _ in range(4)))

    assert sum(code is not None for code in sent) == 1


async def test_no_code_is_stored(database: Database) -> None:
    code = await _code(database)

    async with database.read() as session:
        row = (await session.scalars(select(PhoneCodeRow))).one()
    assert (len(row.hash), row.hash == code) == (64, False)


async def test_first_proof_of_a_phone_stays(database: Database) -> None:
    async with database.write() as session:
        await verified_phones.verify(session, "ana", PHONE, Proof.HOTLINE_CALL, NOON)
        await verified_phones.verify(session, "ana", PHONE, Proof.CODE, NOON + MINUTE)

    async with database.read() as session:
        (row,) = await verified_phones.of_user(session, "ana")
    assert (row.how, row.verified_at) == ("hotline_call", NOON)
