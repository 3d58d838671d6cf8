"""API tokens, sign-in links, sessions."""

import asyncio

from sqlalchemy import select

from domain.directory import Role
from storage import tokens
from storage.engine import Database
from storage.tables import ApiTokenRow, SessionRow, SignInRow
from storage.tokens import SESSION_LIFETIME, SIGN_IN_LIFETIME, NewApiToken
from tests.storage.records import NOON, at


async def _token(database: Database) -> NewApiToken:
    async with database.write() as session:
        return await tokens.create_api_token(session, name="ci", role=Role.MANAGER, user="ana", now=NOON)


async def test_api_token_is_known_by_its_secret(database: Database) -> None:
    token = await _token(database)

    async with database.read() as session:
        row = await tokens.verify_api_token(session, token.secret)
    assert row is not None
    assert (row.id, row.role, row.user) == (token.id, "manager", "ana")


async def test_unknown_secret_is_no_token(database: Database) -> None:
    await _token(database)

    async with database.read() as session:
        assert await tokens.verify_api_token(session, "dly_guess\x00\ud83d") is None


async def test_no_secret_is_stored(database: Database) -> None:
    token = await _token(database)
    async with database.write() as session:
        sign_in = await tokens.create_sign_in(session, "ana", NOON)
        cookie = await tokens.create_session(session, "ana", NOON)

    async with database.read() as session:
        stored = [
            *await session.scalars(select(ApiTokenRow.hash)),
            *await session.scalars(select(SignInRow.hash)),
            *await session.scalars(select(SessionRow.hash)),
        ]
    assert not {token.secret, sign_in, cookie} & set(stored)
    assert [len(digest) for digest in stored] == [64, 64, 64]


async def test_revoked_api_token_is_refused(database: Database) -> None:
    token = await _token(database)
    async with database.write() as session:
        assert await tokens.revoke_api_token(session, token.id, at(1))
        assert not await tokens.revoke_api_token(session, token.id, at(2))

    async with database.read() as session:
        assert await tokens.verify_api_token(session, token.secret) is None
        assert [row.revoked_at for row in await tokens.api_tokens(session)] == [at(1)]


async def test_last_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    token = await _token(database)
    async with database.write() as session:
        await tokens.touch_api_token(session, token.id, at(0))
        await tokens.touch_api_token(session, token.id, at(59))

    async with database.read() as session:
        (row,) = await tokens.api_tokens(session)
    assert row.last_used_at == at(0)


async def _use(database: Database, secret: str) -> str | None:
    async with database.write() as session:
        return await tokens.use_sign_in(session, secret, at(1))


async def test_sign_in_works_once(database: Database) -> None:
    async with database.write() as session:
        secret = await tokens.create_sign_in(session, "ana", NOON)

    assert [await _use(database, secret), await _use(database, secret)] == ["ana", None]


async def test_of_two_browsers_that_follow_one_link_at_once_one_gets_in(database: Database) -> None:
    other = Database(database.url)
    async with database.write() as session:
        secret = await tokens.create_sign_in(session, "ana", NOON)

    users = await asyncio.gather(_use(database, secret), _use(other, secret))

    assert sorted(users, key=str) == [None, "ana"]
    await other.close()


async def test_sign_in_link_runs_out(database: Database) -> None:
    async with database.write() as session:
        secret = await tokens.create_sign_in(session, "ana", NOON)
        assert await tokens.use_sign_in(session, secret, NOON + SIGN_IN_LIFETIME) is None


async def test_session_lasts_until_it_runs_out(database: Database) -> None:
    async with database.write() as session:
        cookie = await tokens.create_session(session, "ana", NOON)

    async with database.read() as session:
        assert await tokens.session_user(session, cookie, at(1)) == "ana"
        assert await tokens.session_user(session, cookie, NOON + SESSION_LIFETIME) is None


async def test_session_that_was_ended_is_over(database: Database) -> None:
    async with database.write() as session:
        cookie = await tokens.create_session(session, "ana", NOON)
        await tokens.end_session(session, cookie)

    async with database.read() as session:
        assert await tokens.session_user(session, cookie, at(1)) is None


async def test_trimming_forgets_only_what_nobody_can_use(database: Database) -> None:
    async with database.write() as session:
        await tokens.create_sign_in(session, "ana", NOON)
        cookie = await tokens.create_session(session, "ana", NOON)
        await tokens.trim_expired(session, NOON + SIGN_IN_LIFETIME)

    async with database.read() as session:
        assert (await session.scalars(select(SignInRow))).all() == []
        assert await tokens.session_user(session, cookie, at(1)) == "ana"
