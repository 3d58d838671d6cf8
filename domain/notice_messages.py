"""What goes in and out of sending notices. Fields are only ever added, with defaults: old histories must decode."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeliverNotice:
    """``now`` is the workflow's time: it is this late at least."""

    notice_id: str
    now: datetime
