"""Phones at which their users have proved to be, and the codes that are on their way there.

A proof belongs to a user and a number: another number is another phone, and has none.
"""

import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.schedule_tables import PhoneCodeRow, VerifiedPhoneRow
from storage.sql import changes, insert
from storage.tokens import digest

CODE_LIFETIME = timedelta(minutes=10)
_BETWEEN_CODES = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_MOST_IN_AN_HOUR = 5
_MOST_TRIES = 5


class Proof(StrEnum):
    """How somebody proved to be at a phone."""

    CODE = "code"
    HOTLINE_CALL = "hotline_call"
    ALERT_CALL = "alert_call"


class Confirmation(StrEnum):
    """What became of a code that somebody typed in."""

    VERIFIED = "verified"
    WRONG = "wrong"
    #: no code was sent, or it is too old, used, or was tried too often: another one is needed
    NOT_IN_FORCE = "not_in_force"


async def all_verified(session: AsyncSession) -> frozenset[tuple[str, str]]:
    """All (user key, number) pairs that were proved."""
    rows = await session.execute(select(VerifiedPhoneRow.user, VerifiedPhoneRow.number))
    return frozenset((user, number) for user, number in rows)


async def of_user(session: AsyncSession, user: str) -> Sequence[VerifiedPhoneRow]:
    return (await session.scalars(select(VerifiedPhoneRow).where(VerifiedPhoneRow.user == user))).all()


async def verify(session: AsyncSession, user: str, number: str, how: Proof, now: datetime) -> None:
    """The user was at this phone. The first proof stays."""
    statement = insert(session, VerifiedPhoneRow).values(user=user, number=number, how=how, verified_at=now)
    await session.execute(statement.on_conflict_do_nothing())


async def forget(session: AsyncSession, user: str, keep: Collection[str] = ()) -> None:
    """What was proved about phones that are not the user's any more, if it ever is again, is to be proved anew."""
    gone = delete(VerifiedPhoneRow).where(VerifiedPhoneRow.user == user, VerifiedPhoneRow.number.not_in(keep))
    await session.execute(gone)


async def make_code(session: AsyncSession, user: str, number: str, now: datetime) -> str | None:
    """Six digits to be sent to the number, good for ten minutes or until the next code.

    ``None`` when it is too early: there is one code a minute, and five within an hour of the first."""
    code = f"{secrets.randbelow(1_000_000):06}"
    statement = insert(session, PhoneCodeRow).values(
        number=number,
        user=user,
        hash=_digest(user, number, code),
        sent_at=now,
        expires_at=now + CODE_LIFETIME,
        tries=0,
        hour_began_at=now,
        sent_in_hour=1,
    )
    is_new_hour = PhoneCodeRow.hour_began_at <= now - _HOUR
    made = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[PhoneCodeRow.number],
            set_={
                **changes(statement, "user", "hash", "sent_at", "expires_at", "tries"),
                "hour_began_at": case((is_new_hour, now), else_=PhoneCodeRow.hour_began_at),
                "sent_in_hour": case((is_new_hour, 1), else_=PhoneCodeRow.sent_in_hour + 1),
            },
            where=(PhoneCodeRow.sent_at <= now - _BETWEEN_CODES)
            & or_(is_new_hour, PhoneCodeRow.sent_in_hour < _MOST_IN_AN_HOUR),
        ).returning(PhoneCodeRow.number)
    )
    return code if made is not None else None


async def confirm(session: AsyncSession, user: str, number: str, code: str, now: datetime) -> Confirmation:
    """Whoever knows the code has read it at the phone. Five tries; a code works once."""
    expected = await session.scalar(
        update(PhoneCodeRow)
        .where(
            PhoneCodeRow.number == number,
            PhoneCodeRow.user == user,
            PhoneCodeRow.expires_at > now,
            PhoneCodeRow.tries < _MOST_TRIES,
        )
        .values(tries=PhoneCodeRow.tries + 1)
        .returning(PhoneCodeRow.hash)
    )
    if expected is None:
        return Confirmation.NOT_IN_FORCE
    if not hmac.compare_digest(expected, _digest(user, number, code)):
        return Confirmation.WRONG
    await session.execute(update(PhoneCodeRow).where(PhoneCodeRow.number == number).values(expires_at=now))
    await verify(session, user, number, Proof.CODE, now)
    return Confirmation.VERIFIED


def _digest(user: str, number: str, code: str) -> str:
    """Bound to its user and number, so that it fits nowhere else."""
    return digest(f"{user}\n{number}\n{code}")
