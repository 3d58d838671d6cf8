"""Group commit: many callers wait, one write makes all of them durable.

While a write runs, the next callers gather behind it; so an idle system answers after one write, and a busy one pays
one fsync for hundreds of events.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class GroupCommit(Generic[T]):
    """``write`` is called with one batch at a time, in the order of :meth:`submit`. It returns when all of it is
    durable, and raises when none of it may count as durable (it may still be: whoever repeats must be recognisable)."""

    def __init__(self, write: Callable[[list[T]], Awaitable[None]], max_batch: int = 1000) -> None:
        self._write = write
        self._max_batch = max_batch
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> None:
        """Return once ``item`` is durable. Raises what ``write`` raised for its batch."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, durable))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_until_empty())
        await durable

    async def drain(self) -> None:
        """Wait for everything submitted so far."""
        if self._writer is not None:
            await self._writer

    async def _write_until_empty(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
                await self._write_batch(batch)
        finally:
            self._writer = None

    async def _write_batch(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        failure: BaseException | None = None
        try:
            await self._write([item for item, _ in batch])
        except asyncio.CancelledError as error:
            failure = error
            raise
        except Exception as error:  # every caller of the batch must hear of it, whatever it is
            failure = error
        finally:
            for _, durable in batch:
                # A caller that gave up waiting has cancelled its future.
                if not durable.done():
                    durable.set_result(None) if failure is None else durable.set_exception(failure)
