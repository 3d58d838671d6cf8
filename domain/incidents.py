"""The rules of an incident: its life cycle, the words for priority and severity, what a title is, what is frozen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from domain.directory import AlertTarget, Directory, EscalationPolicy, Integration, Level, Priority, Repeat, Severity


class IncidentStatus(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


_PRIORITY_WORDS = {priority.value: priority for priority in Priority}
_SEVERITY_WORDS = {
    **{severity.value: severity for severity in Severity},
    "high": Severity.SEV1,
    "medium": Severity.SEV2,
    "low": Severity.SEV3,
}


def read_priority(word: object) -> Priority | None:
    """``p1`` to ``p5`` in any case; anything else is nothing."""
    return _PRIORITY_WORDS.get(word_of(word))


def read_severity(word: object) -> Severity | None:
    """``sev1`` to ``sev3``, or ``high``, ``medium`` and ``low`` for them, in any case; anything else is nothing."""
    return _SEVERITY_WORDS.get(word_of(word))


def word_of(value: object) -> str:
    """A word as it is compared: without case and the space around it; nothing for what is no text."""
    return value.strip().lower() if isinstance(value, str) else ""


def title_text(title: object) -> str:
    """The title of an event as text: a string as it is, nothing for ``null``, and for all else its JSON text."""
    if title is None:
        return ""
    if isinstance(title, str):
        return title
    return json.dumps(title, ensure_ascii=False, separators=(",", ":"))


def dedup_key(title: str) -> str | None:
    """What makes two events of an integration the same incident: the bytes of the title. An empty title never groups.

    A digest, because a title has no length limit but an index entry has, and because databases compare text by rules of
    their own.
    """
    if not title:
        return None
    return hashlib.sha256(title.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """How an incident escalates, frozen when it opens. *Who* is on call is looked up at each level, not here.

    ``policy`` is ``None`` when the integration has none: the incident is open and visible, and alerts nobody.
    """

    policy: EscalationPolicy | None
    ack_timeout_seconds: int | None = None
    resolve_after_seconds: int | None = None
    repeat: Repeat | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "PolicySnapshot":
        policy, repeat = document["policy"], document["repeat"]
        return cls(
            policy=None if policy is None else _policy_from_json(policy),
            ack_timeout_seconds=document["ack_timeout_seconds"],
            resolve_after_seconds=document["resolve_after_seconds"],
            repeat=None if repeat is None else Repeat(**repeat),
        )


def _policy_from_json(document: Mapping[str, Any]) -> EscalationPolicy:
    levels = tuple(
        Level(
            alerts=tuple(AlertTarget(**alert) for alert in level["alerts"]),
            escalate_after_seconds=level["escalate_after_seconds"],
        )
        for level in document["levels"]
    )
    return EscalationPolicy(
        key=document["key"], name=document["name"], levels=levels, delay_seconds=document["delay_seconds"]
    )


def snapshot_policy(
    directory: Directory, integration: Integration | None, policy_key: str | None = None
) -> PolicySnapshot:
    """The policy for a new incident: the one that ``policy_key`` names while it exists, else the integration's own."""
    policies = directory.escalation_policies
    named = policies.get(policy_key) if policy_key else None
    if integration is None:
        return PolicySnapshot(named)
    own = policies.get(integration.escalation_policy) if integration.escalation_policy else None
    return PolicySnapshot(
        named or own, integration.ack_timeout_seconds, integration.resolve_after_seconds, integration.repeat
    )
