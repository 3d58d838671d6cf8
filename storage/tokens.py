"""API tokens, sign-in links and sessions. Only SHA-256 digests are stored: the secrets are 256 random bits, so a slow
password hash would add nothing but time to every request."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.directory import Role
from domain.ids import public_id
from storage.tables import ApiTokenRow, SessionRow, SignInRow

#: tells people, and scanners of leaked secrets, what the text is
API_TOKEN_PREFIX = "dly_"  # noqa: S105
SIGN_IN_LIFETIME = timedelta(hours=1)
SESSION_LIFETIME = timedelta(days=30)
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """``secret`` is shown once and never again."""

    id: str
    secret: str


async def create_api_token(
    session: AsyncSession, *, name: str, role: Role, user: str | None, now: datetime
) -> NewApiToken:
    """A token that acts with ``role``, on behalf of ``user`` if there is one."""
    token = NewApiToken(public_id("tok", secrets.token_bytes(16)), API_TOKEN_PREFIX + secrets.token_urlsafe(32))
    session.add(ApiTokenRow(id=token.id, name=name, role=role, user=user, hash=digest(token.secret), created_at=now))
    await session.flush()
    return token


async def verify_api_token(session: AsyncSession, secret: str) -> ApiTokenRow | None:
    """The token's row, or ``None`` when it is unknown or revoked. Reads only; see :func:`touch_api_token`."""
    return await session.scalar(
        select(ApiTokenRow).where(ApiTokenRow.hash == digest(secret), ApiTokenRow.revoked_at.is_(None))
    )


async def touch_api_token(session: AsyncSession, token_id: str, now: datetime) -> None:
    """Note that the token was used, at most once a minute."""
    stale = or_(ApiTokenRow.last_used_at.is_(None), ApiTokenRow.last_used_at < now - _TOUCH_EVERY)
    await session.execute(update(ApiTokenRow).where(ApiTokenRow.id == token_id, stale).values(last_used_at=now))


async def revoke_api_token(session: AsyncSession, token_id: str, now: datetime) -> bool:
    """``False`` when there is no such token, or none in force."""
    revoked = await session.scalar(
        update(ApiTokenRow)
        .where(ApiTokenRow.id == token_id, ApiTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiTokenRow.id)
    )
    return revoked is not None


async def api_tokens(session: AsyncSession) -> Sequence[ApiTokenRow]:
    """All tokens, revoked ones too, the oldest first."""
    return (await session.scalars(select(ApiTokenRow).order_by(ApiTokenRow.created_at, ApiTokenRow.id))).all()


async def create_sign_in(session: AsyncSession, user: str, now: datetime) -> str:
    """The one-time token of a sign-in link for ``user``, good for an hour."""
    secret = secrets.token_urlsafe(32)
    session.add(SignInRow(hash=digest(secret), user=user, expires_at=now + SIGN_IN_LIFETIME))
    await session.flush()
    return secret


async def use_sign_in(session: AsyncSession, secret: str, now: datetime) -> str | None:
    """Use up the token. The user it was made for, or ``None`` when it is unknown, used or too old."""
    return await session.scalar(
        update(SignInRow)
        .where(SignInRow.hash == digest(secret), SignInRow.used_at.is_(None), SignInRow.expires_at > now)
        .values(used_at=now)
        .returning(SignInRow.user)
    )


async def create_session(session: AsyncSession, user: str, now: datetime) -> str:
    """The secret for the cookie of a browser that has signed in."""
    secret = secrets.token_urlsafe(32)
    session.add(SessionRow(hash=digest(secret), user=user, expires_at=now + SESSION_LIFETIME))
    await session.flush()
    return secret


async def session_user(session: AsyncSession, secret: str, now: datetime) -> str | None:
    """The user whose browser this is, or ``None`` when the session is unknown or over."""
    return await session.scalar(
        select(SessionRow.user).where(SessionRow.hash == digest(secret), SessionRow.expires_at > now)
    )


async def end_session(session: AsyncSession, secret: str) -> None:
    await session.execute(delete(SessionRow).where(SessionRow.hash == digest(secret)))


async def trim_expired(session: AsyncSession, now: datetime) -> None:
    """Forget sessions and sign-in links that nobody can use any more."""
    await session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    await session.execute(delete(SignInRow).where(SignInRow.expires_at <= now))


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
