"""The one validator behind files, the API and the dashboard."""

from collections.abc import Iterator

from config.compile import absence_of, absences_of, carrier_provider, schedule_of
from config.hotlines import Hotline
from config.parse import shown
from config.problems import Path, Problem, Severity, did_you_mean
from config.references import references
from config.resources import (
    PERSONAL_CHANNELS,
    ROOM_CHANNELS,
    SINGLETONS,
    Alert,
    Carrier,
    EscalationPolicy,
    Integration,
    Kind,
    Model,
    Room,
    User,
)
from config.schedules import Schedule
from config.values import check_key, seconds_of
from config.world import World
from domain.directory import OWN_INTEGRATION, Accept, IncidentWhen, IntegrationType, Provider
from domain.on_call import warnings as on_call_warnings

#: how each kind is called in a sentence
SINGULAR = {
    Kind.ORGANIZATION: "organization",
    Kind.USERS: "user",
    Kind.SCHEDULES: "schedule",
    Kind.ESCALATION_POLICIES: "escalation policy",
    Kind.SERVICES: "service",
    Kind.INTEGRATIONS: "integration",
    Kind.CARRIERS: "carrier",
    Kind.HOTLINES: "hotline",
    Kind.CONTACTS: "contact",
    Kind.ROOMS: "room",
    Kind.SHIFT_WEBHOOKS: "shift webhook",
    Kind.CALENDARS: "calendar",
    Kind.OWN_INCIDENTS: "own_incidents",
}


def validate(kind: Kind, key: str, body: object, world: World) -> list[Problem]:
    """Errors and warnings of one resource among the others. ``world`` need not have it yet."""
    return _validate(kind, key, world.with_resource(kind, key, body))


def validate_world(world: World) -> list[Problem]:
    return [problem for kind, key, _ in world.bodies() for problem in _validate(kind, key, world)]


def _validate(kind: Kind, key: str, world: World) -> list[Problem]:
    model, problems = world.parsed(kind, key)
    problems = [*_key_problems(kind, key), *problems]
    if model is not None:
        problems += _dangling(kind, key, model, world)
        problems += _rules(key, model, world)
    return problems


def _key_problems(kind: Kind, key: str) -> Iterator[Problem]:
    if (sentence := check_key(key)) is not None:
        yield Problem((kind, key), sentence)
    if kind in SINGLETONS and key != kind:
        yield Problem((kind, key), f"there is only one; its key is {kind}")
    if kind is Kind.INTEGRATIONS and key == OWN_INTEGRATION:
        yield Problem((kind, key), "this key is built in for Dutyline's own incidents; set own_incidents instead")


def _dangling(kind: Kind, key: str, model: Model, world: World) -> Iterator[Problem]:
    for path, named_kind, named in references(model):
        if not world.has(named_kind, named):
            hint = did_you_mean(named, world.keys(named_kind))
            yield Problem((kind, key, *path), f"there is no {SINGULAR[named_kind]} {shown(named)}{hint}")


def _rules(key: str, model: Model, world: World) -> Iterator[Problem]:
    match model:
        case Schedule():
            schedule = schedule_of(key, model, absences=absences_of(world))
            for sentence in on_call_warnings(schedule):
                yield _warning((Kind.SCHEDULES, key), sentence)
            for i, room in enumerate(model.rooms):
                yield from _unknown_room((Kind.SCHEDULES, key, "rooms", i), room.channel, room.to, world)
        case User():
            yield from _user_rules((Kind.USERS, key), model)
        case Room():
            yield from _room_rules((Kind.ROOMS, key), model, world)
        case EscalationPolicy():
            yield from _policy_rules((Kind.ESCALATION_POLICIES, key), model, world)
        case Integration():
            yield from _integration_rules((Kind.INTEGRATIONS, key), model, world)
        case Carrier():
            yield from _carrier_rules((Kind.CARRIERS, key), model)
        case Hotline():
            yield from _hotline_rules((Kind.HOTLINES, key), model, world)


