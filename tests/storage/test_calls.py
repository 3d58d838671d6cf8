"""The call log."""

from typing import Any

import pytest

from storage import calls
from storage.call_recordings import (
    RecordingState,
    recording_by_reference,
    recordings_of,
    set_recording_state,
    upsert_recording,
)
from storage.calls import CallFilter, CallRecord, CallStep
from storage.engine import Database
from storage.paging import BadCursor
from tests.storage.records import at, call, recording


async def _save(database: Database, *records: CallRecord) -> list[bool]:
    async with database.write() as session:
        return [await calls.save_projection(session, record) for record in records]


async def _listed(database: Database, criteria: CallFilter) -> list[str]:
    async with database.read() as session:
        page = await calls.list_calls(session, criteria, limit=100)
    return [row.id for row in page.items]


async def test_projection_is_stored_with_its_timeline(database: Database) -> None:
    steps = (
        CallStep(at(0), "call_started", "Call to Support"),
        CallStep(at(1), "ringing", "Ringing Ana", {"order": 1}),
    )
    record = call("a", caller_number="+14156040016", body={"attempts": [{"order": 1}]}, timeline=steps)

    assert await _save(database, record) == [True]

    async with database.read() as session:
        row = await calls.get(session, "call_a")
        timeline = await calls.timeline(session, "call_a")
    assert row is not None
    assert (row.caller_number, row.body, row.archived) == ("+14156040016", {"attempts": [{"order": 1}]}, False)
    assert [(step.at, step.text, step.data) for step in timeline] == [
        (at(0), "Call to Support", {}),
        (at(1), "Ringing Ana", {"order": 1}),
    ]


async def test_later_revision_replaces_call_and_timeline_as_a_whole(database: Database) -> None:
    first = call("a", status="in_progress", timeline=(CallStep(at(0), "a", "one"), CallStep(at(1), "b", "two")))
    second = call("a", revision=2, outcome="voicemail", timeline=(CallStep(at(0), "a", "only"),))

    assert await _save(database, first, second) == [True, True]

    async with database.read() as session:
        row = await calls.get(session, "call_a")
        assert [step.text for step in await calls.timeline(session, "call_a")] == ["only"]
    assert row is not None
    assert (row.status, row.outcome) == ("missed", "voicemail")


async def test_lower_revision_is_ignored_with_its_timeline(database: Database) -> None:
    late = call("a", status="in_progress", revision=4, timeline=(CallStep(at(0), "a", "old"),))

    assert await _save(database, call("a", revision=5), late) == [True, False]

    async with database.read() as session:
        row = await calls.get(session, "call_a")
        assert list(await calls.timeline(session, "call_a")) == []
    assert row is not None
    assert row.status == "missed"


async def test_projection_keeps_a_call_archived(database: Database) -> None:
    await _save(database, call("a"))
    async with database.write() as session:
        assert await calls.archive(session, "call_a")

    await _save(database, call("a", revision=2))

    assert await _listed(database, CallFilter(archived=True)) == ["call_a"]


async def test_archiving_a_call_that_is_not_there_says_so(database: Database) -> None:
    async with database.write() as session:
        assert not await calls.archive(session, "call_nobody")


@pytest.mark.parametrize(
    "criteria",
    [
        CallFilter(hotline="support"),
        CallFilter(status="answered"),
        CallFilter(outcome="answered"),
        CallFilter(caller="+14156040016"),
        CallFilter(caller="starc"),
        CallFilter(since=at(100)),
        CallFilter(test=False),
        CallFilter(hotline="support", status="answered", since=at(100), until=at(101)),
    ],
)
async def test_filter_finds_the_call_that_fits(database: Database, criteria: CallFilter) -> None:
    wanted = call(
        "wanted",
        status="answered",
        outcome="answered",
        caller_number="+14156040016",
        caller_name="Mitchell Starc",
        started_at=at(100),
    )
    other = call("other", hotline="sales", outcome="voicemail", caller_number="+15550100009", test=True)
    await _save(database, wanted, other)

    assert await _listed(database, criteria) == ["call_wanted"]


async def test_end_of_a_time_filter_is_exclusive(database: Database) -> None:
    await _save(database, call("early", started_at=at(0)), call("late", started_at=at(10)))

    assert await _listed(database, CallFilter(until=at(10))) == ["call_early"]


async def test_wildcards_in_a_name_filter_are_plain_characters(database: Database) -> None:
    await _save(database, call("a", caller_name="Mitchell"), call("b", caller_name="100% Mitchell_"))

    assert await _listed(database, CallFilter(caller="%")) == ["call_b"]


async def test_pages_show_every_call_once_newest_first_also_at_equal_times(database: Database) -> None:
    await _save(database, *(call(str(number), started_at=at(number // 2)) for number in range(7)))

    seen, cursor = [], None
    while True:
        async with database.read() as session:
            page = await calls.list_calls(session, CallFilter(), limit=2, cursor=cursor)
        seen += [row.id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [f"call_{number}" for number in (6, 5, 4, 3, 2, 1, 0)]


async def test_page_that_is_exactly_full_is_the_last_one(database: Database) -> None:
    await _save(database, call("a"), call("b"))

    async with database.read() as session:
        page = await calls.list_calls(session, CallFilter(), limit=2)

    assert page.next_cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24=", "WzFd", "WyJhIiwgImIiXQ==", "é"])
async def test_cursor_that_is_not_ours_is_refused(database: Database, cursor: str) -> None:
    async with database.read() as session:
        with pytest.raises(BadCursor):
            await calls.list_calls(session, CallFilter(), limit=2, cursor=cursor)


async def test_recording_is_kept_although_its_call_is_not_in_the_log_yet(database: Database) -> None:
    async with database.write() as session:
        assert await upsert_recording(session, recording("a", "call_a"))

    await _save(database, call("a"))

    async with database.read() as session:
        assert [row.id for row in await recordings_of(session, "call_a")] == ["rec_a"]


async def test_repeated_notice_of_a_recording_changes_the_one_row(database: Database) -> None:
    stored = recording("again", "call_a", reference="REa", state=RecordingState.STORED, length=9, object_key="a.mp3")
    async with database.write() as session:
        await upsert_recording(session, recording("a", "call_a"))
        await upsert_recording(session, stored)

    async with database.read() as session:
        row = await recording_by_reference(session, "twilio", "REa")
        assert len(await recordings_of(session, "call_a")) == 1
    assert row is not None
    assert (row.id, row.state, row.length) == ("rec_a", "stored", 9)


async def test_recording_state_changes_only_where_there_is_one(database: Database) -> None:
    async with database.write() as session:
        await upsert_recording(session, recording("a", "call_a"))
        assert await set_recording_state(session, "rec_a", RecordingState.GONE)
        assert not await set_recording_state(session, "rec_nobody", RecordingState.GONE)


async def test_archived_call_can_be_put_back(database: Database) -> None:
    await _save(database, call("a"))
    async with database.write() as session:
        await calls.archive(session, "call_a")
        await calls.unarchive(session, "call_a")

    assert await _listed(database, CallFilter(archived=False)) == ["call_a"]


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({"status": "in_progress"}, True),
        ({"status": "in_progress", "answered_at": at(5)}, False),
        ({"status": "in_progress", "started_at": at(-600)}, False),
        ({"status": "missed"}, False),
    ],
)
async def test_caller_waits_while_a_young_call_is_not_answered(
    database: Database, fields: dict[str, Any], waits: bool
) -> None:
    await _save(database, call("a", **fields))

    async with database.read() as session:
        assert await calls.any_waiting(session, started_after=at(-300)) is waits
