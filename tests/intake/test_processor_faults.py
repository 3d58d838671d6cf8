"""The processor, its database, its journal or its lease is taken away: nothing is lost, nothing done twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.directory import Directory
from intake.processor import ConfigurationAway, Processor
from storage.engine import Database
from storage.journal import Entry, Journal, JournalUnavailable, open_journal
from storage.leases import LeaseLost
from tests.intake.builders import (
    DIRECTORY,
    commands,
    event_ids,
    incidents,
    occurrences,
    only_incident,
    process,
    push,
)


class UntrimmableJournal:
    """A journal whose process dies right before the trimming."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def append(self, entry: Entry) -> None:
        await self._journal.append(entry)

    async def read(self, limit: int) -> list[Entry]:
        return await self._journal.read(limit)

    async def trim(self, seqs: Sequence[int]) -> None:
        raise JournalUnavailable("died")

    async def set_aside(self, seq: int, reason: str) -> None:
        await self._journal.set_aside(seq, reason)

    async def count_set_aside(self) -> int:
        return await self._journal.count_set_aside()

    async def close(self) -> None: ...


async def test_crash_between_commit_and_trim_repeats_nothing(database: Database, journal: Journal) -> None:
    for title in ("a", "b", "a"):
        await journal.append(push({"title": title}))
    dying = Processor(database, UntrimmableJournal(journal), lambda: DIRECTORY)
    with pytest.raises(JournalUnavailable):
        await dying.step()
    later = datetime.now(UTC) + timedelta(minutes=1)
    await process(journal, Processor(database, journal, lambda: DIRECTORY, now=lambda: later))
    assert [(row.title, row.occurrences) for row in await incidents(database)] == [("a", 2), ("b", 1)]
    assert len(await commands(database)) == 2
    assert len(await occurrences(database)) == 3
    assert await journal.read(10) == []


async def test_repetition_within_one_batch_counts_once(
    database: Database, journal: Journal, processor: Processor, caplog: pytest.LogCaptureFixture
) -> None:
    entry = push({"title": "a"}, id="evt_1")
    await process(journal, processor, entry, push({"title": "a"}, id="evt_2"), entry)
    assert "one by one" not in caplog.text
    assert (await only_incident(database)).occurrences == 2
    assert set(await event_ids(database)) == {"evt_1", "evt_2"}


async def test_two_processors_with_a_stolen_lease_never_double(database: Database, journal: Journal) -> None:
    first = Processor(database, journal, lambda: DIRECTORY)
    await process(journal, first, push({"title": "a"}))
    stalled = [push({"title": "b"}, id="evt_b")]
    await journal.append(stalled[0])
    # The first one has read its batch and stalls; its lease runs out and the second one takes over.
    later = datetime.now(UTC) + timedelta(minutes=1)
    second = Processor(database, journal, lambda: DIRECTORY, now=lambda: later)
    assert await second.step() == 1
    with pytest.raises(LeaseLost):
        await first.absorb(stalled, epoch=1)
    assert [(row.title, row.occurrences) for row in await incidents(database)] == [("a", 1), ("b", 1)]


