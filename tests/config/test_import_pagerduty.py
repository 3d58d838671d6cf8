"""``dutyline import pagerduty``: the people on call are those whom PagerDuty's own definition names."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.importers.source import Tool, UnreadableExport, read_exports
from config.resources import Kind
from tests.config.files import errors_of
from tests.config.imports import EXPORTS, NOW, Line, bodies_of, imported, schedules_of, section

CHANGED, MISSING = "Taken over with a change", "Without a counterpart, and not taken over"
STEADY_ZONES = ["Asia/Kathmandu", "Asia/Kolkata", "America/Phoenix", "Etc/UTC"]
HOUR = 3600


def user(letter: str, **more: Any) -> dict[str, Any]:
    return {"id": f"P{letter}", "type": "user", "name": f"Person {letter}", "email": f"{letter}@acme.example", **more}


def layer(members: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Layer",
        "start": "2026-01-05T09:00:00+01:00",
        "end": None,
        "rotation_virtual_start": "2026-01-05T09:00:00+01:00",
        "rotation_turn_length_seconds": 168 * HOUR,
        "users": [{"user": {"id": f"P{member}", "type": "user_reference", "summary": member}} for member in members],
        "restrictions": [],
        **more,
    }


def export(*layers: dict[str, Any], time_zone: str | None = "Europe/Madrid", **more: Any) -> dict[str, Any]:
    """The layers as the API lists them: the winning one first."""
    schedule = {"id": "PSCHED", "name": "Primary", "time_zone": time_zone, "schedule_layers": list(layers), **more}
    return {"schedules": [schedule], "more": False}


def users(letters: str = "abcd") -> dict[str, Any]:
    return {"users": [user(letter) for letter in letters], "more": False}


# -- the definition


def oracle(layers: list[dict[str, Any]], zone: ZoneInfo, at: datetime) -> str | None:
    """The slow definition: the first layer with somebody; turns counted in seconds; windows second by second."""
    for found in layers:
        start, virtual = (datetime.fromisoformat(found[name]) for name in ("start", "rotation_virtual_start"))
        ends = found["end"] and datetime.fromisoformat(found["end"])
        if at < start or (ends and at >= ends) or not _within(found["restrictions"], at.astimezone(zone)):
            continue
        turn = int((at - virtual).total_seconds()) // found["rotation_turn_length_seconds"]
        return str(found["users"][turn % len(found["users"])]["user"]["summary"])
    return None


def _within(restrictions: list[dict[str, Any]], local: datetime) -> bool:
    if not restrictions:
        return True
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for restriction in restrictions:
        hours, minutes, _ = map(int, restriction["start_time_of_day"].split(":"))
        for days_ago in range(9):
            day = midnight - timedelta(days=days_ago)
            start = day + timedelta(hours=hours, minutes=minutes)
            is_day = restriction.get("start_day_of_week") in (None, day.isoweekday())
            if is_day and start <= local < start + timedelta(seconds=restriction["duration_seconds"]):
                return True
    return False


restrictions = st.one_of(
    st.builds(
        lambda hour, minutes, length: {
            "type": "daily_restriction",
            "start_time_of_day": f"{hour:02}:{minutes:02}:00",
            "duration_seconds": length * 1800,
        },
        st.integers(0, 23),
        st.sampled_from([0, 30]),
        st.integers(1, 48),
    ),
    st.builds(
        lambda hour, day, length: {
            "type": "weekly_restriction",
            "start_time_of_day": f"{hour:02}:00:00",
            "duration_seconds": length * 1800,
            "start_day_of_week": day,
        },
        st.integers(0, 23),
        st.integers(1, 7),
        st.integers(1, 336),
    ),
)


@st.composite
def any_layer(draw: st.DrawFn) -> dict[str, Any]:
    virtual = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * draw(st.integers(0, 17_000)))
    start = virtual + timedelta(minutes=30 * draw(st.integers(-500, 9000)))
    ends = draw(st.none() | st.integers(1, 9000).map(lambda halves: start + timedelta(minutes=30 * halves)))
    return layer(
        draw(st.text("abcd", min_size=1, max_size=5)),
        start=start.isoformat(),
        end=ends and ends.isoformat(),
        rotation_virtual_start=virtual.isoformat(),
        rotation_turn_length_seconds=HOUR * draw(st.sampled_from([1, 5, 8, 12, 24, 36, 48, 168, 336])),
        restrictions=draw(st.lists(restrictions, max_size=2)),
    )


@settings(max_examples=80)
@given(
    layers=st.lists(any_layer(), min_size=1, max_size=3),
    zone=st.sampled_from(STEADY_ZONES),
    offsets=st.lists(st.integers(0, 60 * 24 * 60), min_size=100, max_size=100),
)
def test_where_clocks_stay_everybody_is_on_call_as_counted_in_seconds(
    layers: list[dict[str, Any]], zone: str, offsets: list[int]
) -> None:
    made = imported(Tool.PAGERDUTY, export(*layers, time_zone=zone), users())
    assert errors_of(made.text) == []
    [(key, body)] = schedules_of(made).items()
    line = Line(key, body, NOW, timedelta(days=61))
    for minutes in offsets:
        at = NOW + timedelta(minutes=minutes)
        assert line.at(at) == oracle(layers, ZoneInfo(zone), at), at


def test_where_clocks_change_only_the_hour_after_a_handoff_in_summer_differs() -> None:
    weekly = layer("ab")
    made = imported(Tool.PAGERDUTY, export(weekly), users(), now=datetime(2026, 1, 6, tzinfo=UTC))
    line = Line("primary", schedules_of(made)["primary"], datetime(2026, 1, 6, tzinfo=UTC), timedelta(days=360))
    madrid = ZoneInfo("Europe/Madrid")
    differing = set()
    for hours in range(359 * 24):
        at = datetime(2026, 1, 6, tzinfo=UTC) + timedelta(hours=hours)
        if line.at(at) != oracle([weekly], madrid, at):
            differing.add(at.astimezone(madrid))
    # By seconds the handoff is at 10:00 in summer; here it stays at 09:00.
    assert {(at.isoweekday(), at.hour) for at in differing} == {(1, 9)}
    assert {at.utcoffset() for at in differing} == {timedelta(hours=2)}
    assert "handoffs and restrictions keep" in section(made.report, CHANGED)


def test_where_clocks_stay_nothing_is_said_about_clocks() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("ab"), time_zone="Asia/Kolkata"), users())
    assert "clocks" not in made.report


# -- the parts


def test_the_first_layer_of_the_api_wins() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("a", name="Layer 2"), layer("b", name="Layer 1")), users())
    body = schedules_of(made)["primary"]
    assert [each["name"] for each in body["layers"]] == ["Layer 1", "Layer 2"]
    assert "Person a (Layer 2)" in made.report
    assert "PagerDuty, counted in seconds: Person a (the same)" in made.report


def test_weeks_days_and_hours_keep_their_local_handoff() -> None:
    layers = [layer("ab", name=str(hours), rotation_turn_length_seconds=hours * HOUR) for hours in (336, 72, 12)]
    body = schedules_of(imported(Tool.PAGERDUTY, export(*layers), users()))["primary"]
    assert [each["rotation"] for each in reversed(body["layers"])] == [
        {"every": 2, "unit": "week"},
        {"every": 3, "unit": "day"},
        {"every": 12, "unit": "hour"},
    ]
    assert body["layers"][2]["handoff"] == {"time": "09:00", "weekday": "monday"}
    assert body["layers"][1]["handoff"] == {"time": "09:00"}


def test_a_layer_that_begins_later_in_the_middle_of_a_turn_has_that_turn_cut() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("ab", start="2026-08-05T12:00:00+02:00")), users())
    body = schedules_of(made)["primary"]
    first, then = body["layers"]
    assert (first["members"], first["starts"], first["ends"]) == (["a"], "2026-08-05", "2026-08-10T09:00")
    assert first["handoff"]["time"] == "12:00"
    assert (then["members"], then["starts"]) == (["b", "a"], "2026-08-10")


def test_a_layer_that_began_in_the_middle_of_a_turn_starts_with_that_turn() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("ab", start="2026-01-14T12:00:00+01:00")), users())
    [only] = schedules_of(made)["primary"]["layers"]
    assert (only["members"], only["starts"]) == (["b", "a"], "2026-01-12")


def test_turns_of_odd_lengths_have_no_counterpart() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("ab", rotation_turn_length_seconds=3605)), users())
    assert schedules_of(made)["primary"]["layers"] == []
    assert "layer Layer: turns of 1:00:05 are no whole hours." in section(made.report, MISSING)


def test_whoever_is_alone_may_have_turns_of_any_length() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("a", rotation_turn_length_seconds=3605)), users())
    assert schedules_of(made)["primary"]["layers"][0]["members"] == ["a"]


def test_deleted_members_leave_an_empty_turn() -> None:
    gone = layer("ab")
    gone["users"].append({"user": {"id": "PGONE", "summary": "Former Colleague", "deleted_at": "2026-05-01T00:00:00Z"}})
    gone["users"].append({"user": {"id": "POLD", "summary": "Old Colleague"}})
    made = imported(Tool.PAGERDUTY, export(gone), users("ab"))
    assert schedules_of(made)["primary"]["layers"][0]["members"] == ["a", "b", None, None]
    assert "Former Colleague was deleted there" in section(made.report, MISSING)
    assert "Old Colleague is no longer a user there" in section(made.report, MISSING)


def test_members_are_kept_when_the_export_of_users_is_not_complete() -> None:
    some = {"users": [user("a")], "more": True}
    made = imported(Tool.PAGERDUTY, export(layer("ab")), some)
    assert schedules_of(made)["primary"]["layers"][0]["members"] == ["a", "b"]
    assert "users is not complete" in section(made.report, MISSING)
    assert "user b is known from a schedule only; add e-mail address and phone." in section(made.report, CHANGED)


def test_pages_in_several_files_are_one_export() -> None:
    pages = [{"users": [user("a")], "more": True}, {"users": [user("b")], "more": False}]
    made = imported(Tool.PAGERDUTY, export(layer("ab")), *pages)
    assert list(bodies_of(made, Kind.USERS)) == ["a", "b"]
    assert "not complete" not in made.report


def test_phones_get_their_country_code_and_bad_ones_are_named() -> None:
    methods = [
        {"type": "phone_contact_method", "country_code": 34, "address": "600000001"},
        {"type": "sms_contact_method", "country_code": 34, "address": "600000001"},
        {"type": "phone_contact_method", "address": "+442071838750"},
        {"type": "phone_contact_method", "address": "600 123"},
        {"type": "email_contact_method", "address": "a@acme.example"},
    ]
    made = imported(Tool.PAGERDUTY, {"users": [user("a", contact_methods=methods)]})
    assert bodies_of(made, Kind.USERS)["a"]["phone"] == ["+34600000001", "+442071838750"]
    assert "user Person a: '600 123' is no phone number" in section(made.report, MISSING)


def test_contact_methods_that_are_only_referred_to_are_named() -> None:
    reference = {"type": "phone_contact_method_reference", "id": "C1"}
    made = imported(Tool.PAGERDUTY, {"users": [user("a", contact_methods=[reference])]})
    assert "ask for /users?include[]=contact_methods" in section(made.report, MISSING)


def test_overrides_come_from_the_schedule_its_rendering_and_a_list() -> None:
    def entry(day: int, letter: str) -> dict[str, Any]:
        return {
            "start": f"2026-08-{day:02}T09:00:00+02:00",
            "end": f"2026-08-{day:02}T18:00:00+02:00",
            "user": {"id": f"P{letter}", "summary": letter},
        }

    over = entry(1, "a") | {"start": "2026-06-01T09:00:00+02:00", "end": "2026-06-02T09:00:00+02:00"}
    rendered = {"rendered_schedule_entries": [entry(2, "b"), entry(3, "c")]}
    value = export(layer("a"), overrides=[entry(3, "c"), over], overrides_subschedule=rendered)
    made = imported(Tool.PAGERDUTY, value, users(), {"overrides": [entry(4, "d")]})
    assert schedules_of(made)["primary"]["overrides"] == [
        {"user": "b", "starts": "2026-08-02T09:00", "ends": "2026-08-02T18:00"},
        {"user": "c", "starts": "2026-08-03T09:00", "ends": "2026-08-03T18:00"},
        {"user": "d", "starts": "2026-08-04T09:00", "ends": "2026-08-04T18:00"},
    ]


def test_a_list_of_overrides_of_no_known_schedule_is_named() -> None:
    value = export(layer("a"))
    value["schedules"].append({**value["schedules"][0], "id": "POTHER", "name": "Other"})
    entry = {"start": "2026-08-01T09:00:00Z", "end": "2026-08-02T09:00:00Z", "user": {"id": "Pa"}}
    made = imported(Tool.PAGERDUTY, value, users(), {"overrides": [entry]})
    assert all("overrides" not in body for body in schedules_of(made).values())
    assert "c.json: its overrides do not say of which schedule they are" in section(made.report, MISSING)


def test_a_list_of_overrides_that_names_no_schedule_is_taken_for_the_only_ones_and_the_report_says_so() -> None:
    entry = {"start": "2026-08-01T09:00:00Z", "end": "2026-08-02T09:00:00Z", "user": {"id": "Pa"}}
    made = imported(Tool.PAGERDUTY, export(layer("a")), users(), {"overrides": [entry]})
    assert len(schedules_of(made)["primary"]["overrides"]) == 1
    assert "c.json: its overrides do not say of which schedule they are: they were taken for" in section(
        made.report, CHANGED
    )


def test_a_rendered_schedule_that_says_somebody_else_is_pointed_out() -> None:
    entry = {"start": "2026-06-29T09:00:00Z", "end": "2026-07-06T09:00:00Z", "user": {"id": "Pb", "summary": "b"}}
    value = export(layer("a"), final_schedule={"rendered_schedule_entries": [entry]})
    report = imported(Tool.PAGERDUTY, value, users()).report
    assert "PagerDuty, as rendered in the export: Person b (NOT THE SAME" in report


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("US/Pacific", "US/Pacific"),
        ("europe/madrid", "Europe/Madrid"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("UTC", "Etc/UTC"),
        (None, "Etc/UTC"),
    ],
)
def test_time_zones_have_our_names(written: str | None, read: str) -> None:
    made = imported(Tool.PAGERDUTY, export(layer("a"), time_zone=written), users())
    assert schedules_of(made)["primary"].get("timezone") == read


def test_a_schedule_in_an_unknown_zone_is_left_out() -> None:
    made = imported(Tool.PAGERDUTY, export(layer("a"), time_zone="Mars/Olympus"), users())
    assert schedules_of(made) == {}
    assert "there is no time zone 'Mars/Olympus'" in section(made.report, MISSING)


def test_a_schedule_without_its_layers_is_named_unless_another_file_has_them() -> None:
    listed = {"schedules": [{"id": "PSCHED", "type": "schedule", "name": "Primary", "time_zone": "Europe/Madrid"}]}
    assert "ask for /schedules/PSCHED" in imported(Tool.PAGERDUTY, listed).report
    made = imported(Tool.PAGERDUTY, listed, {"schedule": export(layer("a"))["schedules"][0]}, users())
    assert len(schedules_of(made)["primary"]["layers"]) == 1


def test_keys_are_unique_and_made_of_plain_letters() -> None:
    people = [
        {"id": "P1", "name": "Zoë Ångström", "email": None},
        {"id": "P2", "name": "Zoe Angstrom", "email": None},
        {"id": "P3", "name": "Søren Groß", "email": "Søren.Groß@acme.example"},
        {"id": "P4", "name": "田中", "email": None},
        {"id": "P5", "name": "${HOME}\n\u0000 end", "email": "not an address"},
    ]
    made = imported(Tool.PAGERDUTY, {"users": people})
    assert errors_of(made.text) == []
    found = bodies_of(made, Kind.USERS)
    assert list(found) == ["zoe-angstrom", "zoe-angstrom-2", "soren.gross", "user", "home-end"]
    assert found["home-end"]["name"] == "${HOME} end"
    assert "'not an address' is no e-mail address" in section(made.report, CHANGED)


def test_half_characters_do_not_keep_the_file_from_being_written() -> None:
    broken = {"id": "P\ud800", "name": "\ud800", "email": None, "time_zone": "\ud800"}
    made = imported(Tool.PAGERDUTY, {"users": [broken]})
    assert errors_of(made.text) == []
    assert made.report.encode("utf-8")


def test_keys_do_not_depend_on_the_order_of_the_files() -> None:
    one, other = (
        {"users": [{"id": "P1", "name": "Ana Reyes", "email": "ana@acme.example"}]},
        {"users": [{"id": "P2", "name": "Ana Ruiz", "email": "ana@beta.example"}]},
    )
    assert imported(Tool.PAGERDUTY, one, other).text == imported(Tool.PAGERDUTY, other, one).text


def test_the_fixture_says_what_was_left_out() -> None:
    report = imported(Tool.PAGERDUTY, read_exports([EXPORTS / "pagerduty.json"])[0].value).report
    missing = section(report, MISSING)
    assert "layer Old ended on 2025-02-07" in missing
    assert "escalation policy Default" in missing
    assert "user Ana Reyes is owner there, and responder here." in section(report, CHANGED)


def test_a_field_of_the_wrong_shape_is_a_sentence_with_file_and_place() -> None:
    with pytest.raises(UnreadableExport) as refused:
        imported(Tool.PAGERDUTY, export(layer("a", rotation_turn_length_seconds="soon")))
    assert "a.json: schedule Primary, schedule_layers[0].rotation_turn_length_seconds: " in str(refused.value)
    assert "(found 'soon')" in str(refused.value)


def test_more_layers_than_a_schedule_can_have_are_refused_with_a_sentence() -> None:
    with pytest.raises(UnreadableExport, match="it would have 101 layers, and a schedule has 100 at most"):
        imported(Tool.PAGERDUTY, export(*(layer("a") for _ in range(101))), users())


def test_years_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(UnreadableExport, match="the year must be between 1970 and 9000"):
        imported(Tool.PAGERDUTY, export(layer("a", start="0001-01-01T00:00:00+10:00")))
