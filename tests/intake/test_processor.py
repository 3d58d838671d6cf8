"""What events become, on both databases."""

import logging

import pytest

from domain.directory import Priority
from domain.incidents import IncidentStatus, PolicySnapshot
from intake.processor import Processor
from storage.call_deletion import delete_call
from storage.calls import save_projection
from storage.engine import Database
from storage.incidents import change, status_values
from storage.journal import Journal
from tests.intake.builders import (
    AT,
    OTHER_POLICY,
    POLICY,
    WEBHOOK,
    call,
    commands,
    incidents,
    occurrences,
    only_incident,
    process,
    push,
    timeline,
)
from tests.storage.records import call as logged_call


async def test_event_opens_an_incident_and_asks_for_its_workflow(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "Disk full", "body": {"host": "db1"}, "priority": "p2"}))
    incident = await only_incident(database)
    assert (incident.number, incident.title, incident.status) == (1, "Disk full", "triggered")
    assert (incident.priority, incident.service, incident.integration) == ("p2", "payments", "web")
    assert (incident.first_seen, incident.last_seen, incident.created_at) == (AT, AT, AT)
    assert incident.payload == {"title": "Disk full", "body": {"host": "db1"}, "priority": "p2"}
    assert await commands(database) == [("start_incident", incident.id)]
    assert await timeline(database) == [("triggered", "Opened by an event of Payments webhook.")]
    assert await journal.read(10) == []


@pytest.mark.parametrize("status", ["trigger", "resolve"])
async def test_what_is_ignored_of_a_later_event_is_noted_too(
    database: Database, journal: Journal, processor: Processor, status: str
) -> None:
    await process(journal, processor, push({"title": "Disk full"}))
    await process(journal, processor, push({"title": "Disk full", "severity": "terrible", "status": status}))
    assert ("note", "The severity “terrible” is unknown and was ignored.") in await timeline(database)


async def test_policy_is_frozen_into_the_incident(database: Database, journal: Journal, processor: Processor) -> None:
    await process(journal, processor, push({"title": "Disk full"}))
    incident = await only_incident(database)
    assert incident.policy_key == "default"
    assert incident.policy is not None
    assert PolicySnapshot.from_json(incident.policy) == PolicySnapshot(POLICY, 1200, None, WEBHOOK.repeat)


async def test_same_title_while_open_is_suppressed(database: Database, journal: Journal, processor: Processor) -> None:
    await process(journal, processor, push({"title": "Disk full"}), push({"title": "Disk full"}))
    await process(journal, processor, push({"title": "Disk full"}))
    incident = await only_incident(database)
    assert (incident.suppressed_events, incident.occurrences, incident.version) == (2, 3, 1)
    assert [row.incident_id for row in await occurrences(database)] == [incident.id] * 3
    assert await commands(database) == [("start_incident", incident.id)]


async def test_acknowledged_incident_still_suppresses(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "Disk full"}))
    async with database.write() as session:
        incident = await only_incident(database)
        await change(session, incident.id, 1, **status_values(IncidentStatus.ACKNOWLEDGED, "ana", AT))
    await process(journal, processor, push({"title": "Disk full"}))
    assert (await only_incident(database)).status == "acknowledged"


async def test_same_title_at_another_integration_is_another_incident(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "Disk full"}), push({"title": "Disk full"}, integration="other"))
    assert len(await incidents(database)) == 2


@pytest.mark.parametrize("other", ["disk full", "Disk full ", "Disk\u00a0full", "Disk full\u0000", "Dısk full"])
async def test_titles_compare_byte_for_byte(
    other: str, database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "Disk full"}), push({"title": other}))
    assert len(await incidents(database)) == 2


async def test_normal_forms_of_one_letter_are_two_titles(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "caf\u00e9"}), push({"title": "cafe\u0301"}))
    assert [incident.title for incident in await incidents(database)] == ["caf\u00e9", "cafe\u0301"]


