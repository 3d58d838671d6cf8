"""The call spool: webhooks that were answered without Temporal, until the calls' workflows have taken them."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import TypeAdapter

from config.keys import Keyring
from domain.call_messages import CallStart, CarrierSaid, FetchRecording
from storage.spool import Away, Form, Spool
from temporal.door import CallFlowFailed, CallIsOver, Door, Unavailable


@dataclass(frozen=True, slots=True)
class SpooledWebhook:
    """One webhook with the beginning of its call (so that its workflow can be started), or a recording to fetch."""

    start: CallStart | None = None
    said: CarrierSaid | None = None
    update_id: str = ""
    recording: FetchRecording | None = None


log = structlog.get_logger()

CallSpool = Spool[SpooledWebhook]
_adapter = TypeAdapter(SpooledWebhook)


def open_call_spool(folder: Path, keyring: Keyring) -> CallSpool:
    """Items are handed over one after the other: a call's end must not overtake its beginning."""
    return Spool(folder, keyring, Form("calls", _adapter.dump_json, _adapter.validate_json))


async def deliver_spooled(door: Door, webhook: SpooledWebhook) -> None:
    """Give one webhook to Temporal. Raises :class:`Away` when it must be tried again."""
    try:
        if webhook.recording is not None:
            await door.fetch_recording(webhook.recording)
        if webhook.start is not None and webhook.said is not None:
            await door.carrier_said(webhook.start, webhook.said, webhook.update_id)
    except CallIsOver:
        return  # the call's log was closed meanwhile; there is nothing to add to it
    except CallFlowFailed as error:
        # One webhook that the call flow cannot take must not hold up the logs of all other calls.
        log.error("a spooled webhook could not be used", update=webhook.update_id, error=str(error))
    except Unavailable as error:
        raise Away(str(error)) from error
