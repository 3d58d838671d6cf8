"""Who is told when an override is added or removed, and in which words. ``storage`` keeps the notices."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from domain.directory import User, name_of
from domain.local_time import local_text
from domain.notices import Notice, NoticeKind, schedule_topic
from domain.on_call import Shift, shifts
from domain.phone import clean_text
from domain.schedule import Override, Schedule

#: so far ahead we look for the people whom an override displaces
_LONGEST_LOOK = timedelta(days=366)
#: A text message holds 1,600 characters at most. Two overrides with all their names and comments fit.
_MAX_SCHEDULE = 100
_MAX_PEOPLE = 200
_MAX_COMMENT = 200
_MAX_TEXT = 1400
#: in a sentence about one override or several
_VERBS = {NoticeKind.OVERRIDE_ADDED: "added", NoticeKind.OVERRIDE_REMOVED: "removed"}

OverrideNoticeKind = Literal[NoticeKind.OVERRIDE_ADDED, NoticeKind.OVERRIDE_REMOVED]


@dataclass(frozen=True, slots=True)
class _Effect:
    """What an override changes in the result. ``involved`` are those who are on call by it, or without it."""

    override: Override
    displaced: tuple[str, ...]
    involved: frozenset[str]


def override_notices(
    kind: OverrideNoticeKind,
    schedule: Schedule,
    concerned: Collection[str],
    users: Mapping[str, User],
    actor: str | None,
    now: datetime,
) -> tuple[Notice, ...]:
    """Tell everybody involved, except the ``actor``, over the channels that they have chosen for changes.

    ``schedule`` has the overrides in it: it is the one after adding them, and the one before removing them.
    ``concerned`` are the ids of those that one person adds or removes at once, as in a swap: each recipient gets one
    message about all that concern them. What is wholly in the past is told to nobody.
    """
    effects = [
        _effect(schedule, override, now)
        for override in sorted(schedule.overrides, key=lambda override: override.starts)
        if override.id in concerned and override.ends > now
    ]
    recipients = dict.fromkeys(user for effect in effects for user in sorted(effect.involved))
    return tuple(
        notice
        for user in recipients
        if user != actor and user in users
        for notice in _messages(
            kind, schedule, [effect for effect in effects if user in effect.involved], users, users[user], actor
        )
    )


def _effect(schedule: Schedule, override: Override, now: datetime) -> _Effect:
    others = tuple(other for other in schedule.overrides if other.id != override.id)
    starts = max(override.starts, now)
    ends = starts + min(override.ends - starts, _LONGEST_LOOK)
    with_it = shifts(schedule, starts, ends)
    without_it = shifts(replace(schedule, overrides=others), starts, ends)
    differences = list(_differences(with_it, without_it))
    displaced = dict.fromkeys(before for _, before in differences if before is not None)
    covering = {after for after, _ in differences if after is not None}
    return _Effect(override, tuple(displaced), frozenset({override.user, *covering, *displaced}))


def _differences(one: Sequence[Shift], other: Sequence[Shift]) -> Iterator[tuple[str | None, str | None]]:
    """Who is on call by the one line and by the other, wherever they are not the same. Both have the same bounds."""
    for moment in sorted({shift.starts for shift in (*one, *other)}):
        users = _user_at(one, moment), _user_at(other, moment)
        if users[0] != users[1]:
            yield users


def _user_at(line: Sequence[Shift], moment: datetime) -> str | None:
    return line[bisect_right(line, moment, key=lambda shift: shift.starts) - 1].user


def _messages(
    kind: OverrideNoticeKind,
    schedule: Schedule,
    effects: Sequence[_Effect],
    users: Mapping[str, User],
    recipient: User,
    actor: str | None,
) -> Iterator[Notice]:
    name = clean_text(schedule.name, _MAX_SCHEDULE)
    what = f"Override{'s' if len(effects) > 1 else ''} {_VERBS[kind]} in {name}"
    people = "; ".join(_people(effect, users) for effect in effects)
    by = f" by {_names([actor], users)}" if actor is not None else ""
    lines = "; ".join(_line(effect, users, recipient.timezone) for effect in effects)
    for channel in dict.fromkeys(recipient.shift_notices.changes):
        yield Notice(
            topic=schedule_topic(schedule.key),
            kind=kind,
            about=effects[0].override.id,
            at=effects[0].override.starts,
            recipient=recipient.key,
            channel=channel,
            subject=f"{what}: {people}",
            text=f"{clean_text(f'{what}{by}: {lines}', _MAX_TEXT)}. Times are {recipient.timezone}.",
            stale_at=max(effect.override.ends for effect in effects),
        )


def _line(effect: _Effect, users: Mapping[str, User], timezone: str) -> str:
    override = effect.override
    said = clean_text(override.comment, _MAX_COMMENT)
    starts, ends = local_text(override.starts, timezone), local_text(override.ends, timezone)
    return f"{_people(effect, users)} from {starts} until {ends}{f' ({said})' if said else ''}"


def _people(effect: _Effect, users: Mapping[str, User]) -> str:
    """Without an effect that we can see, the one whom the override names."""
    instead = _names(effect.displaced or filter(None, [effect.override.replaces]), users)
    who = _names([effect.override.user], users)
    return f"{who} instead of {instead}" if instead else who


def _names(keys: Iterable[str], users: Mapping[str, User]) -> str:
    return clean_text(" and ".join(clean_text(name_of(users, key)) for key in keys), _MAX_PEOPLE)
