"""Incidents: numbers, grouping, compare-and-set, lists."""

import asyncio

import pytest

from domain.incidents import IncidentStatus
from storage import incidents
from storage.engine import Database
from storage.incidents import IncidentFilter, IncidentStep, NewIncident
from storage.tables import IncidentRow, OccurrenceRow
from tests.storage.records import at, call, incident

_TRIGGERED, _ACKNOWLEDGED, _RESOLVED = IncidentStatus


async def _open(database: Database, *new: NewIncident) -> list[IncidentRow | None]:
    async with database.write() as session:
        return [await incidents.open_incident(session, one) for one in new]


async def _set_status(database: Database, incident_id: str, version: int, status: IncidentStatus) -> IncidentRow | None:
    async with database.write() as session:
        values = incidents.status_values(status, "ana", at(60))
        return await incidents.change(session, incident_id, version, **values)


async def test_incidents_are_numbered_from_one_in_the_order_of_opening(database: Database) -> None:
    opened = await _open(database, incident("a"), incident("b"), incident("c"))

    assert [row.number for row in opened if row] == [1, 2, 3]


async def test_processes_that_open_at_once_never_share_a_number(database: Database) -> None:
    other = Database(database.url)

    await asyncio.gather(
        *(_open(process, incident(f"{name}{i}")) for i in range(5) for name, process in (("a", database), ("b", other)))
    )

    async with database.read() as session:
        page = await incidents.list_incidents(session, IncidentFilter(), limit=99)
    assert sorted(row.number for row in page.items) == list(range(1, 11))
    await other.close()


async def test_incident_is_found_by_id_and_by_number(database: Database) -> None:
    await _open(database, incident("a"))

    async with database.read() as session:
        by_id, by_number = await incidents.get(session, "inc_a"), await incidents.get(session, "1")
        assert by_id is by_number is not None


@pytest.mark.parametrize("reference", ["inc_nobody", "2", "9" * 40, "١", "", "-1", "1\x00"])
async def test_reference_to_no_incident_finds_none(database: Database, reference: str) -> None:
    await _open(database, incident("a"))

    async with database.read() as session:
        assert await incidents.get(session, reference) is None


async def test_second_open_incident_with_the_same_key_is_refused(database: Database) -> None:
    first, second = await _open(database, incident("a", dedup_key="disk"), incident("b", dedup_key="disk"))

    assert first is not None
    assert second is None
    assert first.id == "inc_a"


async def test_two_processes_that_open_the_same_key_at_once_get_one_incident(database: Database) -> None:
    other = Database(database.url)

    opened = await asyncio.gather(
        _open(database, incident("a", dedup_key="disk")), _open(other, incident("b", dedup_key="disk"))
    )

    assert [one for (one,) in opened].count(None) == 1
    await other.close()


async def test_key_is_free_again_once_its_incident_is_resolved(database: Database) -> None:
    await _open(database, incident("a", dedup_key="disk"))
    await _set_status(database, "inc_a", 1, _RESOLVED)

    assert await _open(database, incident("b", dedup_key="disk")) != [None]


async def test_same_key_in_another_integration_is_another_incident(database: Database) -> None:
    opened = await _open(database, incident("a", dedup_key="k"), incident("b", dedup_key="k", integration="other"))

    assert None not in opened


async def test_incidents_without_a_key_never_group(database: Database) -> None:
    assert None not in await _open(database, incident("a", dedup_key=None), incident("b", dedup_key=None))


async def test_title_longer_than_any_index_entry_is_stored_and_found(database: Database) -> None:
    title = "x" * 100_000
    await _open(database, incident("a", title=title), incident("b"))

    async with database.read() as session:
        page = await incidents.list_incidents(session, IncidentFilter(title=title), limit=9)
    assert [row.id for row in page.items] == ["inc_a"]


async def test_status_changes_with_who_and_when(database: Database) -> None:
    await _open(database, incident("a"))

    row = await _set_status(database, "inc_a", 1, _ACKNOWLEDGED)

    assert row is not None
    assert (row.status, row.acknowledged_by, row.acknowledged_at, row.version) == ("acknowledged", "ana", at(60), 2)


