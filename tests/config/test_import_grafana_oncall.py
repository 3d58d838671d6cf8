"""``dutyline import grafana-oncall``: everybody of the winning level is on call in one of the schedules."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.importers.source import Tool, read_exports
from config.resources import Kind
from tests.config.files import errors_of
from tests.config.imports import EXPORTS, NOW, bodies_of, imported, lines_of, on_call_at, schedules_of, section

CHANGED, MISSING = "Taken over with a change", "Without a counterpart, and not taken over"
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
HOUR, DAY, WEEK = 3600, 86_400, 604_800
UNITS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}


def page(*results: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"count": len(results) if total is None else total, "next": None, "previous": None, "results": list(results)}


def user(letter: str, **more: Any) -> dict[str, Any]:
    return {"id": f"U{letter}", "username": letter, "email": f"{letter}@acme.example", "role": "user", **more}


def shift(identifier: str, groups: list[str], **more: Any) -> dict[str, Any]:
    """Each group is a text whose letters are the users on call together."""
    return {
        "id": identifier,
        "name": f"Shift {identifier}",
        "schedule": "S1",
        "type": "rolling_users",
        "time_zone": None,
        "level": 1,
        "start": "2026-01-05T09:00:00",
        "rotation_start": "2026-01-05T09:00:00",
        "duration": WEEK,
        "frequency": "weekly",
        "interval": 1,
        "until": None,
        "week_start": "MO",
        "by_day": None,
        "by_month": None,
        "by_monthday": None,
        "rolling_users": [[f"U{letter}" for letter in group] for group in groups],
        "start_rotation_from_user_index": 0,
        **more,
    }


def schedule(*shifts: dict[str, Any], **more: Any) -> dict[str, Any]:
    ids = [each["id"] for each in shifts]
    return {"id": "S1", "name": "Primary", "type": "web", "time_zone": "UTC", "shifts": ids, "on_call_now": [], **more}


def export(*shifts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [page(*map(user, "abcd")), page(schedule(*shifts, **more)), page(*shifts)]


# -- the definition


def events(found: dict[str, Any]) -> Iterator[tuple[datetime, int]]:
    """The starts of a rolling shift's events with the numbers of their groups, one by one, for ever."""
    start, interval, groups = datetime.fromisoformat(found["start"]), found["interval"], len(found["rolling_users"])
    first_group = found["start_rotation_from_user_index"]
    by_day = [DAYS.index(day) for day in found["by_day"] or []]
    if not by_day:
        for number in count():
            yield start + number * interval * UNITS[found["frequency"]], (first_group + number) % groups
    week_start = DAYS.index(found["week_start"])
    while start.weekday() not in by_day:
        # The week's first chosen day, be it in the week after.
        chosen = min(by_day, key=lambda day: (day - week_start) % 7)
        start += (chosen - start.weekday()) % 7 * UNITS["daily"]
    seen, week = 0, 0
    for days in count():
        day = start + days * UNITS["daily"]
        week += days > 0 and day.weekday() == week_start
        if day.weekday() not in by_day:
            continue
        if found["frequency"] == "daily":
            yield day, (first_group + seen // interval) % groups
            seen += 1
        elif week % interval == 0:
            yield day, (first_group + week // interval) % groups


def oracle(shifts: list[dict[str, Any]], instants: list[datetime]) -> list[set[str]]:
    """Who is on call at each of the instants."""
    answers: list[set[str]] = [set() for _ in instants]
    last = max(instants)
    for each in shifts:
        length = timedelta(seconds=each["duration"])
        until = each["until"] and datetime.fromisoformat(each["until"]).replace(tzinfo=UTC)
        for start, group in events(each):
            begins = start.replace(tzinfo=UTC)
            if begins > last:
                break
            ends = min(begins + length, until or begins + length)
            for number, instant in enumerate(instants):
                if begins <= instant < ends:
                    answers[number] |= {person.removeprefix("U") for person in each["rolling_users"][group]}
    return answers


@st.composite
def any_shift(draw: st.DrawFn) -> dict[str, Any]:
    groups = draw(
        st.lists(
            st.text("abcd", min_size=1, max_size=2).map(lambda t: "".join(dict.fromkeys(t))), min_size=1, max_size=3
        )
    )
    frequency = draw(st.sampled_from(sorted(UNITS)))
    by_day = (
        draw(st.none() | st.lists(st.sampled_from(DAYS), min_size=1, unique=True)) if frequency != "hourly" else None
    )
    interval = draw(st.integers(1, min(3, len(by_day)) if by_day and frequency == "daily" else 4))
    if by_day:
        duration = HOUR * draw(st.integers(1, 24))
    elif frequency == "hourly":
        duration = HOUR * draw(st.integers(1, interval))
    else:
        unit = DAY if frequency == "daily" else WEEK
        duration = draw(
            st.integers(1, interval).map(lambda units: units * unit)
            | st.integers(1, unit // 1800).map(lambda halves: halves * 1800)
        )
    start = datetime(2026, 1, 1) + timedelta(minutes=30 * draw(st.integers(0, 8_000)))
    until = draw(st.none() | st.integers(1, 9_000).map(lambda halves: start + timedelta(minutes=30 * halves)))
    return shift(
        draw(st.uuids()).hex,
        groups,
        start=start.isoformat(),
        rotation_start=start.isoformat(),
        duration=duration,
        frequency=frequency,
        interval=interval,
        until=until and until.isoformat(),
        week_start=draw(st.sampled_from(DAYS)),
        by_day=by_day,
        start_rotation_from_user_index=draw(st.integers(0, len(groups) - 1)),
    )


@settings(max_examples=30)
@given(
    shifts=st.lists(any_shift(), min_size=1, max_size=3),
    offsets=st.lists(st.integers(0, 60 * 24 * 60), min_size=60, max_size=60),
)
def test_everybody_of_one_level_is_on_call(shifts: list[dict[str, Any]], offsets: list[int]) -> None:
    made = imported(Tool.GRAFANA_ONCALL, *export(*shifts))
    assert errors_of(made.text) == []
    lines = lines_of(made, NOW, timedelta(days=61))
    instants = [NOW + timedelta(minutes=minutes) for minutes in offsets]
    assert [on_call_at(lines, instant) for instant in instants] == oracle(shifts, instants)


# -- the parts


def test_the_higher_level_wins_within_a_schedule() -> None:
    nights = shift("nights", ["b"], level=2, frequency="daily", duration=12 * HOUR, start="2026-01-05T20:00:00")
    made = imported(Tool.GRAFANA_ONCALL, *export(nights, shift("always", ["a"], level=1)))
    lines = lines_of(made, NOW, timedelta(days=2))
    assert [on_call_at(lines, NOW + timedelta(hours=hours)) for hours in (0, 10, 24)] == [{"a"}, {"b"}, {"a"}]


def test_people_on_call_together_become_schedules_and_the_report_says_so() -> None:
    made = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["ab", "c"])))
    first, second = schedules_of(made).values()
    assert [first["layers"][0]["members"], second["layers"][0]["members"]] == [["a", "c"], ["b", None]]
    assert "It became primary, primary-shift-w: name all of them" in section(made.report, CHANGED)


