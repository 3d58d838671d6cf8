"""What people do to incidents."""

import asyncio
from typing import Any

import pytest

from domain.directory import AlertTarget, EscalationPolicy, Level, Priority, Severity
from domain.incidents import IncidentStatus, PolicySnapshot
from storage import incidents, outbox
from storage.engine import Database
from storage.incident_actions import Actor, Conflict, IncidentAction, IncidentActions, NoSuchIncident
from storage.outbox import Lane
from storage.tables import CommandRow, IncidentRow
from tests.storage.records import at, incident

ANA = Actor("ana", "Ana Reyes")
POLICY = PolicySnapshot(EscalationPolicy("default", "Default", (Level((AlertTarget("sms", user="ana"),)),)))


async def opened(database: Database, name: str = "1", **fields: Any) -> IncidentRow:
    fields = {"policy": POLICY.to_json(), "policy_key": "default"} | fields
    async with database.write() as session:
        row = await incidents.open_incident(session, incident(name, **fields))
    assert row is not None
    return row


async def stored(database: Database, row: IncidentRow) -> IncidentRow:
    async with database.read() as session:
        found = await incidents.get(session, row.id)
    assert found is not None
    return found


async def commands(database: Database) -> list[CommandRow]:
    async with database.read() as session:
        return list(await outbox.next_batch(session, at(3600), limit=100))


async def lines(database: Database, row: IncidentRow) -> list[str]:
    async with database.read() as session:
        return [step.text for step in (await incidents.timeline(session, row.id, limit=100)).items]


async def test_an_action_changes_the_row_writes_a_line_and_queues_a_command(database: Database) -> None:
    row = await opened(database)
    changed = await IncidentActions(database).acknowledge(str(row.number), ANA, at(1))
    assert isinstance(changed, IncidentRow)
    assert (changed.status, changed.acknowledged_by, changed.version) == ("acknowledged", "ana", 2)
    assert await lines(database, row) == ["Acknowledged by Ana Reyes."]
    (command,) = await commands(database)
    assert (command.lane, command.payload) == (Lane.URGENT, {"version": 2, "what": "acknowledged", "by": "ana"})


@pytest.mark.parametrize(
    ("before", "action"),
    [
        ("acknowledge", "acknowledge"),
        ("resolve", "resolve"),
        ("resolve", "acknowledge"),
        ("resolve", "escalate"),
        ("resolve", "mute"),
        ("mute", "mute"),
        (None, "unacknowledge"),
        (None, "unmute"),
    ],
)
async def test_what_cannot_be_done_is_a_conflict_with_the_current_state_and_leaves_nothing(
    database: Database, before: str | None, action: str
) -> None:
    row, actions = await opened(database), IncidentActions(database)
    if before:
        await actions.act(IncidentAction(before), row.id, ANA, at(1))
    unchanged = await stored(database, row)
    conflict = await actions.act(IncidentAction(action), row.id, ANA, at(2))
    assert isinstance(conflict, Conflict)
    assert conflict.current.version == unchanged.version
    assert (await stored(database, row)).version == unchanged.version


async def test_an_incident_without_a_policy_cannot_escalate(database: Database) -> None:
    row = await opened(database, policy=PolicySnapshot(None).to_json(), policy_key=None)
    conflict = await IncidentActions(database).escalate(row.id, ANA, at(1))
    assert isinstance(conflict, Conflict)
    assert conflict.reason == "The incident has no escalation policy."


@pytest.mark.parametrize("action", [IncidentAction.ESCALATE, IncidentAction.UNACKNOWLEDGE])
async def test_taking_an_acknowledgement_back_makes_the_next_level_due(
    database: Database, action: IncidentAction
) -> None:
    row, actions = await opened(database), IncidentActions(database)
    await actions.acknowledge(row.id, ANA, at(1))
    changed = await actions.act(action, row.id, ANA, at(2))
    assert isinstance(changed, IncidentRow)
    assert (changed.status, changed.acknowledged_by, changed.next_due_at) == ("triggered", None, at(2))


