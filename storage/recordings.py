"""The bytes of recordings: a local folder, or a bucket at S3, GCS or Azure, by the address in the settings."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

if TYPE_CHECKING:
    from obstore import GetResult

_CHUNK_BYTES = 5 * 1024 * 1024


class RecordingMissing(Exception):
    """The store has no such object."""


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """What was written: its length in bytes and its SHA-256 in hex."""

    length: int
    sha256: str


class RecordingStore:
    """Objects by key. A key is made by us (``recordings/rec_….mp3``), never taken from outside."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, location: str | Path) -> "RecordingStore":
        """A folder (made when it is missing), or ``s3://``, ``gs://``, ``az://`` with credentials from the environment.
        Raises ``ValueError`` for any other address."""
        match location:
            case Path():
                return cls(LocalStore(location, mkdir=True, automatic_cleanup=False))
            case str() if location.startswith("file://"):
                return cls.at(Path(location.removeprefix("file://")))
            case str() if "://" not in location:
                return cls.at(Path(location))
            case str() if location.startswith(("s3://", "gs://", "az://")):
                return cls(from_url(location))
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

        await obstore.put_async(self._store, key, measured(), chunk_size=_CHUNK_BYTES)
        return StoredBytes(length, digest.hexdigest())

    async def get(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``. Raises :class:`RecordingMissing` before the first
        chunk. The caller knows the length and keeps the range inside it."""
        try:
            result = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError:
            raise RecordingMissing(key) from None
        return _chunks(result)

    async def delete(self, key: str) -> None:
        """Delete the object; one that is gone already is deleted."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return


async def _chunks(result: "GetResult") -> AsyncIterator[bytes]:
    async for chunk in result.stream(min_chunk_size=256 * 1024):
        yield bytes(chunk)
