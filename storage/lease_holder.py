"""Holds one lease for a loop of one process: taken when it is free, renewed in time, given back at the end."""

import logging
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from storage import leases
from storage.engine import Database
from storage.leases import Lease

_log = logging.getLogger(__name__)

_TTL = timedelta(seconds=6)
_RENEW_SECONDS = 2.0


class LeaseHolder:
    def __init__(self, database: Database, name: str, now: Callable[[], datetime]) -> None:
        self._database = database
        self._name = name
        self._now = now
        self._holder = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._lease: Lease | None = None
        self._renew_at = 0.0

    async def hold(self) -> Lease | None:
        """Our lease, ``None`` while the job is another's. Raises what the database raises when it is away."""
        if time.monotonic() >= self._renew_at:
            async with self._database.write() as session:
                self._lease = await leases.acquire(session, self._name, self._holder, now=self._now(), ttl=_TTL)
            self._renew_at = time.monotonic() + _RENEW_SECONDS
        return self._lease

    def lose(self) -> None:
        """Another process took over: the job is not ours until the lease is asked for again."""
        self._lease = None

    async def release(self) -> None:
        """Let a successor in at once."""
        if self._lease is None:
            return
        try:
            async with self._database.write() as session:
                await leases.release(session, self._lease, self._now())
        except (SQLAlchemyError, OSError) as error:
            _log.warning("The lease %s could not be released (%s); it expires by itself.", self._name, error)
        self._lease = None
        self._renew_at = 0.0
