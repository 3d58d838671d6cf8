"""``dutyline import opsgenie``: everybody whom any rotation has on call there is on call in one of the schedules."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.importers.source import ExportFile, Tool, read_exports
from config.resources import Kind
from tests.config.files import errors_of
from tests.config.imports import EXPORTS, NOW, bodies_of, imported, lines_of, on_call_at, schedules_of, section

CHANGED, MISSING = "Taken over with a change", "Without a counterpart, and not taken over"
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
UNITS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}


def user(letter: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"u-{letter}",
        "username": f"{letter}@acme.example",
        "fullName": f"Person {letter}",
        "timeZone": "Europe/Madrid",
        "role": {"id": "User", "name": "User"},
        "userContacts": [],
        **more,
    }


def participants(letters: str) -> list[dict[str, Any]]:
    """A dash is Opsgenie's ``none``."""
    return [
        {"type": "none"}
        if letter == "-"
        else {"type": "user", "id": f"u-{letter}", "username": f"{letter}@acme.example"}
        for letter in letters
    ]


def rotation(identifier: str, letters: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": f"Rotation {identifier}",
        "startDate": "2026-01-05T08:00:00Z",
        "type": "weekly",
        "length": 1,
        "participants": participants(letters),
        **more,
    }


def window(start: str, end: str) -> dict[str, Any]:
    """``monday 09:00`` to ``friday 18:00``."""
    edges: dict[str, Any] = {"type": "weekday-and-time-of-day"}
    found: dict[str, Any] = {}
    for name, text in (("start", start), ("end", end)):
        day, _, clock = text.partition(" ")
        hour, minute = map(int, clock.split(":"))
        found |= {f"{name}Day": day, f"{name}Hour": hour, f"{name}Min": minute}
    return {**edges, "restrictions": [found]}


def export(*rotations: dict[str, Any], timezone: str = "Europe/Madrid", **more: Any) -> dict[str, Any]:
    schedule = {"id": "s-1", "name": "ops", "timezone": timezone, "enabled": True, "rotations": list(rotations)}
    return {"data": [{**schedule, **more}], "expandable": ["rotation"], "took": 0.1, "requestId": "r"}


def users(letters: str = "abcd") -> dict[str, Any]:
    return {"totalCount": len(letters), "data": [user(letter) for letter in letters], "took": 0.1}


# -- the definition


def oracle(rotations: list[dict[str, Any]], zone: ZoneInfo, at: datetime) -> set[str]:
    """The slow definition: each rotation on its own, on the wall clock; everybody of them is on call."""
    found = set()
    local = at.astimezone(zone).replace(tzinfo=None)
    for each in rotations:
        start = datetime.fromisoformat(each["startDate"])
        if at < start or (each.get("endDate") and at >= datetime.fromisoformat(each["endDate"])):
            continue
        if not _within(each.get("timeRestriction"), local):
            continue
        elapsed = at - start if each["type"] == "hourly" else local - start.astimezone(zone).replace(tzinfo=None)
        turn = elapsed // (each["length"] * UNITS[each["type"]])
        person = each["participants"][turn % len(each["participants"])]
        found |= {person["id"].removeprefix("u-")} if person["type"] == "user" else set()
    return found


def _within(restriction: dict[str, Any] | None, local: datetime) -> bool:
    if restriction is None:
        return True
    if restriction["type"] == "time-of-day":
        one = restriction["restriction"]
        start, end, now = (
            (one["startHour"], one["startMin"]),
            (one["endHour"], one["endMin"]),
            (local.hour, local.minute),
        )
        return start <= now < end if start < end else now >= start or now < end
    return any(_in_week(one, (local.weekday(), local.hour, local.minute)) for one in restriction["restrictions"])


def _in_week(one: dict[str, Any], now: tuple[int, int, int]) -> bool:
    start = (WEEKDAYS.index(one["startDay"]), one["startHour"], one["startMin"])
    end = (WEEKDAYS.index(one["endDay"]), one["endHour"], one["endMin"])
    return start <= now < end if start < end else now >= start or now < end


hours, halves = st.integers(0, 23), st.sampled_from([0, 30])
daily_windows = st.fixed_dictionaries({"startHour": hours, "startMin": halves, "endHour": hours, "endMin": halves})
weekly_windows = st.fixed_dictionaries(
    {
        "startDay": st.sampled_from(WEEKDAYS),
        "startHour": hours,
        "startMin": halves,
        "endDay": st.sampled_from(WEEKDAYS),
        "endHour": hours,
        "endMin": halves,
    }
    # What a window from a time to the same time of the same day is, Opsgenie does not say.
).filter(
    lambda one: (one["startDay"], one["startHour"], one["startMin"]) != (one["endDay"], one["endHour"], one["endMin"])
)
restrictions = st.one_of(
    st.none(),
    daily_windows.map(lambda one: {"type": "time-of-day", "restriction": one}),
    st.lists(weekly_windows, min_size=1, max_size=2).map(
        lambda several: {"type": "weekday-and-time-of-day", "restrictions": several}
    ),
)