async def test_late_trim_by_a_fenced_processor_removes_no_new_event(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await journal.append(push({"title": "a"}))
    (read_by_both,) = await journal.read(10)
    await process(journal, processor)
    await journal.append(push({"title": "new"}))
    await journal.trim([read_by_both.seq])
    assert len(await journal.read(10)) == 1


async def test_second_processor_waits_while_the_first_holds_the_lease(database: Database, journal: Journal) -> None:
    await process(journal, Processor(database, journal, lambda: DIRECTORY), push({"title": "a"}))
    await journal.append(push({"title": "b"}))
    assert await Processor(database, journal, lambda: DIRECTORY).step() == 0


async def test_event_that_fails_in_the_database_is_isolated(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await refuse(database, "title", "poison")
    await process(journal, processor, push({"title": "a"}), push({"title": "poison"}), push({"title": "b"}))
    found = [(row.title, row.parsing_failed) for row in await incidents(database)]
    assert found == [("a", False), ("", True), ("b", False)]


async def test_event_set_aside_stays_but_is_not_read_again(journal: Journal) -> None:
    await journal.append(push({"title": "a"}))
    (entry,) = await journal.read(10)
    await journal.set_aside(entry.seq, "it fails every time")
    assert await journal.read(10) == []


async def test_database_away_leaves_the_events_in_the_journal(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await process(journal, processor, push({"title": "a"}))
    async with database.write() as session:
        await session.execute(text("ALTER TABLE incidents RENAME TO gone"))
    entry = push({"title": "b"})
    await journal.append(entry)
    with pytest.raises(Exception, match="incidents"):
        await processor.step()
    async with database.write() as session:
        await session.execute(text("ALTER TABLE gone RENAME TO incidents"))
    await process(journal, processor)
    assert [row.title for row in await incidents(database)] == ["a", "b"]


async def test_journal_of_a_new_process_reads_what_the_old_one_accepted(database: Database, journal: Journal) -> None:
    await journal.append(push({"title": "a"}, id="evt_1"))
    successor = open_journal(database)
    assert [(entry.id, entry.body) for entry in await successor.read(10)] == [("evt_1", b'{"title": "a"}')]
    await successor.close()


async def test_integration_newer_than_the_memory_gets_its_policy(database: Database, journal: Journal) -> None:
    copy = [Directory()]

    async def refresh() -> bool:
        copy[0] = DIRECTORY
        return True

    await process(journal, Processor(database, journal, lambda: copy[0], refresh), push({"title": "a"}))
    assert (await only_incident(database)).policy_key == "default"


async def test_events_wait_while_their_integration_is_unknown_and_cannot_be_asked_for(
    database: Database, journal: Journal
) -> None:
    async def refresh() -> bool:
        return False

    await journal.append(push({"title": "a"}))
    with pytest.raises(ConfigurationAway):
        await Processor(database, journal, Directory, refresh).step()
    assert len(await journal.read(10)) == 1


async def test_event_that_nothing_can_be_made_of_is_set_aside_and_the_next_goes_on(
    database: Database, journal: Journal, processor: Processor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.processor._RETRY_SECONDS", 0)
    await refuse(database, "integration", "cursed")
    await journal.append(push({"title": "a"}, integration="cursed"))
    await journal.append(push({"title": "b"}))
    await run_until(processor, lambda: incidents(database))
    # The loop may have been stopped between its commit and the trimming.
    await process(journal, Processor(database, journal, lambda: DIRECTORY))
    assert "b" in [row.title for row in await incidents(database)]
    assert await journal.read(10) == []
    assert await journal.count_set_aside() == 1


async def test_event_that_is_set_aside_opens_an_incident_of_our_own(
    database: Database, journal: Journal, processor: Processor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.processor._RETRY_SECONDS", 0)
    await refuse(database, "integration", "web")
    await journal.append(push({"title": "a"}, id="evt_1"))
    await run_until(processor, lambda: incidents(database))
    own = await only_incident(database)
    assert (own.integration, own.policy_key) == ("dutyline", "default")
    assert own.title == "Events of Payments webhook cannot be processed and are set aside"
    assert "Event evt_1" in own.payload["body"]


async def test_report_of_our_own_that_is_set_aside_is_not_reported_again(
    database: Database, journal: Journal, processor: Processor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.processor._RETRY_SECONDS", 0)
    await refuse(database, "status", "triggered")
    await journal.append(push({"title": "a"}))
    await run_until(processor, lambda: both_set_aside(journal))
    assert await journal.read(10) == []


async def both_set_aside(journal: Journal) -> list[int]:
    count = await journal.count_set_aside()
    return [count] if count >= 2 else []


async def test_processor_that_is_stopped_lets_its_successor_in_at_once(
    database: Database, journal: Journal, processor: Processor
) -> None:
    await journal.append(push({"title": "a"}))
    await run_until(processor, lambda: incidents(database))
    await journal.append(push({"title": "b"}))
    await process(journal, Processor(database, journal, lambda: DIRECTORY))
    assert [row.title for row in await incidents(database)] == ["a", "b"]


async def run_until(processor: Processor, there: Callable[[], Awaitable[Sequence[object]]]) -> None:
    """Run the loop until something is there, and stop it."""
    running = asyncio.create_task(processor.run())
    async with asyncio.timeout(30):
        while not await there():
            assert not running.done()
    running.cancel()
    await asyncio.wait({running})


async def refuse(database: Database, column: str, value: str) -> None:
    """Let the database refuse every incident with this value."""
    rule = f"ALTER TABLE incidents ADD CONSTRAINT refuse CHECK ({column} <> '{value}')"
    if database.is_sqlite:
        rule = (
            f"CREATE TRIGGER refuse BEFORE INSERT ON incidents WHEN NEW.{column} = '{value}'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    async with database.write() as session:
        await session.execute(text(rule))
