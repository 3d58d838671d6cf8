"""The bytes of recordings."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.recordings import RecordingMissing, RecordingStore

_KEY = "recordings/rec_a.mp3"


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read(store: RecordingStore, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in await store.get(_KEY, start, end)])


async def test_stream_is_stored_with_length_and_digest(tmp_path: Path) -> None:
    store = RecordingStore.at(tmp_path)

    stored = await store.put(_KEY, _chunks(b"hello ", b"world"))

    assert (stored.length, stored.sha256) == (11, hashlib.sha256(b"hello world").hexdigest())
    assert await _read(store, 0, 11) == b"hello world"


async def test_recording_larger_than_one_part_is_stored_whole(tmp_path: Path) -> None:
    store = RecordingStore.at(tmp_path)
    chunk = bytes(range(256)) * 4096

    stored = await store.put(_KEY, _chunks(*[chunk] * 12))

    assert stored.length == 12 * len(chunk)
    assert hashlib.sha256(await _read(store, 0, stored.length)).hexdigest() == stored.sha256


async def test_range_is_half_open(tmp_path: Path) -> None:
    store = RecordingStore.at(tmp_path)
    await store.put(_KEY, _chunks(b"0123456789"))

    assert await _read(store, 2, 5) == b"234"


async def test_stream_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    store = RecordingStore.at(tmp_path)

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 6_000_000
        raise ConnectionError("the carrier hung up")

    with pytest.raises(ConnectionError):
        await store.put(_KEY, broken())

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_storing_again_replaces(tmp_path: Path) -> None:
    store = RecordingStore.at(tmp_path)
    await store.put(_KEY, _chunks(b"first"))

    await store.put(_KEY, _chunks(b"second"))

    assert await _read(store, 0, 6) == b"second"


async def test_missing_recording_is_missing_before_the_first_byte(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissing):
        await RecordingStore.at(tmp_path).get(_KEY, 0, 1)


async def test_deleting_twice_is_as_good_as_once(tmp_path: Path) -> None:
    store = RecordingStore.at(tmp_path)
    await store.put(_KEY, _chunks(b"hello"))

    await store.delete(_KEY)
    await store.delete(_KEY)

    with pytest.raises(RecordingMissing):
        await store.get(_KEY, 0, 1)


@pytest.mark.parametrize("spelling", ["{folder}", "file://{folder}"])
async def test_folder_is_made_when_it_is_missing(tmp_path: Path, spelling: str) -> None:
    store = RecordingStore.at(spelling.format(folder=tmp_path / "new" / "recordings"))

    await store.put(_KEY, _chunks(b"hello"))

    assert (tmp_path / "new" / "recordings" / _KEY).read_bytes() == b"hello"


def test_unknown_address_is_refused() -> None:
    with pytest.raises(ValueError, match="s3://"):
        RecordingStore.at("ftp://recordings.example/")