@st.composite
def any_rotation(draw: st.DrawFn) -> dict[str, Any]:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * draw(st.integers(0, 11_000)))
    end = draw(st.none() | st.integers(1, 12_000).map(lambda halves: start + timedelta(minutes=30 * halves)))
    return rotation(
        draw(st.uuids()).hex,
        draw(st.text("abc-", min_size=1, max_size=4)),
        startDate=start.isoformat(),
        endDate=end and end.isoformat(),
        type=draw(st.sampled_from(sorted(UNITS))),
        length=draw(st.integers(1, 13)),
        timeRestriction=draw(restrictions),
    )


@settings(max_examples=40)
@given(
    rotations=st.lists(any_rotation(), min_size=1, max_size=4),
    zone=st.sampled_from(["Asia/Kathmandu", "Etc/UTC", "America/Phoenix"]),
    offsets=st.lists(st.integers(0, 60 * 24 * 60), min_size=150, max_size=150),
)
def test_where_clocks_stay_everybody_of_any_rotation_is_on_call(
    rotations: list[dict[str, Any]], zone: str, offsets: list[int]
) -> None:
    made = imported(Tool.OPSGENIE, export(*rotations, timezone=zone), users())
    assert errors_of(made.text) == []
    lines = lines_of(made, NOW, timedelta(days=61))
    for minutes in offsets:
        at = NOW + timedelta(minutes=minutes)
        assert on_call_at(lines, at) == oracle(rotations, ZoneInfo(zone), at), at


# -- the parts


def test_rotations_that_never_meet_are_layers_of_one_schedule() -> None:
    days = rotation("days", "ab", timeRestriction=window("monday 09:00", "friday 18:00"))
    weekend = rotation("weekend", "c", timeRestriction=window("friday 18:00", "monday 09:00"))
    made = imported(Tool.OPSGENIE, export(days, weekend), users())
    assert [layer["name"] for layer in schedules_of(made)["ops"]["layers"]] == ["Rotation days", "Rotation weekend"]


def test_rotations_that_meet_are_schedules_of_their_own_and_the_report_says_so() -> None:
    made = imported(Tool.OPSGENIE, export(rotation("one", "ab"), rotation("two", "b")), users())
    assert list(schedules_of(made)) == ["ops", "ops-rotation-two"]
    assert "It became ops, ops-rotation-two: name all of them" in section(made.report, CHANGED)


def test_none_and_teams_leave_an_empty_turn() -> None:
    team = rotation("one", "a-")
    team["participants"].append({"type": "team", "id": "t-1", "name": "Platform"})
    made = imported(Tool.OPSGENIE, export(team), users())
    assert schedules_of(made)["ops"]["layers"][0]["members"] == ["a", None, None]
    assert "team Platform takes a turn there" in section(made.report, MISSING)


def test_weeks_hand_off_at_the_local_time_of_the_start() -> None:
    [layer] = schedules_of(imported(Tool.OPSGENIE, export(rotation("one", "ab")), users()))["ops"]["layers"]
    assert (layer["handoff"], layer["starts"]) == ({"time": "09:00", "weekday": "monday"}, "2026-01-05")


@pytest.mark.parametrize("length", [1, 12])
@pytest.mark.parametrize("letters", ["ab", "a"])
def test_rotation_that_starts_in_a_doubled_hour_ahead_starts_then_with_its_first_member(
    letters: str, length: int
) -> None:
    """On 25 October the clock in Madrid reads 02:00 at 00:00 and at 01:00 UTC."""
    start = datetime(2026, 10, 25, 1, tzinfo=UTC)
    hours = rotation("hours", letters, type="hourly", length=length, startDate=start.isoformat())

    lines = lines_of(imported(Tool.OPSGENIE, export(hours), users()), start - DAY, 4 * DAY)

    turns = [start + number * length * HOUR for number in range(4)]
    assert on_call_at(lines, start - HOUR) == set()
    assert [on_call_at(lines, turn) for turn in turns] == [{each} for each in (letters * 4)[:4]]
    assert [on_call_at(lines, turn - MINUTE) for turn in turns[1:]] == [{each} for each in (letters * 3)[:3]]


