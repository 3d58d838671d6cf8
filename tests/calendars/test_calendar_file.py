"""iCalendar files of other people: what is shown of them, and that no file can do more than be refused."""

from datetime import UTC, date, datetime, timedelta

import pytest

from activities import calendar_file
from activities.calendar_file import BadCalendar, Reading, read, read_apart
from tests.calendars.files import NOW, calendar, event

DAILY = "RRULE:FREQ=DAILY;COUNT=3"


def starts(reading: Reading) -> list[str]:
    return [f"{each.starts:%Y-%m-%dT%H:%M}" for each in reading.events]


def test_event_has_its_times_and_its_title() -> None:
    (found,) = read(calendar(event("DTSTART:20260106T090000Z", "DTEND:20260106T103000Z")), NOW).events
    assert (found.uid, found.title) == ("1@acme.example", "Offsite")
    assert found.starts == datetime(2026, 1, 6, 9, 0, tzinfo=UTC)
    assert found.ends == datetime(2026, 1, 6, 10, 30, tzinfo=UTC)
    assert not found.is_all_day


def test_folded_lines_are_joined() -> None:
    (found,) = read(calendar(event("DTSTART:20260106T090000Z", title="Off\r\n site in \r\n Madrid")), NOW).events
    assert found.title == "Offsite in Madrid"


def test_zone_of_an_event_counts() -> None:
    assert starts(read(calendar(event("DTSTART;TZID=America/New_York:20260106T090000")), NOW)) == ["2026-01-06T14:00"]


def test_zone_of_the_calendar_counts_for_times_without_one() -> None:
    file = calendar(event("DTSTART:20260106T090000"), lines=["X-WR-TIMEZONE:Europe/Madrid"])
    assert starts(read(file, NOW)) == ["2026-01-06T08:00"]


def test_time_without_any_zone_is_utc() -> None:
    assert starts(read(calendar(event("DTSTART:20260106T090000")), NOW)) == ["2026-01-06T09:00"]


def test_zone_that_the_file_describes_is_understood() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:19700101T000000"]
    zone += ["TZOFFSETFROM:+0300", "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE"]
    assert starts(read(calendar(event("DTSTART;TZID=Office:20260106T090000"), lines=zone), NOW)) == ["2026-01-06T06:00"]


@pytest.mark.parametrize(
    ("lines", "day_after"),
    [
        (["DTSTART;VALUE=DATE:20260106"], date(2026, 1, 7)),
        (["DTSTART;VALUE=DATE:20260106", "DTEND;VALUE=DATE:20260106"], date(2026, 1, 7)),
        (["DTSTART;VALUE=DATE:20260106", "DTEND;VALUE=DATE:20260109"], date(2026, 1, 9)),
        (["DTSTART;VALUE=DATE:20260106", "DURATION:P2D"], date(2026, 1, 8)),
    ],
)
def test_all_day_event_has_days_and_begins_at_midnight_wherever_it_is_seen(lines: list[str], day_after: date) -> None:
    (found,) = read(calendar(event(*lines)), NOW).events
    assert (found.first_day, found.day_after) == (date(2026, 1, 6), day_after)
    assert found.seen_in("Asia/Kathmandu")[0] == datetime(2026, 1, 5, 18, 15, tzinfo=UTC)


def test_repeated_event_stays_at_its_local_time_across_a_clock_change() -> None:
    file = calendar(event("DTSTART;TZID=Europe/Madrid:20260328T090000", DAILY))
    assert starts(read(file, NOW)) == ["2026-03-28T08:00", "2026-03-29T07:00", "2026-03-30T07:00"]


def test_excepted_date_is_left_out() -> None:
    file = calendar(event("DTSTART:20260106T090000Z", DAILY, "EXDATE:20260107T090000Z"))
    assert starts(read(file, NOW)) == ["2026-01-06T09:00", "2026-01-08T09:00"]


