"""From validated resources to the vocabulary that the rest of the system speaks (``domain.directory``)."""

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime

from config import hotlines, resources, schedules
from config.resources import Kind
from config.snapshot import Snapshot, StoredOverride
from config.values import moment_of, seconds_of, slot_edge, time_of
from config.world import World
from domain import directory as d
from domain import schedule as s
from domain.local_time import instant_of

_log = logging.getLogger(__name__)


def compile_directory(snapshot: Snapshot) -> d.Directory:
    """The whole configuration. A stored resource that cannot be read any more is left out and logged: one of them must
    never take the phone path with it."""
    world = World(snapshot.bodies())
    for kind, key, _ in world.bodies():
        for problem in world.parsed(kind, key)[1]:
            _log.error("A stored resource cannot be read and is ignored: %s", problem)
    organization = world.get(Kind.ORGANIZATION, Kind.ORGANIZATION, resources.Organization)
    own = world.get(Kind.OWN_INCIDENTS, Kind.OWN_INCIDENTS, resources.OwnIncidents)
    own_policy = own.escalation_policy if own else None
    integrations = {
        key: _integration(key, spec) for key, spec in world.all(Kind.INTEGRATIONS, resources.Integration).items()
    }
    integrations[d.OWN_INTEGRATION] = _own_integration(own_policy)
    absences = absences_of(world)
    return d.Directory(
        version=snapshot.version,
        organization=organization.name if organization else "",
        users={key: _user(key, spec) for key, spec in world.all(Kind.USERS, resources.User).items()},
        schedules={
            key: schedule_of(key, spec, snapshot.overrides_of(key), absences)
            for key, spec in world.all(Kind.SCHEDULES, schedules.Schedule).items()
        },
        escalation_policies={
            key: _policy(key, spec)
            for key, spec in world.all(Kind.ESCALATION_POLICIES, resources.EscalationPolicy).items()
        },
        services={key: d.Service(key, spec.name) for key, spec in world.all(Kind.SERVICES, resources.Service).items()},
        integrations=integrations,
        hotlines={key: _hotline(key, spec) for key, spec in world.all(Kind.HOTLINES, hotlines.Hotline).items()},
        contacts={
            key: d.Contact(key, spec.name, spec.number)
            for key, spec in world.all(Kind.CONTACTS, resources.Contact).items()
        },
        carriers={
            key: account
            for key, spec in world.all(Kind.CARRIERS, resources.Carrier).items()
            if (account := _carrier(key, spec)) is not None
        },
        own_incidents_policy=own_policy,
        absences=absences,
        rooms={
            key: d.Room(key, spec.channel, spec.to, spec.url)
            for key, spec in world.all(Kind.ROOMS, resources.Room).items()
        },
        shift_webhooks={
            key: d.ShiftWebhook(key, spec.url, spec.schedules, spec.method, spec.events)
            for key, spec in world.all(Kind.SHIFT_WEBHOOKS, resources.ShiftWebhook).items()
        },
        calendars={
            key: d.Calendar(key, spec.name, spec.schedules, spec.url)
            for key, spec in world.all(Kind.CALENDARS, resources.Calendar).items()
        },
    )


def absences_of(world: World) -> tuple[s.Absence, ...]:
    """Everybody's, by user and in the order of the file."""
    return tuple(
        absence_of(key, spec, absence)
        for key, spec in world.all(Kind.USERS, resources.User).items()
        for absence in spec.out_of_office
    )


def absence_of(user: str, spec: resources.User, absence: resources.OutOfOffice) -> s.Absence:
    return s.Absence(
        user=user,
        starts=instant_of(_midnight(moment_of(absence.starts)), spec.timezone),
        ends=instant_of(_midnight(moment_of(absence.ends)), spec.timezone),
        delegate=absence.delegate,
        comment=absence.comment,
    )


def schedule_of(
    key: str,
    spec: schedules.Schedule,
    stored: Sequence[StoredOverride] | None = None,
    absences: tuple[s.Absence, ...] = (),
) -> s.Schedule:
    """The schedule with its stored overrides, or, where it is not stored yet, with those of the file in file order."""
    if stored is None:
        created = [datetime.fromtimestamp(number, UTC) for number in range(len(spec.overrides))]
        overrides = [
            _override(override.id or f"override {number + 1}", override, created[number], spec.timezone)
            for number, override in enumerate(spec.overrides)
        ]
    else:
        overrides = [
            _override(row.id, schedules.Override.model_validate(row.body), row.created_at, spec.timezone)
            for row in stored
        ]
    return s.Schedule(
        key,
        spec.name,
        spec.timezone,
        tuple(map(_layer, spec.layers)),
        tuple(overrides),
        absences,
        spec.owners,
        tuple(s.NoticeRoom(room.channel, room.to, room.events) for room in spec.rooms),
    )


def _override(override_id: str, spec: schedules.Override, created_at: datetime, timezone: str) -> s.Override:
    return s.Override(
        id=override_id,
        user=spec.user,
        starts=instant_of(_midnight(moment_of(spec.starts)), timezone),
        ends=instant_of(_midnight(moment_of(spec.ends)), timezone),
        created_at=created_at,
        replaces=spec.replaces,
        comment=spec.comment,
    )


