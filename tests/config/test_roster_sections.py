"""Absences, notices, owners, rooms, shift webhooks and calendars in the configuration file."""

from datetime import UTC, datetime

import pytest

from config.compile import compile_directory
from config.snapshot import StoredResource, snapshot_of
from domain.directory import Calendar, Directory, Room, ShiftNotices, ShiftWebhook, WebhookMethod
from domain.schedule import Absence, NoticeRoom, ShiftEvent
from tests.config.files import errors_of, plan_of, warnings_of
from tests.config.rosters import ROSTERS, changed


def directory(text: str = ROSTERS) -> Directory:
    resources = [StoredResource(change.kind, change.key, change.body, 1) for change in plan_of(text).changes]
    return compile_directory(snapshot_of(1, resources, ()))


def test_all_of_it_is_valid_and_only_the_missing_delegate_is_warned_about() -> None:
    assert errors_of(ROSTERS) == []
    (warning,) = warnings_of(ROSTERS)
    assert warning.endswith("users.ana.out_of_office[1]: has no delegate: nobody takes over meanwhile")


def test_absences_are_local_to_the_zone_of_the_person_and_known_to_every_schedule() -> None:
    found = directory()
    assert found.absences == (
        Absence(
            "ana",
            datetime(2026, 7, 31, 22, tzinfo=UTC),
            datetime(2026, 8, 14, 22, tzinfo=UTC),
            "ben",
            "summer, ${NOT_A_VARIABLE}",
        ),
        Absence("ana", datetime(2026, 12, 24, 17, tzinfo=UTC), datetime(2026, 12, 27, 8, tzinfo=UTC)),
    )
    assert found.schedules["primary"].absences == found.absences


def test_notices_are_as_in_the_file_and_by_default_only_of_changes() -> None:
    users = directory().users
    own = {"primary": {ShiftEvent.START: ("phone",), ShiftEvent.END: ()}}
    assert users["ana"].shift_notices == ShiftNotices(("sms", "email"), ("email",), ("phone",), own)
    assert users["ben"].shift_notices == ShiftNotices((), (), ("email",))


@pytest.mark.parametrize(
    ("schedule", "event", "channels"),
    [
        ("primary", ShiftEvent.START, ("phone",)),
        ("primary", ShiftEvent.END, ()),
        ("other", ShiftEvent.START, ("sms", "email")),
        ("other", ShiftEvent.END, ("email",)),
    ],
)
def test_what_is_said_of_one_schedule_counts_there_alone(
    schedule: str, event: ShiftEvent, channels: tuple[str, ...]
) -> None:
    assert directory().users["ana"].shift_notices.channels(schedule, event) == channels


def test_what_is_not_said_of_a_schedule_is_as_everywhere() -> None:
    notices = directory(changed("{start: [phone], end: []}", "{start: [phone]}")).users["ana"].shift_notices
    assert notices.channels("primary", ShiftEvent.END) == ("email",)


def test_owners_rooms_and_addresses_are_as_in_the_file() -> None:
    found = directory()
    assert found.schedules["primary"].owners == ("ben",)
    assert found.schedules["primary"].rooms == (
        NoticeRoom("slack", "#ops", (ShiftEvent.START,)),
        NoticeRoom("email", "desk@acme.example", (ShiftEvent.START, ShiftEvent.END)),
    )
    assert found.rooms == {"ops": Room("ops", "slack", "#ops", "https://hooks.acme.example/ops-secret")}
    assert found.shift_webhooks == {
        "status": ShiftWebhook(
            "status",
            "https://status.acme.example/status-secret",
            ("primary",),
            WebhookMethod.PUT,
            (ShiftEvent.END,),
        )
    }


