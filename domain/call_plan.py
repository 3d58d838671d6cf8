"""What is decided when a call starts and never changes afterwards: the hotline's settings, who will ring, and why."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from domain.directory import (
    Accept,
    CallerIdPolicy,
    CallIncidents,
    ChainEntry,
    Directory,
    Hotline,
    Message,
    MessageKey,
    NotifyTarget,
    Provider,
    User,
    Voicemail,
)
from domain.events import Caller
from domain.messages import text_for
from domain.on_call import describe, on_call
from domain.out_of_office import stand_in


@dataclass(frozen=True, slots=True)
class Target:
    """One responder to ring. ``order`` is the entry's place in the chain, from 1; ``reason`` says why this person."""

    order: int
    user: str
    name: str
    number: str
    ring_seconds: int
    reason: str
    schedule: str | None = None
    schedule_name: str | None = None


@dataclass(frozen=True, slots=True)
class PassedEntry:
    """An entry of the chain with nobody to ring behind it."""

    order: int
    reason: str


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A call's frozen settings. ``tester`` is set in test mode; ``rejected`` says why the call is refused."""

    hotline: str
    hotline_name: str
    hotline_number: str
    provider: Provider
    targets: tuple[Target, ...]
    passed: tuple[PassedEntry, ...]
    messages: dict[MessageKey, Message]
    language: str
    voice: str | None
    accept: Accept
    accept_within_seconds: int
    caller_id: CallerIdPolicy
    max_call_wait_seconds: int
    max_talk_seconds: int
    voicemail: Voicemail | None
    record_calls: bool
    incidents: CallIncidents
    notify: tuple[NotifyTarget, ...] = ()
    caller_name: str | None = None
    tester: str | None = None
    chain_length: int = 0
    rejected: str | None = None


def resolve_chain(
    directory: Directory, hotline: Hotline, at: datetime, caller_number: str | None = None, tester: str | None = None
) -> tuple[Target | PassedEntry, ...]:
    """Who would ring, in order, and why; entries with nobody behind them with the reason for passing them.

    In test mode every entry that would ring somebody rings the tester.
    """
    rung: set[str] = set()
    chain: list[Target | PassedEntry] = []
    for order, entry in enumerate(hotline.chain, start=1):
        resolved = _resolve_entry(directory, hotline, order, entry, at)
        if isinstance(resolved, Target):
            if resolved.user != entry.user and resolved.user in rung:
                resolved = PassedEntry(order, f"{resolved.name} was already rung in this call")
            elif tester is None and resolved.number == caller_number:
                resolved = PassedEntry(order, f"the caller is {resolved.name}")
            else:
                rung.add(resolved.user)
                if tester is not None:
                    resolved = _ring_tester(directory.users[tester], resolved)
        chain.append(resolved)
    return tuple(chain)


def _resolve_entry(
    directory: Directory, hotline: Hotline, order: int, entry: ChainEntry, at: datetime
) -> Target | PassedEntry:
    ring_seconds = entry.ring_seconds or hotline.ring_seconds
    if entry.schedule is None:
        return _resolve_user(directory, order, entry.user or "", at, ring_seconds)
    schedule = directory.schedules.get(entry.schedule)
    if schedule is None:
        return PassedEntry(order, f"schedule {entry.schedule} does not exist any more")
    now_on_call = on_call(schedule, at)
    reason = describe(now_on_call.user, now_on_call.reason, schedule, now_on_call.until)
    user = directory.users.get(now_on_call.user or "")
    if user is None:
        return PassedEntry(order, reason if now_on_call.user is None else f"{now_on_call.user} does not exist any more")
    return _target(order, user, ring_seconds, reason, schedule.key, schedule.name)


def _resolve_user(
    directory: Directory, order: int, named: str, at: datetime, ring_seconds: int
) -> Target | PassedEntry:
    """The user whom the chain names, or their delegate while they are out of office."""
    if named not in directory.users:
        return PassedEntry(order, f"user {named} does not exist any more")
    found = stand_in(named, directory.absences, at)
    user = directory.users.get(found.user or "")
    if user is None:
        return PassedEntry(order, f"{directory.users[named].name} is out of office and nobody stands in")
    if user.key == named:
        return _target(order, user, ring_seconds, "named in the chain")
    reason = f"named in the chain is {directory.users[named].name}, who is out of office: {user.name} is the delegate"
    return _target(order, user, ring_seconds, reason)


def _target(
    order: int,
    user: User,
    ring_seconds: int,
    reason: str,
    schedule: str | None = None,
    schedule_name: str | None = None,
) -> Target | PassedEntry:
    if not user.phones:
        return PassedEntry(order, f"{user.name} has no phone number ({reason})")
    return Target(order, user.key, user.name, user.phones[0], ring_seconds, reason, schedule, schedule_name)


def _ring_tester(tester: User, instead_of: Target) -> Target:
    return Target(
        order=instead_of.order,
        user=tester.key,
        name=tester.name,
        number=tester.phones[0],
        ring_seconds=instead_of.ring_seconds,
        reason=f"test mode: instead of {instead_of.name}, {instead_of.reason}",
        schedule=instead_of.schedule,
        schedule_name=instead_of.schedule_name,
    )


def tester_of(directory: Directory, user: str | None) -> str | None:
    """The user whom calls in test mode ring: only somebody who is there and has a phone."""
    tester = directory.users.get(user or "")
    return tester.key if tester is not None and tester.phones else None


def plan_call(
    directory: Directory,
    hotline: Hotline,
    caller: Caller,
    at: datetime,
    tester: str | None = None,
    rejected: str | None = None,
) -> CallPlan:
    """Freeze everything that a call needs, at the moment it starts."""
    chain = resolve_chain(directory, hotline, at, caller.number, tester)
    return CallPlan(
        hotline=hotline.key,
        hotline_name=hotline.name,
        hotline_number=hotline.number,
        provider=hotline.provider,
        targets=tuple(entry for entry in chain if isinstance(entry, Target)),
        passed=tuple(entry for entry in chain if isinstance(entry, PassedEntry)),
        messages={key: _message(hotline, key) for key in MessageKey},
        language=hotline.language,
        voice=hotline.voice,
        accept=hotline.accept,
        accept_within_seconds=hotline.accept_within_seconds,
        caller_id=hotline.caller_id,
        max_call_wait_seconds=hotline.max_call_wait_seconds,
        max_talk_seconds=hotline.max_talk_seconds,
        voicemail=hotline.voicemail,
        record_calls=hotline.record_calls,
        incidents=hotline.incidents,
        notify=hotline.notify,
        caller_name=saved_name(directory, caller.number) or caller.name,
        tester=tester,
        chain_length=len(hotline.chain),
        rejected=rejected,
    )


def _message(hotline: Hotline, key: MessageKey) -> Message:
    # The apology may be followed by another attempt, so it never asks for a message itself.
    invites = hotline.voicemail is not None and key is not MessageKey.APOLOGY
    return text_for(hotline.messages, key, hotline.language, voicemail=invites)


def numbers_saved_as(directory: Directory, part: str) -> tuple[str, ...]:
    """The numbers of the contacts whose name has this in it, in any case; at most 1,000."""
    wanted = part.casefold()
    found = (contact.number for contact in directory.contacts.values() if wanted in contact.name.casefold())
    return tuple(islice(found, 1000))


def saved_name(directory: Directory, number: str | None) -> str | None:
    """The name under which a number was saved as a contact."""
    if number is None:
        return None
    return next((contact.name for contact in directory.contacts.values() if contact.number == number), None)
