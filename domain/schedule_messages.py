"""What goes in and out of a schedule's run. Fields are only ever added, with defaults: old histories must decode."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ScheduleStart:
    """All else is in the configuration and in rows. ``indexed``: our search attributes are registered and may be
    set."""

    schedule: str
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class TendSchedule:
    """``now`` is the workflow's time: it is this late at least."""

    schedule: str
    now: datetime


@dataclass(frozen=True, slots=True)
class TendedSchedule:
    """The schedule after everything that happened was written down. ``exists`` is false when it is gone.

    ``wake_at`` is when to look again, and ``waits_for`` names it in words; ``deliver`` are notices still to be sent.
    """

    exists: bool
    wake_at: datetime | None = None
    waits_for: str = ""
    deliver: tuple[str, ...] = ()
