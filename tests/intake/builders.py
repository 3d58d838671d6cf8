"""Short ways to write events, to process them, and to look at what became of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect, select

from domain.directory import (
    AlertTarget,
    Directory,
    EscalationPolicy,
    Integration,
    IntegrationType,
    Level,
    Repeat,
    Service,
)
from intake.events import CallEvent, EventKind, new_event_id
from intake.processor import Processor
from storage.engine import Database
from storage.journal import Entry, Journal
from storage.tables import Base, CommandRow, EventIdRow, IncidentRow, IncidentTimelineRow, OccurrenceRow

AT = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)

POLICY = EscalationPolicy("default", "Default", (Level((AlertTarget("sms", user="ana"),), 300), Level(())), 30)
OTHER_POLICY = EscalationPolicy("calls", "Calls", (Level((AlertTarget("phone", schedule="primary"),)),))
WEBHOOK = Integration(
    "web",
    "Payments webhook",
    "demo-payments",
    service="payments",
    escalation_policy="default",
    ack_timeout_seconds=1200,
    repeat=Repeat(5, 600),
)
OTHER_WEBHOOK = Integration("other", "Other webhook", "demo-other")
SIGNED = Integration("signed", "incident.io", "demo-signed", type=IntegrationType.INCIDENT_IO)
DIRECTORY = Directory(
    escalation_policies={"default": POLICY, "calls": OTHER_POLICY},
    services={"payments": Service("payments", "Payments")},
    integrations={one.key: one for one in (WEBHOOK, OTHER_WEBHOOK, SIGNED)},
)


def push(document: dict[str, Any] | bytes, *, id: str | None = None, integration: str = "web") -> Entry:  # noqa: A002
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Entry(id or new_event_id(), EventKind.PUSH, integration, AT, body)


def call(call_id: str, **fields: Any) -> Entry:
    defaults: dict[str, Any] = {"integration": "web", "title": "Hotline: Call", "payload": {"title": "Hotline: Call"}}
    return CallEvent(call_id, **(defaults | fields)).entry(AT)


async def process(journal: Journal, processor: Processor, *entries: Entry) -> None:
    """Append and process, until nothing is left."""
    for entry in entries:
        await journal.append(entry)
    while await processor.step():
        pass


async def rows(database: Database, table: type[Base]) -> Sequence[Any]:
    async with database.read() as session:
        return (await session.scalars(select(table).order_by(*inspect(table).primary_key))).all()


async def incidents(database: Database) -> Sequence[IncidentRow]:
    return sorted(await rows(database, IncidentRow), key=lambda row: row.number)


async def only_incident(database: Database) -> IncidentRow:
    (incident,) = await incidents(database)
    return incident


async def timeline(database: Database) -> list[tuple[str, str]]:
    return [(row.kind, row.text) for row in await rows(database, IncidentTimelineRow)]


async def commands(database: Database) -> list[tuple[str, str]]:
    return [(row.kind, row.target) for row in await rows(database, CommandRow)]


async def occurrences(database: Database) -> Sequence[OccurrenceRow]:
    return await rows(database, OccurrenceRow)


async def event_ids(database: Database) -> dict[str, str | None]:
    return {row.event_id: row.incident_id for row in await rows(database, EventIdRow)}
