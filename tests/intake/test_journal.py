"""The journal: durable when it says so, in order, byte for byte."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.engine import Database
from storage.group_commit import GroupCommit
from storage.journal import READ_BYTES, Entry, Journal, JournalUnavailable, SqliteJournal, open_journal
from tests.intake.builders import AT, push

ROOT = Path(__file__).parents[2]

APPENDER = """
import asyncio, sys
from datetime import UTC, datetime
from storage.engine import Database
from storage.journal import Entry, open_journal

async def client(journal, name):
    for number in range(1_000_000):
        event = f"evt_{name}_{number}"
        await journal.append(Entry(event, "push", "web", datetime.now(UTC), b"{}"))
        sys.stdout.write(event + "\\n")
        sys.stdout.flush()

async def main():
    journal = open_journal(Database(sys.argv[1]))
    await asyncio.gather(*(client(journal, name) for name in range(20)))

asyncio.run(main())
"""


def acknowledged_before_kill_9(database_url: str) -> set[str]:
    """The ids of the events that a process had appended, and said so, when it was killed in the middle of more."""
    command = [sys.executable, "-c", APPENDER, database_url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline() for _ in range(300)]
    process.kill()
    acknowledged += process.stdout
    process.wait()
    return {line.strip() for line in acknowledged if line.endswith("\n")}


async def test_acknowledged_events_survive_kill_9(database_url: str, journal: Journal) -> None:
    acknowledged = await asyncio.to_thread(acknowledged_before_kill_9, database_url)
    assert acknowledged <= {entry.id for entry in await journal.read(1_000_000)}


async def test_who_found_the_journal_empty_finds_what_another_process_appends(
    database: Database, journal: Journal
) -> None:
    await journal.append(push({}, id="evt_1"))
    await journal.trim([entry.seq for entry in await journal.read(10)])
    assert await journal.read(10) == []
    assert await journal.read(10) == []

    other_process = open_journal(database)
    await other_process.append(push({}, id="evt_2"))

    assert [entry.id for entry in await journal.read(10)] == ["evt_2"]
    assert [entry.id for entry in await journal.read(10)] == ["evt_2"]
    await other_process.close()


async def test_entries_come_back_in_order_and_byte_for_byte(journal: Journal) -> None:
    bodies = [b"", b"\x00\xff", b'{"title": "\xf0\x9f\x94\xa5"}', os.urandom(1000)]
    for number, body in enumerate(bodies):
        await journal.append(Entry(f"evt_{number}", "push", "web", AT, body))
    found = await journal.read(10)
    assert [entry.body for entry in found] == bodies
    assert {entry.received_at for entry in found} == {AT}


async def test_two_processes_append_while_a_third_reads(database: Database, journal: Journal) -> None:
    others = [open_journal(database) for _ in range(2)]
    await asyncio.gather(*(other.append(push({"title": str(n)})) for n in range(50) for other in others))
    assert len(await journal.read(1000)) == 100
    for other in others:
        await other.close()


async def test_reading_is_bounded_in_bytes(journal: Journal) -> None:
    for number in range(5):
        await journal.append(Entry(f"evt_{number}", "push", "web", AT, b"x" * (READ_BYTES // 2)))
    assert len(await journal.read(100)) == 2


async def test_one_row_is_read_however_large(journal: Journal) -> None:
    await journal.append(Entry("evt_1", "push", "web", AT, b"x" * (READ_BYTES + 1)))
    assert len(await journal.read(100)) == 1


async def test_callers_that_wait_together_share_one_write() -> None:
    batches: list[list[int]] = []

    async def write(items: list[int]) -> None:
        batches.append(items)
        await asyncio.sleep(0)

    commits = GroupCommit(write)
    await asyncio.gather(*(commits.submit(number) for number in range(100)))
    assert [item for batch in batches for item in batch] == list(range(100))
    assert len(batches) == 1


async def test_failed_write_reaches_every_caller_of_its_batch_and_no_other() -> None:
    failures = [OSError("disk full")]

    async def write(_: list[int]) -> None:
        if failures:
            raise failures.pop()

    commits = GroupCommit(write)
    first = await asyncio.gather(commits.submit(1), commits.submit(2), return_exceptions=True)
    await commits.submit(3)
    assert [type(answer) for answer in first] == [OSError, OSError]


async def test_caller_that_gives_up_does_not_disturb_the_others() -> None:
    going = asyncio.Event()

    async def write(_: list[int]) -> None:
        await going.wait()

    commits = GroupCommit(write)
    impatient = asyncio.create_task(commits.submit(1))
    patient = asyncio.create_task(commits.submit(2))
    await asyncio.sleep(0)
    impatient.cancel()
    going.set()
    await patient
    assert impatient.cancelled() or impatient.cancelling()


async def test_journal_that_was_away_works_again_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "not yet there"
    journal = SqliteJournal(folder / "journal.db")
    with pytest.raises(JournalUnavailable):
        await journal.append(push({"title": "a"}))
    folder.mkdir()
    await journal.append(push({"title": "a"}))
    assert len(await journal.read(10)) == 1
    await journal.close()