async def test_change_with_an_old_version_is_refused(database: Database) -> None:
    await _open(database, incident("a"))
    await _set_status(database, "inc_a", 1, _ACKNOWLEDGED)

    assert await _set_status(database, "inc_a", 1, _RESOLVED) is None

    async with database.read() as session:
        row = await incidents.get(session, "inc_a")
    assert row is not None
    assert (row.status, row.version) == ("acknowledged", 2)


async def test_of_two_who_change_at_once_one_wins(database: Database) -> None:
    await _open(database, incident("a"))
    other = Database(database.url)

    results = await asyncio.gather(
        _set_status(database, "inc_a", 1, _ACKNOWLEDGED), _set_status(other, "inc_a", 1, _RESOLVED)
    )

    assert results.count(None) == 1
    await other.close()


async def test_change_refreshes_a_row_that_the_session_has_read(database: Database) -> None:
    await _open(database, incident("a"))

    async with database.write() as session:
        row = await incidents.get(session, "inc_a")
        await incidents.change(session, "inc_a", 1, priority="p1", level=2, next_due_at=at(300))

    assert row is not None
    assert (row.priority, row.level, row.next_due_at, row.version) == ("p1", 2, at(300), 2)


async def test_withdrawn_acknowledgement_leaves_no_name(database: Database) -> None:
    await _open(database, incident("a"))
    await _set_status(database, "inc_a", 1, _ACKNOWLEDGED)

    row = await _set_status(database, "inc_a", 2, _TRIGGERED)

    assert row is not None
    assert (row.status, row.acknowledged_by, row.acknowledged_at) == ("triggered", None, None)


@pytest.mark.parametrize(
    "criteria",
    [
        IncidentFilter(status="acknowledged"),
        IncidentFilter(integration="hotline-events"),
        IncidentFilter(service="payments"),
        IncidentFilter(title="Wanted"),
        IncidentFilter(call=call("a").id),
        IncidentFilter(status="acknowledged", service="payments", title="Wanted"),
    ],
)
async def test_filter_finds_the_incident_that_fits(database: Database, criteria: IncidentFilter) -> None:
    wanted = incident(
        "wanted",
        title="Wanted",
        status=_ACKNOWLEDGED,
        integration="hotline-events",
        service="payments",
        call_id=call("a").id,
    )
    await _open(database, wanted, incident("other"))

    async with database.read() as session:
        page = await incidents.list_incidents(session, criteria, limit=9)
    assert [row.id for row in page.items] == ["inc_wanted"]


async def test_pages_of_incidents_neither_repeat_nor_skip_while_the_list_grows(database: Database) -> None:
    await _open(database, *(incident(str(n)) for n in range(4)))
    async with database.read() as session:
        first = await incidents.list_incidents(session, IncidentFilter(), limit=2)
    await _open(database, incident("new"))

    async with database.read() as session:
        second = await incidents.list_incidents(session, IncidentFilter(), limit=2, cursor=first.next_cursor)

    assert [row.id for row in (*first.items, *second.items)] == ["inc_3", "inc_2", "inc_1", "inc_0"]
    assert second.next_cursor is None


async def test_timeline_and_occurrences_come_in_order_page_by_page(database: Database) -> None:
    await _open(database, incident("a"))
    async with database.write() as session:
        await incidents.append_timeline(session, "inc_a", *(IncidentStep(at(n), "note", str(n)) for n in range(3)))
        session.add_all(
            OccurrenceRow(incident_id="inc_a", event_id=f"e{n}", at=at(n), kind="event", body={"n": n})
            for n in range(3)
        )

    async with database.read() as session:
        steps = await incidents.timeline(session, "inc_a", limit=2)
        more_steps = await incidents.timeline(session, "inc_a", limit=2, cursor=steps.next_cursor)
        events = await incidents.occurrences(session, "inc_a", limit=2)
        more_events = await incidents.occurrences(session, "inc_a", limit=2, cursor=events.next_cursor)
    assert [step.text for step in (*steps.items, *more_steps.items)] == ["0", "1", "2"]
    assert [event.body["n"] for event in (*events.items, *more_events.items)] == [0, 1, 2]


async def test_reconciler_sees_old_open_incidents_only(database: Database) -> None:
    await _open(database, incident("old"), incident("done"), incident("young", created_at=at(100)))
    await _set_status(database, "inc_done", 1, _RESOLVED)

    async with database.read() as session:
        rows = await incidents.unresolved(session, created_before=at(50), after_number=0, limit=9)
    assert [row.id for row in rows] == ["inc_old"]