async def test_of_two_who_acknowledge_at_once_one_hears_of_the_other(database: Database) -> None:
    row, actions = await opened(database), IncidentActions(database)
    results = await asyncio.gather(*(actions.acknowledge(row.id, Actor(name, name), at(1)) for name in ("ana", "ben")))
    (winner,) = (result for result in results if isinstance(result, IncidentRow))
    (conflict,) = (result for result in results if isinstance(result, Conflict))
    assert conflict.current.acknowledged_by == winner.acknowledged_by


async def test_an_incident_that_does_not_exist_is_said_not_to(database: Database) -> None:
    for reference in ("inc_gone", "4711"):
        with pytest.raises(NoSuchIncident):
            await IncidentActions(database).resolve(reference, ANA, at(1))


async def test_the_run_is_told_after_the_commit(database: Database) -> None:
    row, told = await opened(database), []
    actions = IncidentActions(database, lambda incident_id, payload: told.append((incident_id, payload["version"])))
    await actions.resolve(row.id, ANA, at(1))
    assert told == [(row.id, 2)]


async def test_many_incidents_change_in_one_go_and_each_gets_its_line_and_a_bulk_command(database: Database) -> None:
    rows = [await opened(database, str(number)) for number in range(3)]
    actions = IncidentActions(database)
    await actions.resolve(rows[2].id, ANA, at(1))
    references = [rows[0].id, str(rows[1].number), rows[2].id, "inc_gone", rows[0].id]
    result = await actions.act_on_many(IncidentAction.ACKNOWLEDGE, references, ANA, at(2))
    assert result.changed == {rows[0].id: 2, rows[1].id: 2}
    assert (result.refused, result.unknown) == ((rows[2].id,), ("inc_gone",))
    assert await lines(database, rows[1]) == ["Acknowledged by Ana Reyes."]
    assert [command.lane for command in await commands(database)] == [Lane.URGENT, Lane.BULK, Lane.BULK]


@pytest.mark.parametrize("action", list(IncidentAction))
async def test_the_bulk_form_allows_what_the_single_form_allows(database: Database, action: IncidentAction) -> None:
    actions = IncidentActions(database)
    for before in (None, "acknowledge", "resolve", "mute"):
        pair = [await opened(database, f"{before}{number}") for number in range(2)]
        for row in pair if before else []:
            await actions.act(IncidentAction(before or ""), row.id, ANA, at(1))
        single = await actions.act(action, pair[0].id, ANA, at(2))
        bulk = await actions.act_on_many(action, [pair[1].id], ANA, at(2))
        assert isinstance(single, IncidentRow) == bool(bulk.changed)


async def test_no_reference_changes_nothing(database: Database) -> None:
    result = await IncidentActions(database).act_on_many(IncidentAction.RESOLVE, [], ANA, at(1))
    assert result.changed == {}


async def test_priority_severity_responders_and_notes_are_noted_with_who_set_them(database: Database) -> None:
    row, actions = await opened(database), IncidentActions(database)
    await actions.set_priority(row.id, Priority.P1, ANA, at(1))
    await actions.set_severity(row.id, Severity.SEV2, ANA, at(2))
    await actions.set_responders(row.id, ["ben", "ben"], ANA, at(3))
    await actions.add_note(row.id, "Looking at the disks.", ANA, at(4))
    found = await stored(database, row)
    assert (found.priority, found.severity, found.responders, found.status) == ("p1", "sev2", ["ben"], "triggered")
    assert await lines(database, row) == [
        "Priority P1, set by Ana Reyes.",
        "Severity SEV2, set by Ana Reyes.",
        "Responders: ben, set by Ana Reyes.",
        "Looking at the disks.",
    ]


async def test_changing_the_priority_does_not_touch_the_escalation(database: Database) -> None:
    row = await opened(database, status=IncidentStatus.ACKNOWLEDGED)
    await IncidentActions(database).set_priority(row.id, None, ANA, at(1))
    assert await commands(database) == []
