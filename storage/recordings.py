"""The bytes of recordings: a local folder, or a bucket at S3, GCS or Azure, by the address in the settings."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ObjectStore

_CHUNK_BYTES = 5 * 1024 * 1024


class RecordingMissing(Exception):
    """The store has no such object."""


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """What was written: its length in bytes and its SHA-256 in hex."""

    length: int
    sha256: str


class RecordingStore:
    """Objects by key. A key is made by us (``recordings/rec_….mp3``), never taken from outside.

    The library is large, and many a process never sees a recording: a folder is opened on first use."""

    def __init__(self, open_store: Callable[[], "ObjectStore"]) -> None:
        self._open_store = open_store

    @cached_property
    def _store(self) -> "ObjectStore":
        return self._open_store()

    @classmethod
    def at(cls, location: str | Path) -> "RecordingStore":
        """A folder (made when it is missing), or ``s3://``, ``gs://``, ``az://`` with credentials from the environment.
        Raises ``ValueError`` for any other address."""
        match location:
            case Path():
                location.mkdir(parents=True, exist_ok=True)
                return cls(lambda: _folder(location))
            case str() if location.startswith("file://"):
                return cls.at(Path(location.removeprefix("file://")))
            case str() if "://" not in location:
                return cls.at(Path(location))
            case str() if location.startswith(("s3://", "gs://", "az://")):
                bucket = _bucket(location)
                return cls(lambda: bucket)
            case _:
                raise ValueError("Recordings are kept in a folder or at s3://…, gs://… or az://…")

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> StoredBytes:
        """Store the stream. The object appears whole or not at all; an error in the stream passes through."""
        digest = hashlib.sha256()
        length = 0

        async def measured() -> AsyncIterator[bytes]:
            nonlocal length
            async for chunk in chunks:
                digest.update(chunk)
                length += len(chunk)
                yield chunk

        await self._store.put_async(key, measured(), chunk_size=_CHUNK_BYTES)
        return StoredBytes(length, digest.hexdigest())

    async def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``. Raises :class:`RecordingMissing` before the first
        chunk. The caller knows the length and keeps the range inside it."""
        try:
            result = await self._store.get_async(key, options={"range": (start, end)})
        except FileNotFoundError:
            raise RecordingMissing(key) from None
        return _chunks(result)

    async def delete(self, key: str) -> None:
        """Delete the object; one that is gone already is deleted."""
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return


def _folder(path: Path) -> "ObjectStore":
    from obstore.store import LocalStore

    return LocalStore(path, automatic_cleanup=False)


def _bucket(address: str) -> "ObjectStore":
    from obstore.store import from_url

    return from_url(address)


async def _chunks(result: "GetResult") -> AsyncIterator[bytes]:
    async for chunk in result.stream(min_chunk_size=256 * 1024):
        yield bytes(chunk)
