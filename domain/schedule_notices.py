"""Notices about a schedule: what is told to whom over which channel, and in which words."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, assert_never

from domain.coverage import Concern, ConcernKind
from domain.directory import Directory, name_of
from domain.ids import derived_id
from domain.local_time import local_text
from domain.notices import WEBHOOK, Notice, NoticeKind, schedule_topic
from domain.phone import clean_text
from domain.schedule import Schedule, ShiftEvent
from domain.shift_changes import ShiftChange
from domain.titles import rfc3339

#: people and rooms are told of nothing that is older
LATEST = timedelta(hours=1)
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_MAX_CONCERN = 500

#: What comes and goes was not mended when it was out of sight for less: a round of a rotation can be longer than we
#: look ahead, and loads that are nearly too unequal are so on one day and not on the next.
MENDED_AFTER = timedelta(days=60)
_COMES_AND_GOES = (
    ConcernKind.NO_USER,
    ConcernKind.NO_PHONE,
    ConcernKind.UNVERIFIED_PHONE,
    ConcernKind.UNBALANCED,
)

#: kinds that say what is wrong ahead; they are not sent once it is mended
WARNINGS = (NoticeKind.WARNING_WEEK, NoticeKind.WARNING_DAY)

_KINDS = {ShiftEvent.START: NoticeKind.SHIFT_START, ShiftEvent.END: NoticeKind.SHIFT_END}


@dataclass(frozen=True, slots=True)
class Told:
    """A warning that somebody was told already, whenever it was to bite then. ``missing_since`` is the first of the
    looks that did not find it any more; ``None``: the last look did."""

    kind: str
    about: str
    recipient: str
    channel: str
    missing_since: datetime | None = None


def shift_notices(
    schedule: Schedule, directory: Directory, changes: Iterable[ShiftChange], schedule_url: str
) -> list[Notice]:
    """A notice to each person, room and webhook that wants to hear of each change. ``schedule_url`` is for webhooks."""
    return [
        notice
        for change in changes
        for notice in (
            *_to_person(schedule, directory, change),
            *_to_rooms(schedule, directory, change),
            *_to_webhooks(schedule, directory, change, schedule_url),
        )
    ]


def comes_and_goes(concern: str) -> bool:
    """Whether the concern of this key can be out of sight for a while although nobody mended it."""
    return concern.partition(":")[0] in _COMES_AND_GOES


def warning_notices(
    schedule: Schedule, directory: Directory, concerns: Iterable[Concern], told: Collection[Told], now: datetime
) -> list[Notice]:
    """What the owners are to be told now: each concern a week and a day before it bites, what stands always once.

    What comes and goes is told the first time, until it was gone for longer than ``MENDED_AFTER``.
    """
    known = {
        (kind, each.about, each.recipient, each.channel)
        for each in told
        if each.missing_since is None or (comes_and_goes(each.about) and now - each.missing_since <= MENDED_AFTER)
        # Whoever was told a day ahead need not be told a week before it bites the next time.
        for kind in (each.kind, NoticeKind.WARNING_WEEK)
    }
    return [
        notice
        for concern in concerns
        if (kind := _warning_kind(concern, now)) is not None
        for notice in _to_owners(schedule, directory, concern, kind, now)
        if (notice.kind, notice.about, notice.recipient, notice.channel) not in known
    ]


def next_warning_at(concerns: Iterable[Concern], now: datetime) -> datetime | None:
    """When the next concern comes within a week or a day."""
    moments = (concern.at - ahead for concern in concerns if concern.at is not None for ahead in (_WEEK, _DAY))
    return min((moment for moment in moments if moment > now), default=None)


def shift_id(schedule: str, change: ShiftChange) -> str:
    """The same in the start and the end of a shift."""
    return derived_id("shift", schedule, change.user, change.starts.isoformat())


def _to_person(schedule: Schedule, directory: Directory, change: ShiftChange) -> Iterator[Notice]:
    user = directory.users.get(change.user)
    if user is None:
        return
    subject, text = _words(schedule, directory, change, _Form("You are", "Your shift", user.timezone))
    for channel in user.shift_notices.channels(schedule.key, change.event):
        yield _shift_notice(schedule, change, user.key, channel, subject, text)


def _to_rooms(schedule: Schedule, directory: Directory, change: ShiftChange) -> Iterator[Notice]:
    who = _name(directory, change.user)
    subject, text = _words(schedule, directory, change, _Form(f"{who} is", f"The shift of {who}", schedule.timezone))
    for room in schedule.rooms:
        if change.event in room.events:
            yield _shift_notice(schedule, change, room.to, room.channel, subject, text)


def _to_webhooks(schedule: Schedule, directory: Directory, change: ShiftChange, schedule_url: str) -> Iterator[Notice]:
    for webhook in directory.shift_webhooks.values():
        if schedule.key in webhook.schedules and change.event in webhook.events:
            yield Notice(
                topic=schedule_topic(schedule.key),
                kind=_KINDS[change.event],
                about=change.user,
                at=change.at,
                recipient=webhook.key,
                channel=WEBHOOK,
                subject="",
                text="",
                document=_document(schedule, directory, change, schedule_url),
            )


def _shift_notice(
    schedule: Schedule, change: ShiftChange, recipient: str, channel: str, subject: str, text: str
) -> Notice:
    latest = change.at + LATEST
    over = change.event is ShiftEvent.START and change.ends is not None and change.ends < latest
    return Notice(
        topic=schedule_topic(schedule.key),
        kind=_KINDS[change.event],
        about=change.user,
        at=change.at,
        recipient=recipient,
        channel=channel,
        subject=subject,
        text=text,
        stale_at=change.ends if over else latest,
    )


class _Form(NamedTuple):
    """How a text speaks of whoever's shift it is, and whose clock it reads."""

    is_on_call: str
    shift: str
    timezone: str