def test_shifts_of_the_web_are_in_utc_and_those_of_the_api_in_the_schedules_zone() -> None:
    madrid = {"time_zone": "Europe/Madrid"}
    web = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["a", "b"]), **madrid))
    assert schedules_of(web)["primary"]["timezone"] == "Etc/UTC"
    assert "its shifts are fixed in Etc/UTC there, although it is shown in Europe/Madrid" in section(
        web.report, CHANGED
    )
    api = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["a", "b"]), type="calendar", **madrid))
    assert schedules_of(api)["primary"]["timezone"] == "Europe/Madrid"
    assert schedules_of(api)["primary"]["layers"][0]["handoff"] == {"time": "09:00", "weekday": "monday"}


def test_shifts_in_different_zones_become_schedules() -> None:
    tokyo = shift("t", ["b"], time_zone="Asia/Tokyo", frequency="daily", duration=HOUR)
    made = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["a"], frequency="daily", duration=HOUR), tokyo))
    assert [body["timezone"] for body in schedules_of(made).values()] == ["Etc/UTC", "Asia/Tokyo"]


def test_a_recurrent_event_on_some_days_of_every_other_week() -> None:
    event = shift("r", [], type="recurrent_event", users=["Ua"], interval=2, by_day=["MO", "WE"], duration=8 * HOUR)
    made = imported(Tool.GRAFANA_ONCALL, *export(event))
    lines = lines_of(made, datetime(2026, 7, 6, tzinfo=UTC), timedelta(days=14))
    noon = datetime(2026, 7, 6, 12, tzinfo=UTC)
    on_call = [day for day in range(14) if on_call_at(lines, noon + timedelta(days=day))]
    # The event began in the week of 5 January; the week of 6 July is the 26th after it.
    assert on_call == [0, 2]


