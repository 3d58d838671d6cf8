"""Foreign calendars in the database: a reading is shown as a whole or not at all, and failures keep what was there."""

from datetime import date, datetime, timedelta

from domain.foreign_calendars import ForeignEvent, all_day
from storage import calendars
from storage.engine import Database
from tests.calendars.files import NOW

LATER = NOW + timedelta(hours=1)
SOURCE = calendars.source_of("https://calendar.example/hush-hush/basic.ics")


def an_event(title: str, starts: datetime = NOW, hours: int = 1) -> ForeignEvent:
    return ForeignEvent(title, title, starts, starts + timedelta(hours=hours))


async def titles(database: Database, *, key: str = "holidays", start: datetime = NOW, days: int = 30) -> list[str]:
    async with database.read() as session:
        found = await calendars.events_between(session, [key], start, start + timedelta(days=days), 10_000)
    return [event.title for _, event in found]


async def replace(database: Database, *events: ForeignEvent, key: str = "holidays", at: datetime = NOW) -> None:
    await calendars.replace_events(database, key, SOURCE, events, at)


async def rows(database: Database, key: str = "holidays") -> tuple[int, str | None]:
    """How many events are shown, and what went wrong last."""
    async with database.read() as session:
        state = await calendars.state(session, key)
        return await calendars.count_events(session, key), state.error if state else "no state"


async def test_reading_replaces_the_events_of_before(database: Database) -> None:
    await replace(database, an_event("a"), an_event("b"))
    await replace(database, an_event("c"), at=LATER)
    assert await titles(database) == ["c"]


async def test_reading_of_thousands_is_shown_whole(database: Database) -> None:
    await replace(database, *[an_event(str(number)) for number in range(1_050)])
    assert await rows(database) == (1_050, None)


async def test_older_reading_that_ends_later_is_not_shown(database: Database) -> None:
    await replace(database, an_event("new"), at=LATER)
    await replace(database, an_event("old"), at=NOW)
    assert await titles(database) == ["new"]


async def test_failure_keeps_the_events_and_says_why(database: Database) -> None:
    await replace(database, an_event("a"))
    async with database.write() as session:
        await calendars.note_failure(session, "holidays", SOURCE, "The address answers HTTP 404.", LATER)
    assert await titles(database) == ["a"]
    async with database.read() as session:
        state = await calendars.state(session, "holidays")
    assert state is not None
    assert (state.error, state.tried_at, state.refreshed_at) == ("The address answers HTTP 404.", LATER, NOW)


async def test_failure_of_the_first_reading_is_kept_too(database: Database) -> None:
    async with database.write() as session:
        await calendars.note_failure(session, "holidays", SOURCE, "No.", NOW)
    assert await rows(database) == (0, "No.")


async def test_next_reading_clears_the_error(database: Database) -> None:
    async with database.write() as session:
        await calendars.note_failure(session, "holidays", SOURCE, "No.", NOW)
    await replace(database, an_event("a"), at=LATER)
    assert await rows(database) == (1, None)


async def test_window_has_what_touches_it(database: Database) -> None:
    await replace(
        database,
        an_event("over", NOW - timedelta(hours=2)),
        an_event("running", NOW - timedelta(hours=1), hours=2),
        an_event("inside", NOW + timedelta(days=1)),
        an_event("beyond", NOW + timedelta(days=31)),
    )
    assert await titles(database) == ["running", "inside"]


async def test_days_of_an_all_day_event_are_kept(database: Database) -> None:
    event = all_day("1", "Epiphany", date(2026, 1, 6), date(2026, 1, 7))
    await replace(database, event)
    async with database.read() as session:
        assert await calendars.events_between(session, ["holidays"], NOW, NOW + timedelta(days=9), 9) == [
            ("holidays", event)
        ]


async def test_hostile_text_is_storable(database: Database) -> None:
    await replace(database, an_event("a\x00b \ud800"))
    assert await rows(database) == (1, None)


async def test_file_is_kept_until_the_calendar_is_forgotten(database: Database) -> None:
    await calendars.replace_events(database, "holidays", calendars.FILE, [an_event("a")], NOW, file=b"BEGIN:VCALENDAR")
    await calendars.replace_events(database, "holidays", calendars.FILE, [an_event("b")], NOW + timedelta(days=1))
    async with database.read() as session:
        assert await calendars.file_of(session, "holidays") == b"BEGIN:VCALENDAR"
    await calendars.forget(database, "holidays")
    async with database.read() as session:
        assert await calendars.file_of(session, "holidays") is None


async def test_of_two_files_at_once_the_newer_one_stays_with_its_events(database: Database) -> None:
    later = NOW + timedelta(seconds=1)
    await calendars.replace_events(database, "holidays", calendars.FILE, [an_event("new")], later, file=b"new")
    await calendars.replace_events(database, "holidays", calendars.FILE, [an_event("old")], NOW, file=b"old")
    async with database.read() as session:
        assert await calendars.file_of(session, "holidays") == b"new"
    assert await titles(database) == ["new"]


async def test_forgetting_one_calendar_leaves_the_others(database: Database) -> None:
    await replace(database, an_event("a"))
    await replace(database, an_event("b"), key="offsites")
    await calendars.forget(database, "holidays")
    assert await rows(database) == (0, "no state")
    assert await titles(database, key="offsites") == ["b"]


def test_source_tells_addresses_apart_without_holding_them() -> None:
    assert calendars.source_of("https://calendar.example/other/basic.ics") != SOURCE
    assert "hush" not in SOURCE
    assert calendars.source_of(None) == calendars.FILE