def _words(schedule: Schedule, directory: Directory, change: ShiftChange, form: _Form) -> tuple[str, str]:
    """Subject and text."""
    name, zone = clean_text(schedule.name), form.timezone
    match change.event:
        case ShiftEvent.START:
            subject = f"{form.is_on_call} on call in {name}"
            until = f" until {local_text(change.ends, zone)}" if change.ends else ""
            when = f" from {local_text(change.starts, zone)}{until}"
        case ShiftEvent.END:
            subject = f"{form.shift} in {name} has ended"
            when = f" at {local_text(change.at, zone)}"
        case _:
            assert_never(change.event)
    return subject, f"{subject}{when} ({zone}).{_follows(directory, change)}"


def _follows(directory: Directory, change: ShiftChange) -> str:
    if change.ends is None:
        return ""
    return f" {_name(directory, change.follower)} follows." if change.follower else " Nobody follows."


def _name(directory: Directory, key: str) -> str:
    return clean_text(name_of(directory.users, key))


def _document(schedule: Schedule, directory: Directory, change: ShiftChange, schedule_url: str) -> dict[str, Any]:
    """The body of a shift webhook. Everything is as it was when the shift changed, times are UTC."""
    user = directory.users.get(change.user)
    first, _, last = (user.name if user else change.user).partition(" ")
    return {
        "event_type": f"oncall_shift_{change.event}",
        "organization": {"id": "default", "name": directory.organization},
        "user": {"id": change.user, "firstName": first, "lastName": last, "email": user.email if user else None},
        "oncall": {
            "id": schedule.key,
            "name": schedule.name,
            "url": schedule_url,
            "shift": {
                "id": shift_id(schedule.key, change),
                "start": rfc3339(change.starts),
                "end": rfc3339(change.ends) if change.ends else None,
            },
        },
    }


def _warning_kind(concern: Concern, now: datetime) -> NoticeKind | None:
    """What is nearer than a day is told once, as that; what stands always has no day."""
    if concern.at is None:
        return NoticeKind.WARNING_WEEK
    if concern.at - now <= _DAY:
        return NoticeKind.WARNING_DAY
    return NoticeKind.WARNING_WEEK if concern.at - now <= _WEEK else None


def _to_owners(
    schedule: Schedule, directory: Directory, concern: Concern, kind: NoticeKind, now: datetime
) -> Iterator[Notice]:
    for owner in schedule.owners:
        user = directory.users.get(owner)
        for channel in user.shift_notices.changes if user else ():
            yield Notice(
                topic=schedule_topic(schedule.key),
                kind=kind,
                about=concern.key,
                at=concern.at or now.replace(minute=0, second=0, microsecond=0),
                recipient=owner,
                channel=channel,
                subject=f"{clean_text(schedule.name)}: {_AHEAD[kind] if concern.at else 'a warning'}",
                text=f"{clean_text(schedule.name)}: {clean_text(concern.text, _MAX_CONCERN)}",
            )


_AHEAD = {NoticeKind.WARNING_WEEK: "a warning for this week", NoticeKind.WARNING_DAY: "a warning for the next 24 hours"}
