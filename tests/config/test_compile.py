"""From the stored resources to the directory that everything else reads."""

from datetime import UTC, date, datetime, time

from config.compile import compile_directory
from config.resources import Kind
from config.snapshot import OverrideSource, Snapshot, StoredOverride, StoredResource, snapshot_of
from domain.directory import (
    AlertTarget,
    ChainEntry,
    Directory,
    IncidentIoEvent,
    IntegrationType,
    Message,
    MessageKey,
    NotifyTarget,
    Provider,
    Repeat,
    Role,
    Voicemail,
)
from domain.schedule import Handoff, Rotation, RotationUnit, Slot, Weekday
from tests.config.example import EXAMPLE
from tests.config.files import plan_of


def snapshot(text: str = EXAMPLE, *overrides: StoredOverride) -> Snapshot:
    resources = [StoredResource(change.kind, change.key, change.body, 1) for change in plan_of(text).changes]
    return snapshot_of(7, resources, overrides)


def directory(text: str = EXAMPLE) -> Directory:
    return compile_directory(snapshot(text))


def test_people_policies_and_doors_are_as_in_the_file() -> None:
    found = directory()
    assert (found.version, found.organization, found.own_incidents_policy) == (7, "Acme", "default")
    assert found.users["ana"].role is Role.ADMIN
    assert found.users["ben"].phones == ("+15550100002", "+15550100012")
    assert found.users["ben"].role is Role.RESPONDER
    first, last = found.escalation_policies["default"].levels
    assert first.alerts == (AlertTarget("phone", schedule="primary"), AlertTarget("email", user="ben"))
    assert (first.escalate_after_seconds, last.escalate_after_seconds) == (300, None)
    door = found.integrations["payments-webhook"]
    assert (door.token, door.ack_timeout_seconds, door.repeat) == ("demo-payments", 1200, Repeat(5, 600))
    assert found.contacts["mitchell"].number == "+14156040016"


def test_all_events_of_incident_io_count_unless_some_are_chosen() -> None:
    text = EXAMPLE.replace("type: webhook", "type: incident-io")
    chosen = directory(text.replace("type: incident-io", "type: incident-io\n    events: [updated]"))
    assert directory(text).integrations["payments-webhook"].events == tuple(IncidentIoEvent)
    assert chosen.integrations["payments-webhook"].events == (IncidentIoEvent.UPDATED,)


def test_a_hotline_is_as_in_the_file_with_its_defaults() -> None:
    found = directory().hotlines["support"]
    assert found.chain == (ChainEntry(schedule="primary"), ChainEntry(user="ben", ring_seconds=25))
    assert found.auth_tokens == ("twilio-secret",)
    assert found.messages == {
        MessageKey.WELCOME: Message("Welcome to Acme."),
        MessageKey.NO_ANSWER: Message("Nobody is free."),
        MessageKey.NO_ONE_ON_CALL: Message(play="https://acme.example/off.mp3"),
    }
    assert (found.voicemail, found.max_talk_seconds) == (Voicemail(180, 8), 14_400)
    assert found.notify == (NotifyTarget("slack", "#hotline"),)
    assert (found.incidents.integration, found.incidents.severity, found.incidents.teams) == (
        "payments-webhook",
        "high",
        ("devops",),
    )


def test_voicemail_can_be_off() -> None:
    assert directory(EXAMPLE.replace("voicemail: true", "voicemail: false")).hotlines["support"].voicemail is None


def test_a_carrier_account_is_named_by_its_providers_own_id() -> None:
    carriers = directory().carriers
    assert (carriers["emea"].provider, carriers["emea"].account_id) == (Provider.TWILIO, "AC456")
    assert (carriers["plivo"].provider, carriers["plivo"].account_id) == (Provider.PLIVO, "MA123")


def test_a_schedule_is_as_in_the_file() -> None:
    slots = "slots: [{from: 18:00, to: 09:00}, {from: friday 18:00, to: monday 09:00}]"
    (layer,) = directory(EXAMPLE.replace("slots: []", slots)).schedules["primary"].layers
    assert layer.members == ("ana", "ben")
    assert layer.rotation == Rotation(1, RotationUnit.WEEK)
    assert layer.handoff == Handoff(time(9), Weekday.MONDAY)
    assert (layer.starts, layer.ends) == (date(2026, 1, 5), None)
    assert layer.slots == (
        Slot(time(18), time(9)),
        Slot(time(18), time(9), Weekday.FRIDAY, Weekday.MONDAY),
    )


def test_an_overrides_local_time_is_the_schedules() -> None:
    body = {"user": "ben", "starts": "2026-07-01T09:00", "ends": "2026-12-26", "replaces": "ana", "comment": ""}
    created = datetime(2026, 1, 1, tzinfo=UTC)
    stored = StoredOverride("ovr_1", "primary", body, OverrideSource.API, created)
    (found,) = compile_directory(snapshot(EXAMPLE, stored)).schedules["primary"].overrides
    assert (found.id, found.replaces, found.created_at) == ("ovr_1", "ana", created)
    assert found.starts == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert found.ends == datetime(2026, 12, 25, 23, tzinfo=UTC)


def test_dutylines_own_integration_is_always_there() -> None:
    own = compile_directory(Snapshot()).integrations["dutyline"]
    assert (own.type, own.token, own.escalation_policy) == (IntegrationType.DUTYLINE, "", None)


def test_one_stored_resource_that_cannot_be_read_does_not_take_the_others_with_it() -> None:
    damaged = snapshot()
    damaged.resources[Kind.HOTLINES]["odd"] = StoredResource(Kind.HOTLINES, "odd", {"number": 5}, 1)
    assert set(compile_directory(damaged).hotlines) == {"support"}
