"""What incident.io's documents come to."""

from typing import Any

import pytest

from domain.directory import IncidentIoEvent, Severity
from domain.incidents import dedup_key
from intake.events import EventKind, new_event_id
from intake.incident_io import event_of
from intake.processor import Processor
from intake.rules import Effect, Event, read_event
from storage.engine import Database
from storage.journal import Entry, Journal
from tests.intake.builders import AT, incidents, only_incident, process, timeline
from tests.support.incident_io import CREATED, STATUS_UPDATED, UPDATED, as_bytes, incident, status, webhook


def entry(document: dict[str, Any]) -> Entry:
    return Entry(new_event_id(), EventKind.INCIDENT_IO, "signed", AT, as_bytes(document))


def read(document: dict[str, Any]) -> Event:
    return read_event(entry(document))


@pytest.mark.parametrize(
    ("event_type", "event"),
    [
        (CREATED, IncidentIoEvent.CREATED),
        (UPDATED, IncidentIoEvent.UPDATED),
        (STATUS_UPDATED, IncidentIoEvent.UPDATED),
        ("private_incident.incident_created_v2", None),
        ("public_incident.incident_created_v1", None),
        ("", None),
        (None, None),
        (7, None),
        ([CREATED], None),
    ],
)
def test_which_event_it_is(event_type: object, event: IncidentIoEvent | None) -> None:
    assert event_of({"event_type": event_type}) is event
    assert event_of({"data": {"event_type": event_type}}) is event


@pytest.mark.parametrize(
    "document",
    [
        {"event_type": CREATED, CREATED: incident()},
        {"event_type": CREATED, "incident": incident()},
        {"event_type": CREATED, CREATED: incident(), "data": {}},
        {"event_type": CREATED, "incident": None, CREATED: incident()},
        {"data": {"event_type": CREATED, CREATED: incident()}},
        {"data": {"event_type": CREATED, "incident": incident()}, "type": "incident.incident.created"},
        {"event_type": STATUS_UPDATED, STATUS_UPDATED: {"incident": incident(), "new_status": status("Closed")}},
    ],
)
def test_the_incident_is_found_wherever_it_may_stand(document: dict[str, Any]) -> None:
    event = read(document)
    assert (event.title, event.effect, event.severity) == ("Payments are down", Effect.TRIGGER, Severity.SEV3)
    assert event.dedup_key == dedup_key("incident-io:01JGVAG4SAP5TYPT98WGR2N7W9")
    assert event.payload == document


@pytest.mark.parametrize(
    ("incident_status", "effect"),
    [
        (status("Triage", "triage"), Effect.TRIGGER),
        (status("Investigating", "live"), Effect.TRIGGER),
        (status("Paused", "paused"), Effect.TRIGGER),
        (status("Reviewing", "learning"), Effect.RESOLVE),
        (status("Closed", "closed"), Effect.RESOLVE),
        (status("Declined", "declined"), Effect.RESOLVE),
        (status("Merged", "merged"), Effect.RESOLVE),
        (status("Canceled", "canceled"), Effect.RESOLVE),
        (status("Done and dusted", " Closed "), Effect.RESOLVE),
        (status("Closed", "live"), Effect.TRIGGER),
        (status("Closed", "a new category"), Effect.TRIGGER),
        (status("Triage"), Effect.TRIGGER),
        (status("Learning"), Effect.TRIGGER),
        (status("Closed"), Effect.RESOLVE),
        (status("declined"), Effect.RESOLVE),
        (status("Merged"), Effect.RESOLVE),
        (status("Canceled"), Effect.RESOLVE),
        ({"name": None, "category": 7}, Effect.TRIGGER),
        ({}, Effect.TRIGGER),
        (None, Effect.TRIGGER),
        ("Closed", Effect.TRIGGER),
    ],
)
@pytest.mark.parametrize("event_type", [CREATED, UPDATED])
def test_the_status_decides_what_happens(event_type: str, incident_status: object, effect: Effect) -> None:
    assert read(webhook(event_type, incident_status=incident_status)).effect is effect


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("Critical", Severity.SEV1),
        ("SEV1", Severity.SEV1),
        ("Major", Severity.SEV2),
        ("sev2", Severity.SEV2),
        ("Minor", Severity.SEV3),
        (" minor ", Severity.SEV3),
        ("High", Severity.SEV1),
        ("Low", Severity.SEV3),
    ],
)
def test_severities_by_their_names(name: str, severity: Severity) -> None:
    event = read(webhook(severity={"id": "01J", "name": name}))
    assert (event.severity, event.notes) == (severity, ())


