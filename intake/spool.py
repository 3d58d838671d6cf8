"""The spool of events: takes them while the journal is away, and hands them over, in order, when it is back."""

from datetime import datetime
from pathlib import Path

import orjson

from storage.journal import Entry
from storage.spool import Form, Sealer
from storage.spool import Spool as AnySpool

#: how many events are on their way to the journal at once; it keeps the order in which it is asked
_WINDOW = 500


class Spool(AnySpool[Entry]):
    """``run`` and ``replay`` want the journal's ``append``. An event keeps its id, however often it is handed over."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        super().__init__(folder, sealer, Form("intake", _to_bytes, _from_bytes, _WINDOW))


def _to_bytes(entry: Entry) -> bytes:
    head = [entry.id, entry.kind, entry.integration, entry.received_at.isoformat()]
    return orjson.dumps(head) + b"\n" + entry.body


def _from_bytes(plain: bytes) -> Entry:
    head, _, body = plain.partition(b"\n")
    event_id, kind, integration, received_at = orjson.loads(head)
    return Entry(event_id, kind, integration, datetime.fromisoformat(received_at), body)
