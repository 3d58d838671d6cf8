"""Test mode, pins, and what calls have shown of a hotline; ids of events."""

import asyncio

from storage import event_ids, hotline_state
from storage.engine import Database
from storage.tables import HotlineStateRow
from tests.storage.records import at


async def _state(database: Database) -> HotlineStateRow:
    async with database.read() as session:
        state = await hotline_state.get(session, "support")
    assert state is not None
    return state


async def test_test_mode_ends_by_the_clock(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.start_test_mode(session, "support", "ana", until=at(300))

    async with database.read() as session:
        assert [mode.user for mode in await hotline_state.active_test_modes(session, at(299))] == ["ana"]
        assert list(await hotline_state.active_test_modes(session, at(300))) == []


async def test_last_one_to_start_test_mode_wins(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.start_test_mode(session, "support", "ana", until=at(300))
        await hotline_state.start_test_mode(session, "support", "ben", until=at(400))

    async with database.read() as session:
        assert [(m.user, m.until) for m in await hotline_state.active_test_modes(session, at(1))] == [("ben", at(400))]


async def test_stopped_test_mode_is_over(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.start_test_mode(session, "support", "ana", until=at(300))
        await hotline_state.stop_test_mode(session, "support")

    async with database.read() as session:
        assert list(await hotline_state.active_test_modes(session, at(1))) == []


async def test_first_account_and_number_seen_stay_pinned(database: Database) -> None:
    async with database.write() as session:
        first = await hotline_state.pin(session, "support", "AC1", "+12245550123")
        assert (first.pinned_account, first.pinned_number) == ("AC1", "+12245550123")
        second = await hotline_state.pin(session, "support", "AC2", "+12245550199")

    assert (second.pinned_account, second.pinned_number) == ("AC1", "+12245550123")


async def test_pin_joins_a_hotline_that_had_calls_before(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.note_call(session, "support", at(1), verified=True)
        await hotline_state.pin(session, "support", "AC1", "+12245550123")

    state = await _state(database)
    assert (state.pinned_account, state.last_call_at, state.verified) == ("AC1", at(1), True)


async def test_unpinned_hotline_is_pinned_anew(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.pin(session, "support", "AC1", "+12245550123")
        await hotline_state.unpin(session, "support")
        state = await hotline_state.pin(session, "support", "AC2", "+12245550199")

    assert state.pinned_account == "AC2"


async def test_older_call_does_not_overwrite_a_newer_one(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.note_call(session, "support", at(9), verified=True)
        await hotline_state.note_call(session, "support", at(1), verified=False)

    state = await _state(database)
    assert (state.last_call_at, state.verified) == (at(9), True)


async def test_hangup_notice_is_remembered_through_later_calls(database: Database) -> None:
    async with database.write() as session:
        await hotline_state.note_hangup(session, "support")
        await hotline_state.note_call(session, "support", at(9), verified=False)

    state = await _state(database)
    assert (state.hangup_seen, state.last_call_at) == (True, at(9))


async def _claim(database: Database) -> bool:
    async with database.write() as session:
        return await event_ids.claim(session, "evt_a", at(0))


async def test_event_id_is_claimed_once(database: Database) -> None:
    assert [await _claim(database), await _claim(database)] == [True, False]


async def test_event_id_is_claimed_by_one_of_two_processes(database: Database) -> None:
    other = Database(database.url)

    assert sorted(await asyncio.gather(_claim(database), _claim(other))) == [False, True]
    await other.close()
