"""What goes in and out of an incident's run. Fields are only ever added, with defaults: old histories must decode."""

from dataclasses import dataclass
from datetime import datetime

from domain.incidents import IncidentStatus


@dataclass(frozen=True, slots=True)
class IncidentStart:
    """All else is in the incident's row. ``indexed``: our search attributes are registered and may be set."""

    incident_id: str
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """The row has at least this version now. ``what`` and ``by`` are for people who read the history."""

    version: int
    what: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class TendIncident:
    """``now`` is the workflow's time: what counts as due."""

    incident_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Tended:
    """The incident after everything that was due is done. ``status`` is ``None`` when there is no such incident.

    ``wake_at`` is when something is due again, and ``waits_for`` names it; ``deliver`` are alerts still to be sent.
    """

    status: IncidentStatus | None
    version: int = 0
    number: int = 0
    wake_at: datetime | None = None
    waits_for: str = ""
    deliver: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliverAlert:
    notification_id: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """``next_notification_id`` is the alert over another channel that takes the place of a refused one."""

    next_notification_id: str | None = None