@pytest.mark.parametrize("document", [{"body": "x"}, {"title": ""}, {"title": None}])
async def test_empty_title_never_groups(
    document: dict[str, object], database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push(document), push(document))
    assert [(row.title, row.suppressed_events) for row in await incidents(database)] == [("", 0), ("", 0)]


@pytest.mark.parametrize(
    ("title", "text"), [(42, "42"), (True, "true"), ({"a": [1, "é"]}, '{"a":[1,"é"]}'), ([], "[]"), (1.5, "1.5")]
)
async def test_title_that_is_no_string_is_its_json_text(
    title: object, text: str, database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": title}), push({"title": title}))
    assert (await only_incident(database)).title == text


async def test_title_longer_than_any_index_entry_groups(
    database: Database, journal: Journal, processor: Processor
) -> None:
    title = "".join(chr(0x4E00 + n % 20_000) for n in range(200_000))
    await process(journal, processor, push({"title": title}), push({"title": title}))
    assert (await only_incident(database)).title == title


async def test_resolve_closes_by_exact_title_and_tells_the_workflow(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "Disk full"}), push({"title": "disk full"}))
    await process(journal, processor, push({"title": "Disk full", "status": "resolve", "body": "cleaned"}))
    closed, still_open = await incidents(database)
    assert (closed.status, closed.resolved_at, closed.resolved_by, closed.version) == (
        "resolved",
        AT,
        "integration:web",
        2,
    )
    assert still_open.status == "triggered"
    assert (await commands(database))[-1] == ("changed", closed.id)
    assert (await timeline(database))[-1] == ("resolved", "Resolved by an event of Payments webhook.")


async def test_resolve_does_not_reach_another_integration(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "Disk full"}))
    await process(journal, processor, push({"title": "Disk full", "status": "resolve"}, integration="other"))
    assert (await only_incident(database)).status == "triggered"