def _warning(path: Path, message: str) -> Problem:
    return Problem(path, message, Severity.WARNING)


def _policy_rules(place: Path, policy: EscalationPolicy, world: World) -> Iterator[Problem]:
    last = len(policy.levels) - 1
    for i, level in enumerate(policy.levels):
        path = (*place, "levels", i)
        if i < last and level.escalate_after is None:
            yield Problem(path, "needs escalate_after, like 5m, or the levels after it are never reached")
        if not level.alerts:
            yield _warning(path, "alerts nobody; it is passed at once")
        for j, alert in enumerate(level.alerts):
            yield from _unreachable((*path, "alerts", j), alert, world)


def _unreachable(path: Path, alert: Alert, world: World) -> Iterator[Problem]:
    yield from _unknown_room(path, alert.channel, alert.to, world)
    user = world.get(Kind.USERS, alert.user, User)
    needed = PERSONAL_CHANNELS.get(alert.channel)
    if user is not None and needed is not None and not getattr(user, needed):
        yield _warning(path, f"user {alert.user} has no {needed}, so {alert.channel} cannot reach them")


def _unknown_room(path: Path, channel: str, to: str | None, world: World) -> Iterator[Problem]:
    known = {(room.channel, room.to) for room in world.all(Kind.ROOMS, Room).values()}
    if channel in ROOM_CHANNELS and (channel, to) not in known:
        yield _warning(path, f"there is no {channel} room {shown(to)} under rooms, so nothing can be posted there")


def _room_rules(place: Path, room: Room, world: World) -> Iterator[Problem]:
    rooms = world.all(Kind.ROOMS, Room).items()
    alike = [key for key, other in rooms if (other.channel, other.to) == (room.channel, room.to)]
    # Reported once, at the later one.
    if place[1] in alike[1:]:
        yield Problem((*place, "to"), f"is what {Kind.ROOMS}.{alike[0]} is called too; call each room something else")


def _user_rules(place: Path, user: User) -> Iterator[Problem]:
    for i, absence in enumerate(user.out_of_office):
        path = (*place, "out_of_office", i)
        if absence.delegate == place[1]:
            yield Problem((*path, "delegate"), f"{absence.delegate} is the one who is away; name somebody else")
        elif absence.delegate is None:
            yield _warning(path, "has no delegate: nobody takes over meanwhile")
        compiled = absence_of(str(place[1]), user, absence)
        if compiled.ends <= compiled.starts:
            yield _warning(path, "ends before it starts: it never applies")


def _integration_rules(place: Path, integration: Integration, world: World) -> Iterator[Problem]:
    sharing = world.integrations_by_token.get(integration.token or "", [])
    yield from _shared_token(place, sharing)
    if integration.escalation_policy is None:
        yield _warning(place, "has no escalation_policy: its incidents alert nobody")
    if integration.type is IntegrationType.INCIDENT_IO and integration.signing_secret is None:
        yield _warning(place, "has no signing_secret: every request from incident.io is refused")


def _shared_token(place: Path, sharing: list[str]) -> Iterator[Problem]:
    # Reported once, at the later one.
    if sharing and place[1] in sharing[1:]:
        yield Problem((*place, "token"), f"has the same token as {place[0]}.{sharing[0]}; each needs its own")


def _carrier_rules(place: Path, carrier: Carrier) -> Iterator[Problem]:
    key = str(place[1])
    provider = carrier_provider(key, carrier)
    if provider is None:
        yield Problem(place, f"needs provider: twilio or plivo, because its key {key!r} does not say which")
        return
    right, wrong = ("account_sid", "auth_id") if provider is Provider.TWILIO else ("auth_id", "account_sid")
    if getattr(carrier, wrong) is not None:
        yield Problem((*place, wrong), f"{provider} has no {wrong}; write {right}")
    elif getattr(carrier, right) is None:
        yield Problem(place, f"{right} is missing")


