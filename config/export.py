"""The stored configuration as one file that can be applied again."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML

from config.parse import parse
from config.resources import SECRET_FIELDS, SINGLETONS, Body, Kind
from config.snapshot import OverrideSource, Snapshot, StoredResource

_REFERENCE = re.compile(r"\$\{[^{}]*\}")
_PREFIXES = {
    Kind.HOTLINES: "HOTLINE",
    Kind.INTEGRATIONS: "INTEGRATION",
    Kind.CARRIERS: "CARRIER",
    Kind.ROOMS: "ROOM",
    Kind.SHIFT_WEBHOOKS: "SHIFT_WEBHOOK",
    Kind.CALENDARS: "CALENDAR",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """``variables`` are the environment variables that ``text`` needs, with their secret values."""

    text: str
    variables: dict[str, str] = field(default_factory=dict)


def export_snapshot(snapshot: Snapshot) -> Exported:
    """Everything except defaults, secrets (``${NAME}`` stands for each) and overrides that were not made by a file."""
    variables: dict[str, str] = {}
    sections: dict[str, Any] = {}
    for kind in Kind:
        stored = snapshot.resources.get(kind, {})
        bodies = {key: _file_body(snapshot, stored[key], variables) for key in sorted(stored)}
        if not bodies:
            continue
        if kind is Kind.ORGANIZATION:
            sections[kind.value] = bodies[kind]["name"]
        else:
            sections[kind.value] = bodies[kind] if kind in SINGLETONS else bodies
    return Exported(_header(variables) + (yaml_text(sections) if sections else ""), variables)


def _file_body(snapshot: Snapshot, resource: StoredResource, variables: dict[str, str]) -> Body:
    model, _ = parse(resource.kind, resource.key, resource.body)
    # What cannot be read any more is written as it is, for a person to mend.
    body = resource.body if model is None else model.short_body()
    if resource.kind is Kind.SCHEDULES:
        body = {**body, **_file_overrides(snapshot, resource.key)}
    return {
        name: _secret(_variable_name(resource, name), value, variables) if name in SECRET_FIELDS else escaped(value)
        for name, value in body.items()
    }


def _file_overrides(snapshot: Snapshot, schedule: str) -> Body:
    overrides = [
        {name: value for name, value in override.body.items() if value not in (None, "")}
        for override in snapshot.overrides_of(schedule)
        if override.source == OverrideSource.FILE
    ]
    return {"overrides": overrides} if overrides else {}


def _secret(name: str, value: Any, variables: dict[str, str]) -> Any:
    match value:
        case list():
            return [_secret(f"{name}_{number}", item, variables) for number, item in enumerate(value, start=1)]
        case str():
            free, count = name, 1
            # Keys that differ in punctuation only lead to the same name.
            while variables.get(free, value) != value:
                count += 1
                free = f"{name}_{count}"
            variables[free] = value
            return f"${{{free}}}"
        case _:
            return value


def _variable_name(resource: StoredResource, field_name: str) -> str:
    words = f"{_PREFIXES.get(resource.kind, resource.kind)}_{resource.key}_{field_name}"
    return re.sub(r"[^A-Z0-9]+", "_", words.upper())


def escaped(value: Any) -> Any:
    """The value with every text written so that reading the file gives it back, whatever ``${…}`` it has."""
    match value:
        case str():
            return _REFERENCE.sub(lambda found: f"${found[0]}", value)
        case dict():
            return {name: escaped(item) for name, item in value.items()}
        case list():
            return [escaped(item) for item in value]
        case _:
            return value


def _header(variables: dict[str, str]) -> str:
    lines = ["# The configuration of Dutyline; apply it with: dutyline apply FILE"]
    if variables:
        lines.append("# Secrets are not in it. Set these environment variables first:")
        lines += [f"#   {name}" for name in sorted(variables)]
    return "\n".join(lines) + "\n"


def yaml_text(sections: dict[str, Any]) -> str:
    """Sections of a configuration file as the text of one."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 1_000_000
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(sections, stream)
    return stream.getvalue()