async def test_resolve_tells_a_nul_from_the_sign_it_is_stored_as(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a\ufffd"}))
    await process(journal, processor, push({"title": "a\u0000", "status": "resolve"}))
    assert (await only_incident(database)).status == "triggered"


async def test_open_resolve_open_in_one_batch_are_two_incidents(
    database: Database, journal: Journal, processor: Processor
) -> None:
    for document in ({"title": "a"}, {"title": "a", "status": "resolve"}, {"title": "a"}, {"title": "a"}):
        await journal.append(push(document))
    await processor.step()
    first, second = await incidents(database)
    assert (first.status, first.version, first.occurrences) == ("resolved", 2, 1)
    assert (second.status, second.version, second.occurrences) == ("triggered", 1, 2)
    assert await commands(database) == [
        ("start_incident", first.id),
        ("changed", first.id),
        ("start_incident", second.id),
    ]


async def test_title_comes_back_after_a_resolve_as_a_new_incident(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a"}))
    await process(journal, processor, push({"title": "a", "status": "resolve"}))
    await process(journal, processor, push({"title": "a"}))
    assert [incident.status for incident in await incidents(database)] == ["resolved", "triggered"]


@pytest.mark.parametrize("document", [{"status": "resolve"}, {"status": "resolve", "title": ""}])
async def test_resolve_without_a_title_does_nothing_and_is_noted(
    document: dict[str, str],
    database: Database,
    journal: Journal,
    processor: Processor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    await process(journal, processor, push({"title": ""}), push(document))
    assert [incident.status for incident in await incidents(database)] == ["triggered"]
    assert "asks to resolve but has no title" in caplog.text


@pytest.mark.parametrize("status", ["failure", "resolved", "Resolve", "", 7, None, ["resolve"]])
async def test_any_other_status_word_triggers(
    status: object, database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a", "status": status}))
    assert (await only_incident(database)).status == "triggered"


@pytest.mark.parametrize(
    ("word", "stored"), [("sev1", "sev1"), ("high", "sev1"), ("medium", "sev2"), ("low", "sev3"), ("SEV3", "sev3")]
)
async def test_severity_words(
    word: str, stored: str, database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a", "severity": word}))
    assert (await only_incident(database)).severity == stored


async def test_unknown_severity_and_priority_are_ignored_and_noted(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a", "severity": "terrible", "priority": {"p": 1}}))
    incident = await only_incident(database)
    assert (incident.severity, incident.priority) == (None, None)
    assert [text for kind, text in await timeline(database) if kind == "note"] == [
        'The priority “{"p":1}” is unknown and was ignored.',
        "The severity “terrible” is unknown and was ignored.",
    ]


async def test_hostile_text_is_kept_as_well_as_a_database_can(
    database: Database, journal: Journal, processor: Processor
) -> None:
    body = b'{"title": "cut \\ud83d", "body": {"nul\\u0000": "\\u0000", "big": 1e999}, "a": 1, "a": 2}'
    await process(journal, processor, push(body), push(body))
    incident = await only_incident(database)
    assert incident.title == "cut ?"
    assert incident.payload["a"] == 2
    assert incident.payload["body"]["big"] == "1e999"


async def test_deep_nesting_is_kept_as_text(database: Database, journal: Journal, processor: Processor) -> None:
    body = b'{"title": "deep", "body": ' + b"[" * 900 + b"]" * 900 + b"}"
    await process(journal, processor, push(body))
    incident = await only_incident(database)
    assert not incident.parsing_failed
    assert incident.payload == {"title": "deep", "raw": body.decode()}


async def test_poison_event_becomes_a_marked_incident_and_costs_the_others_nothing(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "before"}), push(b"\x00\xff not json"), push({"title": "after"}))
    found = {row.title: row for row in await incidents(database)}
    assert set(found) == {"before", "", "after"}
    assert found[""].parsing_failed
    assert found[""].dedup_key is None
    assert not found["after"].parsing_failed
    assert await journal.read(10) == []


async def test_integration_that_is_gone_still_opens_an_incident(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a"}, integration="deleted"))
    incident = await only_incident(database)
    assert (incident.integration, incident.policy_key, incident.service) == ("deleted", None, None)


async def test_every_call_has_its_own_incident(database: Database, journal: Journal, processor: Processor) -> None:
    await process(journal, processor, call("call_1"), call("call_2"))
    assert [row.call_id for row in await incidents(database)] == ["call_1", "call_2"]


async def test_call_handed_in_twice_opens_one_incident(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, call("call_1"), call("call_1"))
    await process(journal, processor, call("call_1"))
    incident = await only_incident(database)
    assert (incident.occurrences, incident.suppressed_events) == (1, 0)


async def test_call_that_was_deleted_before_its_event_came_up_opens_no_incident(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await journal.append(call("call_1", title="Hotline: Call from Al (+14156040016)"))
    async with database.write() as session:
        await save_projection(session, logged_call("1"))
        await delete_call(session, "call_1", AT)

    assert await processor.step() == 1

    assert await incidents(database) == []


async def test_call_brings_its_policy_priority_and_severity(
    database: Database, journal: Journal, processor: Processor
) -> None:
    entry = call(
        "call_1", escalation_policy="calls", priority=Priority.P1, severity="high", payload={"severity": "high"}
    )
    await process(journal, processor, entry)
    incident = await only_incident(database)
    assert incident.policy is not None
    assert PolicySnapshot.from_json(incident.policy).policy == OTHER_POLICY
    assert (incident.priority, incident.severity, incident.payload) == ("p1", "sev1", {"severity": "high"})


async def test_answered_call_may_open_acknowledged_by_the_receiver(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, call("call_1", acknowledged_by="ana"))
    incident = await only_incident(database)
    assert (incident.status, incident.acknowledged_by, incident.acknowledged_at) == ("acknowledged", "ana", AT)
    assert await commands(database) == [("start_incident", incident.id)]


async def test_event_with_a_calls_title_resolves_its_incident(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, call("call_1"), call("call_2"))
    await process(journal, processor, push({"title": "Hotline: Call", "status": "resolve"}))
    assert [row.status for row in await incidents(database)] == ["resolved", "resolved"]


async def test_event_with_a_calls_title_is_not_counted_to_the_call(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, call("call_1"), push({"title": "Hotline: Call"}))
    assert len(await incidents(database)) == 2