@pytest.mark.parametrize("severity", [None, {}, {"name": None}, {"name": ""}, "Minor"])
def test_without_a_severity_there_is_nothing_to_note(severity: object) -> None:
    event = read(webhook(severity=severity))
    assert (event.severity, event.notes) == (None, ())


def test_a_severity_of_their_own_is_noted() -> None:
    event = read(webhook(severity={"name": "Apocalypse"}))
    assert (event.severity, event.notes) == (None, ("The severity “Apocalypse” is unknown and was ignored.",))


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({}, "Payments are down"),
        ({"name": ""}, "INC-123"),
        ({"name": "  "}, "INC-123"),
        ({"name": None}, "INC-123"),
        ({"name": "", "reference": None}, "01JGVAG4SAP5TYPT98WGR2N7W9"),
        ({"name": 404}, "404"),
    ],
)
def test_the_title_is_the_name_else_the_reference_else_the_id(fields: dict[str, Any], title: str) -> None:
    assert read(webhook(**fields)).title == title


def test_without_an_id_the_title_groups() -> None:
    assert read(webhook(id=None)).dedup_key == dedup_key("Payments are down")


def test_without_anything_to_know_it_by_nothing_is_resolved() -> None:
    event = read(webhook(id=None, name=None, reference=None, incident_status=status("Closed")))
    assert (event.effect, event.dedup_key) == (Effect.NOTHING, None)


async def test_an_update_of_an_open_incident_is_counted_although_it_was_renamed(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, entry(webhook()), entry(webhook(UPDATED, name="Cards are down")))
    found = await only_incident(database)
    assert (found.title, found.occurrences, found.suppressed_events) == ("Payments are down", 2, 1)


async def test_incidents_with_the_same_name_are_two(database: Database, journal: Journal, processor: Processor) -> None:
    await process(journal, processor, entry(webhook()), entry(webhook(id="01JOTHER")))
    await process(
        journal, processor, entry(webhook(UPDATED, id="01JOTHER", incident_status=status("Merged", "merged")))
    )
    assert [found.status for found in await incidents(database)] == ["triggered", "resolved"]


async def test_an_update_opens_an_incident_when_none_is_open(
    database: Database, journal: Journal, processor: Processor
) -> None:
    closed = webhook(UPDATED, incident_status=status("Closed", "closed"))
    await process(journal, processor, entry(webhook()), entry(closed))
    await process(journal, processor, entry(webhook(STATUS_UPDATED, incident_status=status("Investigating", "live"))))
    assert [found.status for found in await incidents(database)] == ["resolved", "triggered"]


async def test_what_is_over_when_it_is_created_opens_nothing(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, entry(webhook(incident_status=status("Closed", "closed"))))
    assert await incidents(database) == []


async def test_an_event_without_its_incident_is_shown_to_somebody(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, entry({"event_type": CREATED}))
    found = await only_incident(database)
    assert found.parsing_failed
    assert ("note", "The event could not be read; its content is kept as it came.") in await timeline(database)


async def test_odd_signs_in_id_and_name_are_kept_away_from_the_database(
    database: Database, journal: Journal, processor: Processor
) -> None:
    odd = {"id": "\0" * 5000, "name": "half \ud83d and nul \0"}
    await process(journal, processor, entry(webhook(**odd)), entry(webhook(UPDATED, **odd)))
    assert (await only_incident(database)).occurrences == 2