def _hotline_rules(place: Path, hotline: Hotline, world: World) -> Iterator[Problem]:
    yield from _shared_token(place, world.hotlines_by_token.get(hotline.token or "", []))
    yield from _number_rules(place, hotline, world)
    yield from _chain_rules(place, hotline, world)
    yield from _incident_rules(place, hotline)
    for i, target in enumerate(hotline.notify):
        yield from _unknown_room((*place, "notify", i), target.channel, target.to, world)
    carrier = world.get(Kind.CARRIERS, hotline.carrier, Carrier)
    if carrier is not None and hotline.carrier is not None:
        provider = carrier_provider(hotline.carrier, carrier)
        if provider not in (None, hotline.provider):
            yield Problem(
                (*place, "carrier"),
                f"{hotline.carrier} is an account at {provider}, the hotline is at {hotline.provider}",
            )


def _number_rules(place: Path, hotline: Hotline, world: World) -> Iterator[Problem]:
    sharing = world.hotlines_by_number.get(hotline.number, [])
    if place[1] in sharing[1:]:
        yield _warning(
            (*place, "number"), f"hotline {sharing[0]} has the same number; a carrier calls only one of them"
        )


def _chain_rules(place: Path, hotline: Hotline, world: World) -> Iterator[Problem]:
    if not hotline.chain:
        yield _warning((*place, "chain"), "is empty: nobody is rung")
    for i, entry in enumerate(hotline.chain):
        path = (*place, "chain", i)
        user = world.get(Kind.USERS, entry.user, User)
        if user is not None and not user.phone:
            yield _warning(path, f"user {entry.user} has no phone and is passed over")
        for name in _rung_by(entry.user, entry.schedule, world):
            yield from _rings_a_hotline(path, name, world)
    yield from _chain_time(place, hotline)


def _rung_by(user: str | None, schedule: str | None, world: World) -> list[str]:
    """The users whom a chain entry can ring, each once: those it names, and their delegates."""
    rotation = world.get(Kind.SCHEDULES, schedule, Schedule)
    named = [user] if user is not None else list(_put_on_call_by(rotation)) if rotation is not None else []
    found = dict.fromkeys(named)
    waiting = list(found)
    while waiting:
        person = world.get(Kind.USERS, waiting.pop(), User)
        for absence in person.out_of_office if person is not None else ():
            if absence.delegate is not None and absence.delegate not in found:
                found[absence.delegate] = None
                waiting.append(absence.delegate)
    return list(found)


def _put_on_call_by(schedule: Schedule) -> Iterator[str]:
    for layer in schedule.layers:
        yield from (member for member in layer.members if member is not None)
    for override in schedule.overrides:
        yield override.user


def _rings_a_hotline(path: Path, name: str, world: World) -> Iterator[Problem]:
    user = world.get(Kind.USERS, name, User)
    for phone in user.phone if user is not None else []:
        for hotline in world.hotlines_by_number.get(phone, []):
            yield Problem(
                path,
                f"{phone}, a phone of user {name}, is the number of hotline {hotline}: the call would go in circles",
            )


def _chain_time(place: Path, hotline: Hotline) -> Iterator[Problem]:
    accept = seconds_of(hotline.accept_within) if hotline.accept is Accept.PRESS_KEY else 0
    needed = sum(seconds_of(entry.ring or hotline.ring) + accept for entry in hotline.chain)
    if needed > seconds_of(hotline.max_call_wait):
        yield _warning(
            (*place, "max_call_wait"),
            f"the chain can take {needed} s, but the caller waits at most {hotline.max_call_wait}: "
            "the last entries may never ring; raise max_call_wait or shorten ring",
        )


def _incident_rules(place: Path, hotline: Hotline) -> Iterator[Problem]:
    incidents = hotline.incidents
    if incidents is None or incidents.when is IncidentWhen.NEVER:
        return
    if incidents.integration is None:
        yield _warning((*place, "incidents"), "has no integration, so its calls open no incidents; name one")
