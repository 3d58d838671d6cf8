"""The stored configuration at one version."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from config.resources import Body, Kind


class OverrideSource(StrEnum):
    """Who made an override. Only those of files are replaced when files are applied."""

    FILE = "file"
    API = "api"
    DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True)
class StoredResource:
    """``body`` is complete and in the shape of the file, secrets in plain. ``version`` rises with each change."""

    kind: Kind
    key: str
    body: Body
    version: int


@dataclass(frozen=True, slots=True)
class StoredOverride:
    """``body`` as in the file. ``created_at`` orders overrides: the newest wins."""

    id: str
    schedule: str
    body: Body
    source: str
    created_at: datetime

    def shown(self) -> Body:
        return {**self.body, "id": self.id}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Schedules are kept without their overrides, which have a life of their own."""

    version: int = 0
    resources: dict[Kind, dict[str, StoredResource]] = field(default_factory=dict)
    overrides: tuple[StoredOverride, ...] = ()

    def get(self, kind: Kind, key: str) -> StoredResource | None:
        return self.resources.get(kind, {}).get(key)

    def overrides_of(self, schedule: str) -> list[StoredOverride]:
        """The oldest first, those of files before the others, so that places in a file keep their numbers."""
        own = [override for override in self.overrides if override.schedule == schedule]
        return sorted(
            own, key=lambda override: (override.source != OverrideSource.FILE, override.created_at, override.id)
        )

    def bodies(self) -> dict[Kind, dict[str, Body]]:
        """Every body as the API shows it: a schedule's with all its overrides."""
        return {
            kind: {key: self.shown_body(resource) for key, resource in resources.items()}
            for kind, resources in self.resources.items()
        }

    def shown_body(self, resource: StoredResource) -> Body:
        if resource.kind is not Kind.SCHEDULES:
            return resource.body
        return {**resource.body, "overrides": [override.shown() for override in self.overrides_of(resource.key)]}

    def as_json(self) -> dict[str, Any]:
        resources = [asdict(resource) for section in self.resources.values() for resource in section.values()]
        overrides = [{**asdict(override), "created_at": override.created_at.isoformat()} for override in self.overrides]
        return {"version": self.version, "resources": resources, "overrides": overrides}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Snapshot":
        """What :meth:`as_json` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError`` on anything else."""
        overrides = (
            StoredOverride(**{**each, "created_at": datetime.fromisoformat(each["created_at"])})
            for each in saved["overrides"]
        )
        resources = (StoredResource(**{**each, "kind": Kind(each["kind"])}) for each in saved["resources"])
        return snapshot_of(saved["version"], resources, overrides)


def snapshot_of(version: int, resources: Iterable[StoredResource], overrides: Iterable[StoredOverride]) -> Snapshot:
    by_kind: dict[Kind, dict[str, StoredResource]] = {}
    for resource in resources:
        by_kind.setdefault(resource.kind, {})[resource.key] = resource
    return Snapshot(version, by_kind, tuple(overrides))
