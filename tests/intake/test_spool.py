"""The spool: events taken while the journal is away are handed over later, once each, in order."""

import asyncio
import os
from pathlib import Path

import pytest

from config.keys import Keyring, Purpose
from intake.acceptance import Acceptance
from intake.events import EventKind
from intake.spool import Spool
from storage.journal import Entry, Journal, JournalUnavailable
from tests.intake.builders import push


class Receiver:
    """Takes entries, or is away."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.accepts = 1_000_000

    async def append(self, entry: Entry) -> None:
        if self.accepts == 0:
            raise JournalUnavailable("away")
        self.accepts -= 1
        self.entries.append(entry)

    @property
    def ids(self) -> list[str]:
        return [entry.id for entry in self.entries]


def another_spool(tmp_path: Path, key: str = "a test's key") -> Spool:
    return Spool(tmp_path / "spool", Keyring([key], Purpose.SPOOL))


async def fill(spool: Spool, *ids: str) -> None:
    for event_id in ids:
        await spool.append(push({"title": event_id}, id=event_id))


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "spool").iterdir())


async def test_spooled_events_arrive_in_order_and_whole(spool: Spool, tmp_path: Path) -> None:
    entry = Entry("evt_1", "push", "web", push({}).received_at, b"\x00\n\xff")
    await spool.append(entry)
    await fill(spool, "evt_2", "evt_3")
    receiver = Receiver()
    await spool.replay(receiver.append)
    assert receiver.entries[0] == entry
    assert receiver.ids == ["evt_1", "evt_2", "evt_3"]
    assert files(tmp_path) == []
    assert spool.is_empty


async def test_interrupted_replay_repeats_the_same_ids(spool: Spool) -> None:
    await fill(spool, "evt_1", "evt_2")
    receiver = Receiver()
    receiver.accepts = 1
    with pytest.raises(JournalUnavailable):
        await spool.replay(receiver.append)
    assert not spool.is_empty
    receiver.accepts = 10
    await spool.replay(receiver.append)
    assert receiver.ids == ["evt_1", "evt_1", "evt_2"]


async def test_events_of_a_dead_process_are_picked_up(spool: Spool, tmp_path: Path) -> None:
    dead = another_spool(tmp_path)
    await fill(dead, "evt_1")
    await dead.close()
    receiver = Receiver()
    await spool.replay(receiver.append)
    assert receiver.ids == ["evt_1"]


async def test_file_of_a_live_process_is_left_alone(spool: Spool, tmp_path: Path) -> None:
    alive = another_spool(tmp_path)
    await fill(alive, "evt_1")
    receiver = Receiver()
    await spool.replay(receiver.append)
    assert receiver.ids == []
    await alive.close()


async def test_torn_tail_is_passed_over(spool: Spool, tmp_path: Path) -> None:
    dead = another_spool(tmp_path)
    await fill(dead, "evt_1", "evt_2")
    await dead.close()
    (file,) = files(tmp_path)
    os.truncate(file, file.stat().st_size - 20)
    receiver = Receiver()
    await spool.replay(receiver.append)
    assert receiver.ids == ["evt_1"]
    assert files(tmp_path) == []


async def test_damaged_line_costs_only_itself_and_the_file_is_kept(spool: Spool, tmp_path: Path) -> None:
    dead = another_spool(tmp_path)
    await fill(dead, "evt_1", "evt_2", "evt_3")
    await dead.close()
    (file,) = files(tmp_path)
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:30] + bytes([second[30] ^ 1]) + second[31:] + third)
    receiver = Receiver()
    await spool.replay(receiver.append)
    assert receiver.ids == ["evt_1", "evt_3"]
    assert [path.suffix for path in files(tmp_path)] == [".damaged"]


async def test_events_are_not_readable_on_disk(spool: Spool, tmp_path: Path) -> None:
    await spool.append(push({"title": "the secret title"}))
    (file,) = files(tmp_path)
    assert b"secret" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_new_events_queue_behind_spooled_ones(spool: Spool, journal: Journal) -> None:
    await fill(spool, "evt_1")
    event_id = await Acceptance(journal, spool).accept(EventKind.PUSH, "web", b"{}")
    assert await journal.read(10) == []
    await spool.replay(journal.append)
    assert [entry.id for entry in await journal.read(10)] == ["evt_1", event_id]


async def test_full_disk_is_an_error_not_an_answer(tmp_path: Path) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("a file where the folder should be")
    spool = another_spool(tmp_path)
    with pytest.raises(OSError):
        await spool.append(push({}))
    await spool.close()


async def test_loop_goes_on_after_the_journal_was_away(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.spool._IDLE_SECONDS", 0)
    await fill(spool, "evt_1")
    arrived = asyncio.Event()
    failures = [JournalUnavailable("away"), JournalUnavailable("away")]

    async def deliver(entry: Entry) -> None:
        if failures:
            raise failures.pop()
        arrived.set()

    running = asyncio.create_task(spool.run(deliver))
    await asyncio.wait_for(arrived.wait(), 30)
    running.cancel()
