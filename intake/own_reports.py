"""What the worker has to say of Dutyline itself: events of the built-in integration, ready for the journal."""

from datetime import datetime

import orjson

from domain.directory import OWN_INTEGRATION, Directory
from domain.ids import derived_id
from domain.titles import rfc3339
from intake.events import EventKind
from storage.journal import Entry


def set_aside_report(entry: Entry, reason: str, directory: Directory, at: datetime) -> Entry:
    """The event that opens Dutyline's own incident about an event that was set aside. Its id follows from that event's,
    so that reporting twice counts once; equal titles make one incident of each integration's."""
    integration = directory.integrations.get(entry.integration)
    name = integration.name if integration else entry.integration
    body = {
        "title": f"Events of {name} cannot be processed and are set aside",
        "body": f"Event {entry.id}, received at {rfc3339(entry.received_at)}, failed again and again: {reason}. "
        "Nobody is alerted for it. It is kept in the table journal, with the reason in the column failed.",
        "escalation_policy": directory.own_incidents_policy or (integration.escalation_policy if integration else None),
    }
    return Entry(derived_id("evt", "set aside", entry.id), EventKind.OWN, OWN_INTEGRATION, at, orjson.dumps(body))


def lost_runs_report(count: int, directory: Directory, at: datetime) -> Entry:
    """The event that says that open incidents had no running workflow: somebody ended runs, or Temporal lost them."""
    body = {
        "title": "Open incidents had no running workflow",
        "body": f"{count} of them at {rfc3339(at)}. Each was started again from where it stands; its timeline says so. "
        "Was a workflow terminated by hand, or Temporal's database restored or lost?",
        "escalation_policy": directory.own_incidents_policy,
    }
    return Entry(derived_id("evt", "lost runs", at.isoformat()), EventKind.OWN, OWN_INTEGRATION, at, orjson.dumps(body))