def test_moved_and_cancelled_occurrences_are_where_they_are_now() -> None:
    file = calendar(
        event("DTSTART:20260106T090000Z", DAILY),
        event("RECURRENCE-ID:20260107T090000Z", "DTSTART:20260107T150000Z", title="Moved"),
        event("RECURRENCE-ID:20260108T090000Z", "DTSTART:20260108T090000Z", "STATUS:CANCELLED"),
    )
    reading = read(file, NOW)
    assert starts(reading) == ["2026-01-06T09:00", "2026-01-07T15:00"]
    assert reading.events[1].title == "Moved"


def test_cancelled_event_is_left_out() -> None:
    assert read(calendar(event("DTSTART:20260106T090000Z", "STATUS:cancelled")), NOW).events == ()


def test_events_are_kept_from_a_month_ago_to_a_year_ahead() -> None:
    reading = read(calendar(event("DTSTART:20200101T090000Z", "RRULE:FREQ=DAILY")), NOW)
    assert abs(reading.events[0].starts - (NOW - timedelta(days=31))) <= timedelta(days=1)
    assert abs(reading.events[-1].starts - (NOW + timedelta(days=400))) <= timedelta(days=1)


def test_event_that_makes_no_sense_is_left_out_and_said() -> None:
    file = calendar(
        event(uid="no start"),
        event("DTSTART:20260106T090000Z", "RRULE:FREQ=SOMETIMES", uid="no rule"),
        event("DTSTART:20260106T090000Z", "DURATION:P99999999999D", uid="no end"),
        event("DTSTART:20260107T090000Z", uid="good"),
    )
    reading = read(file, NOW)
    assert starts(reading) == ["2026-01-07T09:00"]
    assert reading.note is not None
    assert "could not be understood" in reading.note


def test_title_is_printable_and_short() -> None:
    (found,) = read(calendar(event("DTSTART:20260106T090000Z", title="a\x00b\x1b[31m" + "x" * 9000)), NOW).events
    assert found.title.startswith("a b [31mx")
    assert len(found.title) == 500


@pytest.mark.parametrize("frequency", ["MINUTELY", "SECONDLY", "minutely"])
def test_event_that_repeats_all_the_time_is_refused_by_its_title(frequency: str) -> None:
    with pytest.raises(BadCalendar, match="“Offsite” repeats every minute or second"):
        read(calendar(event("DTSTART:20260106T090000Z", f"RRULE:FREQ={frequency}")), NOW)


def test_calendar_with_too_many_events_is_refused() -> None:
    with pytest.raises(BadCalendar, match="more than 5,000 events"):
        read(calendar(event("DTSTART:20260106T090000Z", "RRULE:FREQ=HOURLY")), NOW)


async def test_reading_apart_finds_the_same() -> None:
    file = calendar(event("DTSTART:20260106T090000Z", DAILY), event("DTSTART;VALUE=DATE:20260106", uid="2"))
    assert await read_apart(b"\xef\xbb\xbf" + file, NOW) == read(file, NOW)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"", "must begin with BEGIN:VCALENDAR"),
        (b"<?xml version='1.0'?><feed/>", "must begin with BEGIN:VCALENDAR"),
        (bytes(range(256)) * 40_000, "larger than 5 MiB"),
        (bytes(range(256)), "must begin with BEGIN:VCALENDAR"),
        (b"BEGIN:VCALENDAR\r\n" + bytes(range(256)) * 100, "no iCalendar file that can be read"),
        (calendar(event("DTSTART:20260106T090000Z", "RRULE:FREQ=SECONDLY")), "repeats every minute or second"),
    ],
    ids=["empty", "xml", "too large", "binary", "binary inside", "every second"],
)
async def test_hostile_file_is_refused_in_words(file: bytes, problem: str) -> None:
    with pytest.raises(BadCalendar, match=problem):
        await read_apart(file, NOW)


@pytest.mark.parametrize(
    "rule", ["FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=0"], ids=["never", "no step"]
)
async def test_rule_that_never_ends_is_ended(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_file, "CPU_SECONDS", 3)
    with pytest.raises(BadCalendar, match="takes too long"):
        await read_apart(calendar(event("DTSTART:20260106T090000Z", f"RRULE:{rule}")), NOW)