def test_a_webcal_address_is_an_https_address_and_may_be_left_out() -> None:
    assert directory().calendars == {
        "holidays": Calendar("holidays", "Holidays", ("primary",), "https://calendar.acme.example/holidays-secret.ics"),
        "moves": Calendar("moves", "Office moves"),
    }


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        # absences
        ("ends: 2026-08-15", "ends: 2026-08-01", "ends (2026-08-01) must be later than starts (2026-08-01)"),
        ("ends: 2026-08-15", "ends: 2026-07-15", "out_of_office[0].ends: ends (2026-07-15) must be later than starts"),
        ("starts: 2026-08-01", "starts: 2027-02-29", "starts: 2027-02-29 does not exist in the calendar"),
        ("starts: 2026-08-01", "starts: August", "'August' is no date; write 2026-01-05"),
        ("starts: 2026-08-01, ", "", "users.ana.out_of_office[0]: starts is missing"),
        ("delegate: ben", "delegate: bne", "out_of_office[0].delegate: there is no user 'bne'; did you mean 'ben'?"),
        ("delegate: ben", "delegate: ana", "delegate: ana is the one who is away; name somebody else"),
        ("delegate: ben", "delegat: ben", "unknown key 'delegat'; did you mean 'delegate'?"),
        # notices
        ("start: [sms, email]", "start: [sms, pigeon]", "start[1]: there is no channel 'pigeon' to a person; write"),
        ("changes: [phone]", "changes: [slack]", "there is no channel 'slack' to a person; write phone, sms, email"),
        ("start: [sms, email]", "start: sms", "shift_notices.start: must be a list; found 'sms'"),
        ("end: [email]", "ends: [email]", "shift_notices.ends: unknown key 'ends'; did you mean 'end'?"),
        ("{primary: {start", "{primry: {start", "there is no schedule 'primry'; did you mean 'primary'?"),
        # owners and the rooms of a schedule
        ("owners: [ben]", "owners: [bne]", "schedules.primary.owners[0]: there is no user 'bne'; did you mean 'ben'?"),
        ("{channel: email, to: desk@", "{channel: sms, to: desk@", "rooms[1]: sms reaches one person; write slack"),
        ("to: desk@acme.example", "to: desk", "rooms[1]: 'desk' is no e-mail address"),
        ("events: [start]}", "events: []}", "rooms[0].events: must not be empty"),
        ("events: [start]}", "events: [begin]}", "events[0]: must be one of start, end; found 'begin'"),
        # rooms
        ("ops: {channel: slack", "ops: {channel: sms", "rooms.ops.channel: sms has no rooms; write slack or teams"),
        (', url: "https://hooks.acme.example/ops-secret"', "", "rooms.ops: url is missing"),
        ("https://hooks.acme", "ftp://hooks.acme", "rooms.ops.url: is no address; write one like https://example.com"),
        ("https://hooks.acme.example/", "https://hooks.acme.example:99999/", "rooms.ops.url: is no address; write one"),
        # shift webhooks
        ("method: PUT", "method: PATCH", "shift_webhooks.status.method: must be one of GET, POST, PUT; found 'PATCH'"),
        ("schedules: [primary], method", "schedules: [], method", "status.schedules: must not be empty"),
        ("schedules: [primary], method", "schedules: [primry], method", "there is no schedule 'primry'; did you mean"),
        # calendars
        ("webcal://", "file://", "calendars.holidays.url: is no address; write one like https://example.com"),
        ('.ics", schedules: [primary]', '.ics", schedules: [other]', "there is no schedule 'other'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before: str, after: str, sentence: str) -> None:
    text = changed(before, after)
    (found,) = [each for each in errors_of(text) if sentence in each]
    line = next(n for n, (old, new) in enumerate(zip(ROSTERS.splitlines(), text.splitlines()), 1) if old != new)  # noqa: B905 - a line may be gone
    assert found.startswith(f"a.yaml:{line}: ")


def test_two_rooms_of_one_name_are_refused_for_nobody_could_say_which_is_meant() -> None:
    second = 'rooms:\n  desk: {channel: slack, to: "#ops", url: "https://hooks.acme.example/desk-secret"}\n'
    (found,) = errors_of(changed("rooms:\n  ops:", f"{second}  ops:"))
    assert "rooms.ops.to: is what rooms.desk is called too; call each room something else" in found


def test_rooms_of_different_channels_may_have_one_name() -> None:
    second = 'rooms:\n  desk: {channel: teams, to: "#ops", url: "https://hooks.acme.example/desk-secret"}\n'
    assert errors_of(changed("rooms:\n  ops:", f"{second}  ops:")) == []


def test_an_address_that_is_wrong_is_not_repeated_for_it_may_hold_a_secret() -> None:
    for scheme in ("https://hooks", "https://status", "webcal://calendar"):
        found = errors_of(changed(scheme, "ftp://hooks"))
        assert found
        assert "-secret" not in " ".join(found)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("delegate: ben, ", "", "warning: users.ana.out_of_office[0]: has no delegate"),
        (
            '"2026-12-24T18:00", ends: "2026-12-27T09:00+01:00"',
            '"2026-12-24T18:00", ends: "2026-12-24T18:00+05:00", delegate: ben',
            "out_of_office[1]: ends before it starts: it never applies",
        ),
        (
            'ops: {channel: slack, to: "#ops"',
            'ops: {channel: slack, to: "#other"',
            "there is no slack room '#ops' under",
        ),
        (
            "phone: +15550100002}",
            "phone: +15550100002, out_of_office: [{starts: 2026-08-02, ends: 2026-08-03, delegate: ana}]}",
            "From 2026-08-02 02:00 the delegates of ana lead in a circle: the shifts of ana stay where they are.",
        ),
    ],
)
def test_what_is_odd_is_a_warning_and_not_an_error(before: str, after: str, sentence: str) -> None:
    text = changed(before, after)
    assert errors_of(text) == []
    assert any(sentence in each for each in warnings_of(text)), warnings_of(text)


HOTLINE = (
    "hotlines: {line: {name: L, number: +12245550123, provider: plivo, token: a-line, chain: [{schedule: primary}]}}\n"
)
OF_THE_HOTLINE = "phone: +12245550123}"


def test_a_delegate_whose_phone_is_the_hotline_itself_is_an_error_at_the_chain() -> None:
    text = changed("members: [ana, ben]", "members: [ana]").replace("phone: +15550100002}", OF_THE_HOTLINE) + HOTLINE
    (found,) = errors_of(text)
    assert "hotlines.line.chain[0]: +12245550123, a phone of user ben, is the number of hotline line" in found


def test_an_owner_is_not_rung_and_may_have_any_phone() -> None:
    text = changed("members: [ana, ben]", "members: [ana]").replace("phone: +15550100002}", OF_THE_HOTLINE) + HOTLINE
    assert errors_of(text.replace(", delegate: ben", "")) == []
