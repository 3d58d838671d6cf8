"""What owners are told in half a year of daily looks at a schedule: each thing once, although it comes and goes."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.coverage import concerns
from domain.directory import Directory, ShiftNotices, User
from domain.notices import schedule_topic
from domain.schedule import Layer, RotationUnit, Weekday
from domain.schedule_notices import warning_notices
from storage import notices
from storage.engine import Database
from tests.support.schedules import layer, local, schedule

FIRST = local("2026-01-14 12:00")
DAYS = 200
PEOPLE = ("ana", "ben", "cleo", "dan", "eva", "finn", "gus")
USERS = {key: User(key, key.title(), phones=(f"+1555010000{number}",)) for number, key in enumerate(PEOPLE)}
OWNER = User("owner", "Ana Reyes", shift_notices=ShiftNotices(changes=("email",)))
DIRECTORY = Directory(users={**USERS, "owner": OWNER})
WEEKLY = layer(*PEOPLE, unit=RotationUnit.WEEK, weekday=Weekday.MONDAY)
ALL_PROVED = frozenset((user.key, user.phones[0]) for user in USERS.values())

Proofs = Collection[tuple[str, str]]


def all_but(user: str) -> Proofs:
    return frozenset(proof for proof in ALL_PROVED if proof[0] != user)


async def told(
    database: Database, rotation: Layer, proved_on: Callable[[int], Proofs] = lambda _day: ALL_PROVED
) -> list[tuple[int, str, str]]:
    """One look a day, as the schedule is tended: the day, the kind and the concern of every notice."""
    roster = replace(schedule(rotation), owners=("owner",))
    topic = schedule_topic(roster.key)
    found: list[tuple[int, str, str]] = []
    for day in range(DAYS):
        now = FIRST + timedelta(days=day)
        worries = concerns(roster, DIRECTORY, proved_on(day), now)
        async with database.write() as session:
            known = await notices.told_warnings(session, topic)
            new = warning_notices(roster, DIRECTORY, worries, known, now)
            for notice in new:
                for notice_id in await notices.add(session, [notice], now):
                    await notices.claim(session, notice_id, now)
                    await notices.set_sent(session, notice_id, provider="smtp", provider_id=None, at=now)
                    found.append((day, notice.kind, notice.about))
            await notices.note_mended(session, topic, {worry.key for worry in worries}, now)
    return found


async def test_hole_that_comes_three_or_four_times_a_month_is_told_once(database: Database) -> None:
    eight_days = layer(*PEOPLE, None)

    assert await told(database, eight_days) == [(0, "warning_week", "gap:09:00:09:00")]


async def test_load_that_is_nearly_too_unequal_is_told_once(database: Database) -> None:
    two_and_three = layer("ana", "ana", "ben", "ben", "ben")

    (notice,) = await told(database, two_and_three)

    assert notice[1:] == ("warning_week", "unbalanced:Layer")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        # on call on the first day
        ("ben", [(0, "warning_day")]),
        # from Monday on
        ("cleo", [(0, "warning_week"), (4, "warning_day")]),
    ],
)
async def test_phone_of_somebody_who_is_seldom_on_call_is_told_before_the_first_shift_only(
    database: Database, user: str, expected: list[tuple[int, str]]
) -> None:
    found = await told(database, WEEKLY, lambda _day: all_but(user))

    assert [(day, kind) for day, kind, _ in found] == expected


async def test_what_was_mended_for_long_and_comes_back_is_told_again(database: Database) -> None:
    def proved_on(day: int) -> Proofs:
        return ALL_PROVED if 20 <= day < 110 else all_but("ben")

    days = [day for day, _, _ in await told(database, layer("ana", "ben"), proved_on)]

    assert days == [0, 110]
