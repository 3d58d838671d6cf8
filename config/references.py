"""Which resources a resource names, and where in it."""

from collections.abc import Iterator
from typing import NamedTuple

from config.hotlines import Hotline
from config.problems import Path
from config.resources import (
    Calendar,
    EscalationPolicy,
    Integration,
    Kind,
    Model,
    OwnIncidents,
    ShiftWebhook,
    User,
)
from config.schedules import Schedule


class Reference(NamedTuple):
    path: Path
    kind: Kind
    key: str


def references(model: Model) -> Iterator[Reference]:
    """Every reference, in the order of the file."""
    for path, kind, key in _named(model):
        if key is not None:
            yield Reference(path, kind, key)


def _named(model: Model) -> Iterator[tuple[Path, Kind, str | None]]:
    match model:
        case Schedule():
            for i, layer in enumerate(model.layers):
                for j, member in enumerate(layer.members):
                    yield ("layers", i, "members", j), Kind.USERS, member
            for i, override in enumerate(model.overrides):
                yield ("overrides", i, "user"), Kind.USERS, override.user
                yield ("overrides", i, "replaces"), Kind.USERS, override.replaces
            for i, owner in enumerate(model.owners):
                yield ("owners", i), Kind.USERS, owner
        case User():
            for i, absence in enumerate(model.out_of_office):
                yield ("out_of_office", i, "delegate"), Kind.USERS, absence.delegate
            for schedule in model.shift_notices.schedules:
                yield ("shift_notices", "schedules", schedule), Kind.SCHEDULES, schedule
        case ShiftWebhook() | Calendar():
            for i, schedule in enumerate(model.schedules):
                yield ("schedules", i), Kind.SCHEDULES, schedule
        case EscalationPolicy():
            for i, level in enumerate(model.levels):
                for j, alert in enumerate(level.alerts):
                    yield ("levels", i, "alerts", j, "user"), Kind.USERS, alert.user
                    yield ("levels", i, "alerts", j, "schedule"), Kind.SCHEDULES, alert.schedule
        case Integration():
            yield ("service",), Kind.SERVICES, model.service
            yield ("escalation_policy",), Kind.ESCALATION_POLICIES, model.escalation_policy
        case Hotline():
            yield from _named_by_hotline(model)
        case OwnIncidents():
            yield ("escalation_policy",), Kind.ESCALATION_POLICIES, model.escalation_policy


def _named_by_hotline(hotline: Hotline) -> Iterator[tuple[Path, Kind, str | None]]:
    yield ("carrier",), Kind.CARRIERS, hotline.carrier
    for i, entry in enumerate(hotline.chain):
        yield ("chain", i, "schedule"), Kind.SCHEDULES, entry.schedule
        yield ("chain", i, "user"), Kind.USERS, entry.user
    if hotline.incidents is not None:
        yield ("incidents", "integration"), Kind.INTEGRATIONS, hotline.incidents.integration
        yield ("incidents", "escalation_policy"), Kind.ESCALATION_POLICIES, hotline.incidents.escalation_policy
