"""Who is told what about a schedule, in which words, and when it is no news any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.coverage import Concern, ConcernKind
from domain.directory import Directory, ShiftNotices, ShiftWebhook, User
from domain.notices import Notice
from domain.schedule import NoticeRoom, Schedule, ShiftEvent
from domain.schedule_notices import Told, next_warning_at, shift_notices, warning_notices
from domain.shift_changes import ShiftChange
from tests.support.schedules import layer, local, schedule, utc

START = ShiftChange(
    ShiftEvent.START,
    "ana",
    local("2026-01-06 09:00"),
    local("2026-01-06 09:00"),
    local("2026-01-07 09:00"),
    "ben",
)
END = replace(START, event=ShiftEvent.END, at=local("2026-01-07 09:00"))
PRIMARY = schedule(layer("ana", "ben"))
URL = "https://duty.example/schedules/primary"
NOW = utc("2026-01-05 12:00")


def directory(*webhooks: ShiftWebhook, **preferences: object) -> Directory:
    ana = User("ana", "Ana Reyes", "ana@acme.example", shift_notices=ShiftNotices(**preferences))  # type: ignore[arg-type]
    ben = User("ben", "Ben Okafor")
    return Directory(
        organization="Acme",
        users={"ana": ana, "ben": ben},
        schedules={"primary": PRIMARY},
        shift_webhooks={webhook.key: webhook for webhook in webhooks},
    )


def notices(change: ShiftChange, who: Directory, what: Schedule = PRIMARY) -> list[Notice]:
    return shift_notices(what, who, [change], URL)


def test_people_are_told_over_the_channels_that_they_chose_for_the_event() -> None:
    who = directory(start=("sms", "email"), end=("email",))
    assert [(n.kind, n.channel) for n in notices(START, who)] == [("shift_start", "sms"), ("shift_start", "email")]
    assert [(n.kind, n.channel) for n in notices(END, who)] == [("shift_end", "email")]


def test_a_choice_for_one_schedule_goes_before_the_general_one() -> None:
    who = directory(start=("sms",), schedules={"primary": {ShiftEvent.START: ("phone",)}})
    assert [n.channel for n in notices(START, who)] == ["phone"]


def test_somebody_who_is_no_user_any_more_is_told_nothing() -> None:
    room = replace(PRIMARY, rooms=(NoticeRoom("slack", "#ops"),))
    (notice,) = notices(replace(START, user="gone"), directory(start=("sms",)), room)
    assert (notice.recipient, notice.subject) == ("#ops", "gone is on call in Primary on-call")


def test_a_start_is_told_to_the_person_on_their_own_clock() -> None:
    who = directory(start=("sms",))
    who.users["ana"] = replace(who.users["ana"], timezone="America/New_York")
    (notice,) = notices(START, who)
    assert notice.subject == "You are on call in Primary on-call"
    assert notice.text == (
        "You are on call in Primary on-call from 2026-01-06 03:00 until 2026-01-07 03:00 (America/New_York). "
        "Ben Okafor follows."
    )


def test_an_end_is_told_to_the_person_with_who_follows() -> None:
    (notice,) = notices(END, directory(end=("sms",)))
    assert notice.text == "Your shift in Primary on-call has ended at 2026-01-07 08:00 (Etc/UTC). Ben Okafor follows."


def test_a_room_is_told_of_the_person_on_the_clock_of_the_schedule() -> None:
    both = replace(PRIMARY, rooms=(NoticeRoom("slack", "#ops"), NoticeRoom("email", "ops@acme.example")))
    chat, mail = notices(START, directory(), both)
    assert (chat.channel, chat.recipient, mail.channel, mail.recipient) == (
        "slack",
        "#ops",
        "email",
        "ops@acme.example",
    )
    assert chat.text == (
        "Ana Reyes is on call in Primary on-call from 2026-01-06 09:00 until 2026-01-07 09:00 (Europe/Madrid). "
        "Ben Okafor follows."
    )


def test_a_room_is_told_only_of_the_events_that_it_wants() -> None:
    starts_only = replace(PRIMARY, rooms=(NoticeRoom("slack", "#ops", (ShiftEvent.START,)),))
    assert [n.kind for n in notices(START, directory(), starts_only)] == ["shift_start"]
    assert notices(END, directory(), starts_only) == []


def test_a_start_without_an_end_in_sight_says_neither_end_nor_follower() -> None:
    (notice,) = notices(replace(START, ends=None, follower=None), directory(start=("sms",)))
    assert notice.text == "You are on call in Primary on-call from 2026-01-06 08:00 (Etc/UTC)."


def test_a_gap_that_follows_is_said() -> None:
    (notice,) = notices(replace(END, follower=None), directory(end=("sms",)))
    assert notice.text.endswith("(Etc/UTC). Nobody follows.")


@pytest.mark.parametrize(("lasts_minutes", "news_minutes"), [(1440, 60), (20, 20)])
def test_a_start_is_news_for_an_hour_and_not_after_the_shift(lasts_minutes: int, news_minutes: int) -> None:
    change = replace(START, ends=START.at + timedelta(minutes=lasts_minutes))
    (notice,) = notices(change, directory(start=("sms",)))
    assert notice.stale_at == START.at + timedelta(minutes=news_minutes)


def test_an_end_is_news_for_an_hour() -> None:
    (notice,) = notices(END, directory(end=("sms",)))
    assert notice.stale_at == END.at + timedelta(hours=1)


def test_a_webhook_gets_the_document_of_the_event_however_late() -> None:
    webhook = ShiftWebhook("status", "https://status.acme.example", ("primary",))
    (start,) = notices(START, directory(webhook))
    (end,) = notices(END, directory(webhook))
    assert start.document is not None
    assert end.document is not None
    assert (start.channel, start.recipient, start.stale_at) == ("webhook", "status", None)
    shift_id = start.document["oncall"]["shift"]["id"]
    assert start.document == {
        "event_type": "oncall_shift_start",
        "organization": {"id": "default", "name": "Acme"},
        "user": {"id": "ana", "firstName": "Ana", "lastName": "Reyes", "email": "ana@acme.example"},
        "oncall": {
            "id": "primary",
            "name": "Primary on-call",
            "url": URL,
            "shift": {"id": shift_id, "start": "2026-01-06T08:00:00.000Z", "end": "2026-01-07T08:00:00.000Z"},
        },
    }
    assert (end.document["event_type"], end.document["oncall"]["shift"]["id"]) == ("oncall_shift_end", shift_id)


def test_a_webhook_is_told_only_of_its_schedules_and_events() -> None:
    other = ShiftWebhook("other", "https://a.example", ("secondary",))
    ends = ShiftWebhook("ends", "https://b.example", ("primary",), events=(ShiftEvent.END,))
    assert notices(START, directory(other, ends)) == []
    assert [n.recipient for n in notices(END, directory(other, ends))] == ["ends"]


OWNED = replace(PRIMARY, owners=("ana",))


def gap_in(ahead: timedelta | None) -> Concern:
    at = None if ahead is None else NOW + ahead
    return Concern(ConcernKind.GAP, "gap:1", at, "Nobody is on call on Friday night.")


def warned(*concerns: Concern, told: tuple[Told, ...] = (), who: Directory | None = None) -> list[Notice]:
    return warning_notices(OWNED, who or directory(), concerns, told, NOW)


@pytest.mark.parametrize(
    ("ahead", "kinds"),
    [
        (timedelta(days=8), []),
        (timedelta(days=7), ["warning_week"]),
        (timedelta(days=2), ["warning_week"]),
        (timedelta(days=1), ["warning_day"]),
        (timedelta(hours=3), ["warning_day"]),
        (timedelta(hours=-2), ["warning_day"]),
        (None, ["warning_week"]),
    ],
)
def test_owners_are_warned_a_week_and_a_day_ahead(ahead: timedelta | None, kinds: list[str]) -> None:
    assert [n.kind for n in warned(gap_in(ahead))] == kinds


def test_a_warning_carries_the_sentence_of_the_concern_over_the_owners_channels() -> None:
    (notice,) = warned(gap_in(timedelta(days=2)))
    assert (notice.recipient, notice.channel, notice.about) == ("ana", "email", "gap:1")
    assert notice.subject == "Primary on-call: a warning for this week"
    assert notice.text == "Primary on-call: Nobody is on call on Friday night."


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=3), None])
def test_a_warning_that_was_told_is_not_told_again_when_an_edit_moves_its_moment(ahead: timedelta | None) -> None:
    assert warned(gap_in(ahead), told=(Told("warning_week", "gap:1", "ana", "email"),)) == []


def test_the_warning_of_the_day_follows_the_one_of_the_week() -> None:
    told = (Told("warning_week", "gap:1", "ana", "email"),)
    assert [n.kind for n in warned(gap_in(timedelta(hours=20)), told=told)] == ["warning_day"]


def test_an_owner_who_is_no_user_any_more_is_passed_over() -> None:
    assert warned(gap_in(None), who=Directory()) == []


def test_the_next_warning_is_when_a_concern_comes_within_a_week_or_a_day() -> None:
    far, near = gap_in(timedelta(days=9)), gap_in(timedelta(days=3))
    assert next_warning_at([far, near, gap_in(None)], NOW) == NOW + timedelta(days=2)
    assert next_warning_at([far], NOW) == NOW + timedelta(days=2)
    assert next_warning_at([gap_in(timedelta(hours=1)), gap_in(None)], NOW) is None
