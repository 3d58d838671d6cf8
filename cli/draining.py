"""Stopping an api without hanging up on anybody: Plivo ends a call when an action address does not answer."""

import signal
import time
from collections.abc import Callable
from types import FrameType

import uvicorn


def draining_server(config: uvicorn.Config, busy: Callable[[], int], seconds: float) -> uvicorn.Server:
    """A server that goes on while ``busy()`` is not 0 when it is told to stop, for at most ``seconds``."""
    return _DrainingServer(config, busy, seconds)


class _DrainingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, busy: Callable[[], int], seconds: float) -> None:
        super().__init__(config)
        self._busy = busy
        self._seconds = seconds
        self._stop_by: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stop_by is None and sig == signal.SIGTERM and self._busy():
            self._stop_by = time.monotonic() + self._seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._stop_by is not None and (not self._busy() or time.monotonic() > self._stop_by):
            self.should_exit = True
        return await super().on_tick(counter)