def test_what_is_switched_off_or_over_is_named_and_left_out() -> None:
    off = rotation("off", "a", enabled=False)
    over = rotation("over", "a", endDate="2026-02-01T08:00:00Z")
    made = imported(Tool.OPSGENIE, export(off, over), users())
    assert schedules_of(made)["ops"]["layers"] == []
    missing = section(made.report, MISSING)
    assert "Rotation off is switched off there" in missing
    assert "Rotation over ended on 2026-02-01" in missing
    assert schedules_of(imported(Tool.OPSGENIE, export(off, enabled=False), users())) == {}


def override(letter: str, day: int, **more: Any) -> dict[str, Any]:
    return {
        "_parent": {"id": "s-1", "name": "ops", "enabled": True},
        "alias": f"o-{day}",
        "user": {"type": "user", "id": f"u-{letter}", "username": f"{letter}@acme.example"},
        "startDate": f"2026-08-{day:02}T07:00:00Z",
        "endDate": f"2026-08-{day:02}T16:00:00Z",
        **more,
    }


def test_overrides_go_to_the_schedules_of_the_rotations_that_they_name() -> None:
    named = override("c", 2, rotations=[{"id": "two", "name": "Rotation two"}])
    listed = {"data": [override("d", 1), named], "took": 0.1}
    made = imported(Tool.OPSGENIE, export(rotation("one", "a"), rotation("two", "b")), users(), listed)
    of_all = {"user": "d", "starts": "2026-08-01T09:00", "ends": "2026-08-01T18:00"}
    of_two = {"user": "c", "starts": "2026-08-02T09:00", "ends": "2026-08-02T18:00"}
    found = schedules_of(made)
    assert found["ops"]["overrides"] == [of_all]
    assert found["ops-rotation-two"]["overrides"] == [of_all, of_two]


def test_an_override_for_a_part_of_a_schedule_is_pointed_out() -> None:
    days = rotation("days", "a", timeRestriction=window("monday 09:00", "friday 18:00"))
    weekend = rotation("weekend", "b", timeRestriction=window("friday 18:00", "monday 09:00"))
    value = export(days, weekend, overrides=[override("c", 3, rotations=[{"id": "days"}])])
    report = imported(Tool.OPSGENIE, value, users()).report
    assert "the override from 2026-08-03 07:00 UTC is for some of its rotations there" in section(report, CHANGED)


def test_phones_of_contacts_get_their_plus() -> None:
    contacts = [
        {"id": "1", "method": "voice", "to": "1-5550100001"},
        {"id": "2", "method": "sms", "to": "1-5550100001"},
        {"id": "3", "method": "voice", "to": "600123"},
        {"id": "4", "method": "email", "to": "a@acme.example"},
    ]
    made = imported(Tool.OPSGENIE, {"data": user("a", userContacts=contacts), "took": 0.1})
    assert bodies_of(made, Kind.USERS)["a"]["phone"] == "+15550100001"
    assert "user Person a: '600123' is no phone number" in section(made.report, MISSING)


def test_who_is_on_call_there_is_compared() -> None:
    on_calls = {"data": [{"_parent": {"id": "s-1", "name": "ops"}, "onCallParticipants": participants("a")}]}
    made = imported(Tool.OPSGENIE, export(rotation("one", "a")), users(), on_calls)
    assert "Opsgenie, as exported: Person a (the same)" in made.report
    flat = {"data": [{"_parent": {"id": "s-1", "name": "ops"}, "onCallRecipients": ["b@acme.example"]}]}
    made = imported(Tool.OPSGENIE, export(rotation("one", "a")), users(), flat)
    assert "Opsgenie, as exported: Person b (NOT THE SAME" in made.report


def test_an_incomplete_list_of_users_keeps_members_of_whom_nothing_is_known() -> None:
    some = {"totalCount": 4, "data": [user("a")], "paging": {"next": "https://example.com/next"}}
    made = imported(Tool.OPSGENIE, export(rotation("one", "ab")), some)
    assert schedules_of(made)["ops"]["layers"][0]["members"] == ["a", "b"]
    assert bodies_of(made, Kind.USERS)["b"]["email"] == "b@acme.example"
    assert "the export of users is not complete: 1 of 4" in section(made.report, MISSING)


@pytest.mark.parametrize("name", ["opsgenie-backup", "opsgenie-backup/schedules"])
def test_the_backup_tools_folder_is_read(name: str) -> None:
    files: list[ExportFile] = read_exports([EXPORTS / name])
    made = imported(Tool.OPSGENIE, *(file.value for file in files))
    assert list(schedules_of(made)) == ["ops", "ops-shadow"]
    assert schedules_of(made)["ops"]["layers"][0]["members"] == ["ana", None, None]
    assert schedules_of(made)["ops"]["overrides"] == [
        {"user": "ben", "starts": "2026-12-24T09:00", "ends": "2026-12-26T09:00"}
    ]
