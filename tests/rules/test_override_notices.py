"""Who is told of an override that is added or removed, and what."""

from dataclasses import replace

from domain.directory import ShiftNotices, User
from domain.notices import Notice, NoticeKind
from domain.override_notices import OverrideNoticeKind, override_notices
from domain.schedule import Absence, Override, Schedule
from tests.support.schedules import layer, local, override, schedule

NOON = local("2026-01-05 12:00")
USERS = {
    "ana": User("ana", "Ana Reyes", timezone="Europe/Madrid"),
    "ben": User("ben", "Ben Okafor", timezone="Asia/Kathmandu"),
    "cleo": User("cleo", "Cleo Park", timezone="Europe/Madrid"),
    "dan": User("dan", "Dan Levy", timezone="Europe/Madrid"),
}
WEDNESDAY = override("cleo", "2026-01-07 09:00", "2026-01-08 09:00", replaces="ana", comment="doctor")


def of(*overrides: Override) -> Schedule:
    return schedule(layer("ana", "ben"), overrides=overrides)


def told(
    what: Schedule,
    *concerned: str,
    kind: OverrideNoticeKind = NoticeKind.OVERRIDE_ADDED,
    users: dict[str, User] = USERS,
    actor: str | None = None,
) -> tuple[Notice, ...]:
    return override_notices(kind, what, concerned or {"ovr_1"}, users, actor, NOON)


def recipients(notices: tuple[Notice, ...]) -> list[str]:
    return sorted(notice.recipient for notice in notices)


def test_whoever_covers_and_whoever_is_displaced_are_told() -> None:
    assert recipients(told(of(WEDNESDAY))) == ["ana", "cleo"]


def test_override_of_everybody_tells_each_whom_it_displaces() -> None:
    assert recipients(told(of(override("cleo", "2026-01-06 12:00", "2026-01-07 12:00")))) == ["ana", "ben", "cleo"]


def test_whoever_did_it_is_not_told() -> None:
    assert recipients(told(of(WEDNESDAY), actor="ana")) == ["cleo"]


def test_override_in_the_past_tells_nobody() -> None:
    assert told(of(override("cleo", "2026-01-04 12:00", "2026-01-05 12:00"))) == ()


def test_whoever_was_displaced_in_the_past_only_is_not_told() -> None:
    running = override("cleo", "2026-01-05 09:00", "2026-01-07 09:00")

    notices = override_notices(
        NoticeKind.OVERRIDE_ADDED, of(running), {"ovr_1"}, USERS, None, local("2026-01-06 10:00")
    )

    assert recipients(notices) == ["ben", "cleo"]


def test_override_that_a_newer_one_hides_displaces_nobody() -> None:
    newer = override("dan", "2026-01-07 09:00", "2026-01-08 09:00", id="ovr_2")

    assert recipients(told(of(replace(WEDNESDAY, created_at=local("2025-12-01 12:00")), newer))) == ["cleo"]


def test_delegate_of_whoever_covers_is_told_too() -> None:
    absence = Absence("cleo", local("2026-01-07 00:00"), local("2026-01-09 00:00"), "dan")

    assert recipients(told(replace(of(WEDNESDAY), absences=(absence,)))) == ["ana", "cleo", "dan"]


def test_notice_says_who_instead_of_whom_when_by_whom_and_why() -> None:
    (to_cleo,) = (notice for notice in told(of(WEDNESDAY), actor="ana") if notice.recipient == "cleo")

    assert to_cleo.subject == "Override added in Primary on-call: Cleo Park instead of Ana Reyes"
    assert to_cleo.text == (
        "Override added in Primary on-call by Ana Reyes: Cleo Park instead of Ana Reyes "
        "from 2026-01-07 09:00 until 2026-01-08 09:00 (doctor). Times are Europe/Madrid."
    )


def test_times_are_the_recipients() -> None:
    (to_ben,) = (
        notice
        for notice in told(of(override("cleo", "2026-01-06 09:00", "2026-01-07 09:00")))
        if notice.recipient == "ben"
    )

    assert "from 2026-01-06 13:45 until 2026-01-07 13:45. Times are Asia/Kathmandu." in to_ben.text


def test_removing_says_so() -> None:
    (notice, *_) = told(of(WEDNESDAY), kind=NoticeKind.OVERRIDE_REMOVED)

    assert notice.subject == "Override removed in Primary on-call: Cleo Park instead of Ana Reyes"


def test_notice_is_about_the_override_at_its_start_and_stale_when_that_ends() -> None:
    (notice, *_) = told(of(WEDNESDAY))

    assert (notice.topic, notice.kind, notice.about) == ("schedules/primary", NoticeKind.OVERRIDE_ADDED, "ovr_1")
    assert (notice.at, notice.stale_at) == (WEDNESDAY.starts, WEDNESDAY.ends)


def test_both_overrides_of_a_swap_are_one_message_to_each() -> None:
    swapped = of(
        override("ben", "2026-01-07 09:00", "2026-01-08 09:00", replaces="ana", id="ovr_1"),
        override("ana", "2026-01-08 09:00", "2026-01-09 09:00", replaces="ben", id="ovr_2"),
    )

    notices = told(swapped, "ovr_1", "ovr_2")

    assert recipients(notices) == ["ana", "ben"]
    assert all(
        "Ben Okafor instead of Ana Reyes; Ana Reyes instead of Ben Okafor" in notice.subject for notice in notices
    )


def test_message_is_one_line_that_fits_into_a_text_message_whatever_people_wrote() -> None:
    day, next_day = ("2026-01-07 09:00", "2026-01-08 09:00"), ("2026-01-08 09:00", "2026-01-09 09:00")
    comment, users = "see\nbelow\x07 " * 80, {key: replace(user, name="Na\nme " * 33) for key, user in USERS.items()}
    swapped = replace(
        of(
            override("ben", *day, replaces="ana", id="ovr_1", comment=comment),
            override("ana", *next_day, replaces="ben", id="ovr_2", comment=comment),
        ),
        name="Nights\r\n" * 25,
    )

    notices = told(swapped, "ovr_1", "ovr_2", users=users, actor="cleo")

    assert [(len(each.text) <= 1600, each.text.isprintable(), each.subject.isprintable()) for each in notices] == [
        (True, True, True),
        (True, True, True),
    ]
    assert notices[0].text.endswith("). Times are Europe/Madrid.")


def test_each_chosen_channel_has_its_message() -> None:
    users = {**USERS, "ana": replace(USERS["ana"], shift_notices=ShiftNotices(changes=("sms", "email")))}

    assert [(n.recipient, n.channel) for n in told(of(WEDNESDAY), users=users, actor="cleo")] == [
        ("ana", "sms"),
        ("ana", "email"),
    ]


def test_whoever_wants_no_changes_is_not_told() -> None:
    users = {**USERS, "ana": replace(USERS["ana"], shift_notices=ShiftNotices(changes=()))}

    assert recipients(told(of(WEDNESDAY), users=users)) == ["cleo"]


def test_somebody_who_is_no_user_any_more_is_named_by_key_and_not_told() -> None:
    users = {key: user for key, user in USERS.items() if key != "ana"}

    (notice,) = told(of(WEDNESDAY), users=users)

    assert notice.subject.endswith(": Cleo Park instead of ana")
