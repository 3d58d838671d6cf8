"""The commands that one transaction leaves for Temporal: their names, and what their payloads hold."""

from enum import StrEnum
from typing import Any

from domain.incidents import IncidentStatus


class CommandKind(StrEnum):
    #: start the workflow of an incident; the target is the incident's id, all else is in its row
    START_INCIDENT = "start_incident"
    #: tell the workflow that the row changed; ``{version, what, by}``
    CHANGED = "changed"
    #: have a run for a schedule and let it look at the schedule and its notices; the target is the schedule's key
    TEND_SCHEDULE = "tend_schedule"


def changed_payload(version: int, what: IncidentStatus | str, by: str | None) -> dict[str, Any]:
    """What the one signal of an incident carries. The run reads the row, so order and repetition do not matter."""
    return {"version": version, "what": str(what), "by": by}