def _midnight(moment: date | datetime) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001


def _layer(spec: schedules.Layer) -> s.Layer:
    return s.Layer(
        name=spec.name,
        members=tuple(spec.members),
        starts=moment_of(spec.starts),
        rotation=s.Rotation(spec.rotation.every, spec.rotation.unit),
        handoff=s.Handoff(time_of(spec.handoff.time), spec.handoff.weekday),
        ends=None if spec.ends is None else moment_of(spec.ends),
        slots=tuple(_slot(slot) for slot in spec.slots),
    )


def _slot(spec: schedules.Slot) -> s.Slot:
    start_weekday, start = slot_edge(spec.from_)
    end_weekday, end = slot_edge(spec.to)
    return s.Slot(start, end, start_weekday, end_weekday)


def _user(key: str, spec: resources.User) -> d.User:
    return d.User(
        key, spec.name, spec.email, tuple(spec.phone), spec.timezone, spec.role, _shift_notices(spec.shift_notices)
    )


def _shift_notices(spec: resources.ShiftNotices) -> d.ShiftNotices:
    special = {
        schedule: {
            event: channels
            for event, channels in ((s.ShiftEvent.START, notices.start), (s.ShiftEvent.END, notices.end))
            if channels is not None
        }
        for schedule, notices in spec.schedules.items()
    }
    return d.ShiftNotices(spec.start, spec.end, spec.changes, special)


def _policy(key: str, spec: resources.EscalationPolicy) -> d.EscalationPolicy:
    return d.EscalationPolicy(key, spec.name, tuple(map(_level, spec.levels)), seconds_of(spec.delay))


def _level(spec: resources.Level) -> d.Level:
    alerts = tuple(d.AlertTarget(alert.channel, alert.user, alert.schedule, alert.to) for alert in spec.alerts)
    return d.Level(alerts, _seconds(spec.escalate_after))


def _integration(key: str, spec: resources.Integration) -> d.Integration:
    return d.Integration(
        key=key,
        name=spec.name,
        token=spec.token or "",
        type=spec.type,
        service=spec.service,
        escalation_policy=spec.escalation_policy,
        ack_timeout_seconds=_seconds(spec.ack_timeout),
        resolve_after_seconds=_seconds(spec.resolve_after),
        repeat=None if spec.repeat is None else d.Repeat(spec.repeat.times, seconds_of(spec.repeat.every)),
        signing_secret=spec.signing_secret,
        events=spec.events or tuple(d.IncidentIoEvent),
    )


def _own_integration(policy: str | None) -> d.Integration:
    return d.Integration(d.OWN_INTEGRATION, "Dutyline", "", d.IntegrationType.DUTYLINE, escalation_policy=policy)


def _hotline(key: str, spec: hotlines.Hotline) -> d.Hotline:
    return d.Hotline(
        key=key,
        name=spec.name,
        number=spec.number,
        provider=spec.provider,
        token=spec.token or "",
        chain=tuple(d.ChainEntry(entry.schedule, entry.user, _seconds(entry.ring)) for entry in spec.chain),
        carrier=spec.carrier,
        auth_tokens=tuple(spec.auth_token),
        ring_seconds=seconds_of(spec.ring),
        accept=spec.accept,
        accept_within_seconds=seconds_of(spec.accept_within),
        caller_id=spec.caller_id,
        max_call_wait_seconds=seconds_of(spec.max_call_wait),
        max_talk_seconds=seconds_of(spec.max_talk),
        messages={name: d.Message(message.text, message.play) for name, message in spec.messages.own().items()},
        language=spec.voice.language,
        voice=spec.voice.voice,
        voicemail=_voicemail(spec.voicemail),
        record_calls=spec.record_calls,
        notify=tuple(d.NotifyTarget(target.channel, target.to) for target in spec.notify),
        incidents=_incidents(spec.incidents),
    )


def _voicemail(spec: hotlines.Voicemail | None) -> d.Voicemail | None:
    return None if spec is None else d.Voicemail(seconds_of(spec.max), seconds_of(spec.silence))


def _incidents(spec: hotlines.Incidents | None) -> d.CallIncidents:
    if spec is None:
        return d.CallIncidents()
    return d.CallIncidents(
        spec.when,
        spec.answered,
        spec.integration,
        spec.escalation_policy,
        spec.priority,
        spec.severity,
        tuple(spec.teams),
    )


def carrier_provider(key: str, spec: resources.Carrier) -> d.Provider | None:
    """The provider as written, else the one that the key names."""
    if spec.provider is not None:
        return spec.provider
    return d.Provider(key) if key in set(d.Provider) else None


def _carrier(key: str, spec: resources.Carrier) -> d.CarrierAccount | None:
    provider = carrier_provider(key, spec)
    account_id = spec.account_sid if provider is d.Provider.TWILIO else spec.auth_id
    if provider is None or account_id is None:
        return None
    return d.CarrierAccount(key, provider, account_id, spec.auth_token, spec.from_number, spec.base_url)


def _seconds(duration: str | None) -> int | None:
    return None if duration is None else seconds_of(duration)