def test_a_daily_group_has_as_many_of_the_chosen_days_as_the_interval_says() -> None:
    days = shift("d", ["a", "b"], frequency="daily", interval=2, by_day=["MO", "WE", "FR"], duration=DAY)
    [layer] = schedules_of(imported(Tool.GRAFANA_ONCALL, *export(days)))["primary"]["layers"]
    assert (layer["starts"], layer["rotation"]) == ("2026-01-05", {"every": 1, "unit": "day"})
    weeks = [layer["members"][7 * week : 7 * week + 7] for week in range(4)]
    assert [[member for member in week if member] for week in weeks] == [
        ["a", "a", "b"],
        ["b", "a", "a"],
        ["b", "b", "a"],
        ["a", "b", "b"],
    ]
    assert weeks[0] == ["a", None, "a", None, "b", None, None]


def test_a_single_event_is_a_layer_with_an_end() -> None:
    event = shift("s", [], type="single_event", users=["Ua"], start="2026-07-04T10:00:00", duration=3 * HOUR)
    [layer] = schedules_of(imported(Tool.GRAFANA_ONCALL, *export(event)))["primary"]["layers"]
    assert (layer["members"], layer["starts"], layer["ends"]) == (["a"], "2026-07-04", "2026-07-04T13:00")
    assert layer["handoff"]["time"] == "10:00"


def test_overrides_are_taken_over_in_their_zone() -> None:
    over = shift(
        "o", [], type="override", users=["Ub"], time_zone="Europe/Madrid", start="2026-08-01T09:00:00", duration=DAY
    )
    made = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["a"]), over))
    assert schedules_of(made)["primary"]["overrides"] == [
        {"user": "b", "starts": "2026-08-01T07:00", "ends": "2026-08-02T07:00"}
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frequency": "monthly"}, "it repeats by months"),
        ({"by_monthday": [1]}, "it repeats by months or days of the month"),
        ({"duration": 2 * WEEK}, "its events last 14 days, 0:00:00 and start every 1 weeks"),
        ({"by_day": ["MO", "SU"], "duration": 2 * DAY}, "its events reach into the week of the next group"),
        ({"frequency": "hourly", "interval": 1, "duration": 7200}, "overlaps with itself"),
        ({"until": "2026-02-01T00:00:00"}, "is over"),
        ({"rolling_users": []}, "has nobody in it"),
        ({"interval": 2000, "duration": WEEK}, "the rotation has too many turns"),
    ],
)
def test_what_has_no_counterpart_is_named_and_left_out(changes: dict[str, Any], sentence: str) -> None:
    made = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["a", "b"], **changes)))
    assert errors_of(made.text) == []
    assert schedules_of(made)["primary"]["layers"] == []
    assert sentence in section(made.report, MISSING)


def test_a_calendar_file_has_no_counterpart() -> None:
    ical = {
        "id": "S2",
        "name": "Old",
        "type": "ical",
        "ical_url_primary": "https://example.com/a.ics",
        "on_call_now": [],
    }
    made = imported(Tool.GRAFANA_ONCALL, page(ical))
    assert schedules_of(made) == {}
    assert "schedule Old is a calendar file (iCal)" in section(made.report, MISSING)


def test_shifts_and_users_that_are_not_in_the_export_are_named() -> None:
    value = [
        page(user("a"), total=3),
        page(schedule(shift("w", ["a"]), shift("x", ["b"]))),
        page(shift("w", ["a", "b"])),
    ]
    made = imported(Tool.GRAFANA_ONCALL, *value)
    assert schedules_of(made)["primary"]["layers"][0]["members"] == ["a", "ub"]
    missing = section(made.report, MISSING)
    assert "the export is not complete: there are 3 users; export every page." in missing
    assert "1 of its shifts are not in the export" in missing


def test_who_is_on_call_there_is_compared() -> None:
    same = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["ab"]), on_call_now=["Ub", "Ua"])).report
    assert "Grafana OnCall, as exported: a, b (the same)" in same
    other = imported(Tool.GRAFANA_ONCALL, *export(shift("w", ["a"]), on_call_now=["Ub"])).report
    assert "Grafana OnCall, as exported: b (NOT THE SAME" in other


def test_phones_are_not_in_the_api_and_the_report_says_so() -> None:
    made = imported(Tool.GRAFANA_ONCALL, page(user("a", timezone="Europe/Madrid")))
    assert bodies_of(made, Kind.USERS) == {"a": {"name": "a", "email": "a@acme.example", "timezone": "Europe/Madrid"}}
    assert "phones: the API of Grafana OnCall does not give them" in section(made.report, MISSING)


def test_the_fixture_is_read() -> None:
    made = imported(Tool.GRAFANA_ONCALL, read_exports([EXPORTS / "grafana-oncall.json"])[0].value)
    assert errors_of(made.text) == []
    assert schedules_of(made)["primary"]["layers"][0]["members"] == ["ben", "ana"]
