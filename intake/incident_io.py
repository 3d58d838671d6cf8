"""What incident.io's webhooks say: which event it is, and how the incident stands.

The body is ``{"event_type": …, "<event type>": {…}}``; whoever passes it on may have put it under ``data``, or the
incident under ``incident``. incident.io adds fields and words as it likes, so only what is used is looked at.
"""

from dataclasses import dataclass
from typing import Any

from domain.directory import IncidentIoEvent, Severity
from domain.incidents import read_severity, title_text, word_of

_EVENTS = {
    "public_incident.incident_created_v2": IncidentIoEvent.CREATED,
    "public_incident.incident_updated_v2": IncidentIoEvent.UPDATED,
    "public_incident.incident_status_updated_v2": IncidentIoEvent.UPDATED,
}
#: the categories of status in which nobody needs to be reached any more
_OVER = frozenset({"closed", "declined", "merged", "canceled", "learning"})
#: the statuses of these names, where the category is not told
_OVER_BY_NAME = frozenset({"closed", "declined", "merged", "canceled"})
_SEVERITIES = {"critical": Severity.SEV1, "major": Severity.SEV2, "minor": Severity.SEV3}


@dataclass(frozen=True, slots=True)
class IncidentIoIncident:
    """``identity`` stays the same while the title changes; empty when there is nothing to know the incident by."""

    title: str
    identity: str
    is_over: bool
    severity_word: object
    severity: Severity | None


def event_of(document: dict[str, Any]) -> IncidentIoEvent | None:
    """``None`` for what cannot be selected: follow-ups, private incidents (of which only the id is told), …"""
    event_type = _content(document).get("event_type")
    return _EVENTS.get(event_type) if isinstance(event_type, str) else None


def read_incident(document: dict[str, Any]) -> IncidentIoIncident:
    """The incident of a document that :func:`event_of` knows. Raises ``ValueError`` when it has none."""
    content = _content(document)
    incident = content.get("incident") or content.get(content["event_type"])
    # A change of status has the incident beside the old and the new status.
    if isinstance(incident, dict) and isinstance(incident.get("incident"), dict):
        incident = incident["incident"]
    if not isinstance(incident, dict):
        raise ValueError("the event has no incident")
    return _read(incident)


def _content(document: dict[str, Any]) -> dict[str, Any]:
    data = document.get("data")
    return data if isinstance(data, dict) and "event_type" not in document else document


def _read(incident: dict[str, Any]) -> IncidentIoIncident:
    incident_id, reference, name = (title_text(incident.get(field)) for field in ("id", "reference", "name"))
    title = name if name.strip() else reference or incident_id
    severity_word = _object(incident, "severity").get("name")
    return IncidentIoIncident(
        title=title,
        identity=f"incident-io:{incident_id}" if incident_id else title,
        is_over=_is_over(_object(incident, "incident_status")),
        severity_word=severity_word,
        severity=_SEVERITIES.get(word_of(severity_word)) or read_severity(severity_word),
    )


def _is_over(status: dict[str, Any]) -> bool:
    category = word_of(status.get("category"))
    return category in _OVER if category else word_of(status.get("name")) in _OVER_BY_NAME


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}
