"""Dutyline's own incidents, reported from the api: what its admins must know at once."""

import asyncio
import time

import orjson
import structlog

from domain.directory import OWN_INTEGRATION, Directory, Hotline
from intake.acceptance import Acceptance
from intake.events import EventKind

log = structlog.get_logger()

#: the same trouble is reported this often; in between it is only counted by the carrier's retries
_QUIET_SECONDS = 600.0


class OwnEvents:
    """Hands events of the built-in integration to the intake, beside the answer to whoever made us notice."""

    def __init__(self, acceptance: Acceptance) -> None:
        self._acceptance = acceptance
        self._reported_at: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()

    def bad_signature(self, hotline: Hotline, directory: Directory) -> None:
        """The hotline's own account signs with another token: the hotline is dead until that is mended."""
        self._report(
            hotline,
            directory,
            f"Hotline {hotline.name} ({hotline.number}) refuses its carrier: was the auth token rotated?",
            "The requests carry a signature that none of the hotline's auth tokens made. "
            f"Callers cannot get through. Put the carrier's current token into auth_token of hotlines.{hotline.key}.",
        )

    def account_mismatch(self, hotline: Hotline, directory: Directory) -> None:
        """A hotline without a token was called from another account or number than the first time; it was answered."""
        self._report(
            hotline,
            directory,
            f"Hotline {hotline.name} ({hotline.number}) is called from another account or number than before",
            "The call was answered. If the number was moved, unpin the hotline "
            f"(POST /api/v1/hotlines/{hotline.key}/unpin); if not, somebody else knows its address: "
            "set auth_token, so that only your carrier is answered.",
        )

    def _report(self, hotline: Hotline, directory: Directory, title: str, body: str) -> None:
        now = time.monotonic()
        if now - self._reported_at.get(title, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        self._reported_at[title] = now
        policy = directory.own_incidents_policy or _policy_of(hotline, directory)
        log.error("an incident of our own is reported", hotline=hotline.key)
        task = asyncio.create_task(self._accept({"title": title, "body": body, "escalation_policy": policy}))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _accept(self, event: dict[str, str | None]) -> None:
        try:
            await self._acceptance.accept(EventKind.OWN, OWN_INTEGRATION, orjson.dumps(event))
        except OSError as error:
            log.error("an incident of our own could not be reported", error=str(error))


def _policy_of(hotline: Hotline, directory: Directory) -> str | None:
    """The policy of the hotline concerned, where no policy is set for Dutyline's own incidents."""
    integration = directory.integrations.get(hotline.incidents.integration or "")
    return hotline.incidents.escalation_policy or (integration.escalation_policy if integration else None)
