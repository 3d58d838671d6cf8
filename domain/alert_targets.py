"""Whom a level of an escalation policy alerts at a moment, how, and why."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.directory import AlertTarget, Directory, Level, User
from domain.on_call import describe, on_call
from domain.out_of_office import stand_in
from domain.phone import mask

#: tried in this order when a provider refuses to alert somebody: first what disturbs and is read at once
_FALLBACK_CHANNELS = ("sms", "phone", "email")


@dataclass(frozen=True, slots=True)
class PlannedAlert:
    """One alert of a level. ``position`` counts from 1; ``user`` is empty for a room or a bare address.

    ``address`` is empty when the person has none for the channel: the alert is then refused and the next channel taken.
    """

    position: int
    channel: str
    user: str
    name: str
    address: str
    reason: str
    rule: str


@dataclass(frozen=True, slots=True)
class Targets:
    """``empty``: for each alert with nobody behind it, the reason."""

    alerts: tuple[PlannedAlert, ...]
    empty: tuple[str, ...]


def targets_of(level: Level, number: int, directory: Directory, at: datetime) -> Targets:
    """Every alert of a level. Nobody is alerted twice over the same channel, by whatever rules."""
    alerts: dict[tuple[str, str, str], PlannedAlert] = {}
    empty: list[str] = []
    for position, target in enumerate(level.alerts, start=1):
        found = _resolve(target, directory, at)
        if isinstance(found, str):
            empty.append(found)
            continue
        user, reason = found
        alert = PlannedAlert(
            position=position,
            channel=target.channel,
            user=user.key if user else "",
            name=user.name if user else in_the_open(target.channel, target.to or ""),
            address=address_of(user, target.channel) if user else target.to or "",
            reason=reason,
            rule=f"level {number}, alert {position}",
        )
        alerts.setdefault((alert.channel, alert.user, alert.address), alert)
    return Targets(tuple(alerts.values()), tuple(empty))


def in_the_open(channel: str, address: str) -> str:
    """A bare address in texts that everybody reads: a number is masked."""
    return mask(address) if channel in ("phone", "sms") else address


def _resolve(target: AlertTarget, directory: Directory, at: datetime) -> tuple[User | None, str] | str:
    """The person (``None`` for an address) and why; or, when nobody is there, only why."""
    if target.user is not None:
        return _resolve_user(target.user, directory, at)
    if target.schedule is None:
        return None, "named by the policy"
    schedule = directory.schedules.get(target.schedule)
    if schedule is None:
        return f"there is no schedule {target.schedule} any more"
    now = on_call(schedule, at)
    reason = describe(now.user, now.reason, schedule, now.until)
    if now.user is None:
        return reason
    user = directory.users.get(now.user)
    return (user, reason) if user else f"{now.user}, {reason}, is no user any more"


def _resolve_user(named: str, directory: Directory, at: datetime) -> tuple[User, str] | str:
    """The user whom the policy names, or their delegate while they are out of office."""
    if named not in directory.users:
        return f"there is no user {named} any more"
    name = directory.users[named].name
    user = directory.users.get(stand_in(named, directory.absences, at).user or "")
    if user is None:
        return f"{name} is out of office and nobody stands in"
    if user.key == named:
        return user, "named by the policy"
    return user, f"named by the policy is {name}, who is out of office: {user.name} is the delegate"


def address_of(user: User, channel: str) -> str:
    """Where a person is reached over a channel; empty when there is no such address."""
    match channel:
        case "phone" | "sms":
            return user.phones[0] if user.phones else ""
        case "email":
            return user.email or ""
        case _:
            return ""


def fallback(user: User, tried: Collection[str]) -> tuple[str, str] | None:
    """The channel and address to try next for a person, when those tried have failed or are on their way."""
    for channel in _FALLBACK_CHANNELS:
        if channel not in tried and (address := address_of(user, channel)):
            return channel, address
    return None
