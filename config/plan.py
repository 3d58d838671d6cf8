"""What would change: the difference between the stored configuration and what somebody wants.

Pure. Files, the API and the dashboard all come through :func:`make_plan`; ``config.service`` carries a plan out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from config.parse import parse
from config.problems import InvalidResource, Path, Problem, dotted, errors
from config.references import references
from config.resources import SECRET_FIELDS, Body, Kind
from config.sealing import SECRET_MASK
from config.snapshot import OverrideSource, Snapshot, StoredOverride
from config.validator import validate_world
from config.world import World

#: what users set themselves; a file that does not mention it takes nothing back
_SAID_BY_PEOPLE = ("out_of_office", "shift_notices")
#: kinds whose resources have a webhook token, random when left out
_WITH_TOKEN = frozenset({Kind.HOTLINES, Kind.INTEGRATIONS})


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that changes. Secrets are masked."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One resource. ``body`` is complete, without a schedule's overrides; a ``token`` of ``None`` is still to be made.

    ``new_overrides`` are bodies, ``gone_overrides`` ids.
    """

    action: Action
    kind: Kind
    key: str
    body: Body
    fields: tuple[FieldChange, ...] = ()
    new_overrides: tuple[Body, ...] = ()
    gone_overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """``changes`` in the order in which to carry them out; nothing to do when it is empty."""

    version: int
    changes: tuple[Change, ...]
    warnings: tuple[Problem, ...] = ()
    #: who makes the new overrides in it
    source: OverrideSource = OverrideSource.FILE


Wanted = Mapping[Kind, Mapping[str, object]]


def make_plan(
    snapshot: Snapshot,
    wanted: Wanted,
    deletions: frozenset[tuple[Kind, str]] = frozenset(),
    source: OverrideSource = OverrideSource.FILE,
) -> Plan:
    """The changes that make the stored resources equal to ``wanted``; resources it does not name stay. ``source`` says
    where ``wanted`` comes from, and so its new overrides.

    Raises :class:`InvalidResource` when the result would not be valid. Old faults of resources that are not touched do
    not stand in the way.
    """
    current = snapshot.bodies()
    world = World(_merged(snapshot, current, wanted, deletions, source))
    problems = validate_world(world)
    if errors(problems):
        known = set(errors(validate_world(World(current))))
        fresh = [p for p in errors(problems) if p not in known or _is_wanted(p.path, wanted)]
        if fresh:
            raise InvalidResource(_naming_the_deleted(fresh, deletions, world))
    found = (_change(snapshot, world, kind, key, source) for kind, key in _places(wanted))
    changes = [change for change in found if change is not None]
    # What is named by others goes after those that name it.
    for kind, key in sorted(deletions, key=lambda place: list(Kind).index(place[0]), reverse=True):
        stored = snapshot.get(kind, key)
        if stored is not None:
            changes.append(Change(Action.DELETE, kind, key, stored.body))
    warnings = tuple(p for p in problems if p not in errors(problems) and _is_wanted(p.path, wanted))
    return Plan(snapshot.version, tuple(changes), warnings, source)


def not_wanted(snapshot: Snapshot, wanted: Wanted) -> frozenset[tuple[Kind, str]]:
    """The stored resources that are missing in the sections that are wanted: what pruning deletes."""
    return frozenset(
        (kind, key) for kind in wanted for key in snapshot.resources.get(kind, {}) if key not in wanted[kind]
    )


def _places(wanted: Wanted) -> Iterator[tuple[Kind, str]]:
    for kind in Kind:
        for key in wanted.get(kind, {}):
            yield kind, key


def _is_wanted(path: Path, wanted: Wanted) -> bool:
    return path[0] in set(Kind) and path[1] in wanted.get(Kind(str(path[0])), {})


def _merged(
    snapshot: Snapshot,
    current: Mapping[Kind, Mapping[str, Body]],
    wanted: Wanted,
    deletions: frozenset[tuple[Kind, str]],
    source: OverrideSource,
) -> dict[Kind, dict[str, object]]:
    merged: dict[Kind, dict[str, object]] = {}
    for kind in Kind:
        kept = {key: body for key, body in current.get(kind, {}).items() if (kind, key) not in deletions}
        new = {key: _completed(snapshot, kind, key, body, source) for key, body in wanted.get(kind, {}).items()}
        merged[kind] = {**kept, **new}
    return merged


def _completed(snapshot: Snapshot, kind: Kind, key: str, body: object, source: OverrideSource) -> object:
    """The wanted body with what stays although it is not said: the token, what people say of themselves, and overrides
    that are not from files; all of them where somebody puts a schedule without a word on overrides."""
    if not isinstance(body, dict):
        return body
    stored = snapshot.get(kind, key)
    if kind is Kind.USERS and stored is not None and source is OverrideSource.FILE:
        return {**{name: stored.body[name] for name in _SAID_BY_PEOPLE if name in stored.body}, **body}
    if kind in _WITH_TOKEN and stored is not None and body.get("token") is None:
        return {**body, "token": stored.body.get("token")}
    if kind is Kind.SCHEDULES and isinstance(body.get("overrides", []), list):
        given = list(body.get("overrides", []))
        ids = [item.get("id") for item in given if isinstance(item, dict)]
        all_stay = source is not OverrideSource.FILE and "overrides" not in body
        others = [
            o for o in snapshot.overrides_of(key) if (all_stay or o.source != OverrideSource.FILE) and o.id not in ids
        ]
        return {**body, "overrides": [*given, *(override.shown() for override in others)]}
    return body


def _change(snapshot: Snapshot, world: World, kind: Kind, key: str, source: OverrideSource) -> Change | None:
    model, _ = world.parsed(kind, key)
    assert model is not None, "the world was validated"
    body = model.body()
    overrides: list[Body] = body.pop("overrides", []) if kind is Kind.SCHEDULES else []
    # Other resources may have a schedule's key.
    known = snapshot.overrides_of(key) if kind is Kind.SCHEDULES else ()
    new, gone = _override_changes(known, overrides, source)
    stored = snapshot.get(kind, key)
    before = {} if stored is None else _with_defaults(kind, key, stored.body)
    fields = tuple(_field_changes(before, body)) + tuple(_override_fields(new, gone))
    if stored is not None and not fields:
        return None
    action = Action.CREATE if stored is None else Action.UPDATE
    return Change(action, kind, key, body, fields, new, tuple(override.id for override in gone))


def _with_defaults(kind: Kind, key: str, body: Body) -> Body:
    """What an earlier version stored lacks the fields of today: they have their defaults, and that is no change."""
    model, _ = parse(kind, key, body)
    return body if model is None else model.body()


def _override_changes(
    stored: Sequence[StoredOverride], wanted: Sequence[Body], source: OverrideSource
) -> tuple[tuple[Body, ...], tuple[StoredOverride, ...]]:
    """Overrides that are new, and those that are gone. An unchanged one keeps its id and its age; one that was edited
    is a new one in place of the old. A file knows its own overrides only, and has no ids: there the content decides."""
    contents = [{name: value for name, value in body.items() if name != "id"} for body in wanted]
    by_id = {body["id"]: content for body, content in zip(wanted, contents, strict=True) if body.get("id")}
    kept = {override.id for override in stored if by_id.get(override.id) == override.body}
    new = []
    for body, content in zip(wanted, contents, strict=True):
        if body.get("id") in kept:
            continue
        alike = [override for override in stored if override.body == content]
        from_file = next((o.id for o in alike if o.source == OverrideSource.FILE and o.id not in kept), None)
        if from_file is not None:
            kept.add(from_file)
        # Put twice, it is there once.
        elif source is OverrideSource.FILE or not any(override.id in kept for override in alike):
            new.append(content)
    gone = (o for o in stored if o.id not in kept and (o.source == OverrideSource.FILE or o.id in by_id))
    return tuple(new), tuple(gone)


def _override_fields(new: tuple[Body, ...], gone: tuple[StoredOverride, ...]) -> Iterator[FieldChange]:
    for override in gone:
        yield FieldChange("overrides", override.body, None)
    for body in new:
        yield FieldChange("overrides", None, body)


def _field_changes(before: Any, after: Any, path: Path = ()) -> Iterator[FieldChange]:
    """The leaves that differ; a list is one leaf."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in after:
            yield from _field_changes(before.get(name), after[name], (*path, name))
    elif before != after:
        hidden = bool(SECRET_FIELDS.intersection(map(str, path)))
        yield FieldChange(dotted(path), *(SECRET_MASK if hidden and v is not None else v for v in (before, after)))


def _naming_the_deleted(
    problems: list[Problem], deletions: frozenset[tuple[Kind, str]], world: World
) -> Iterator[Problem]:
    """A reference to something that is to be deleted is told as what it is."""
    for problem in problems:
        model, _ = world.parsed(Kind(str(problem.path[0])), str(problem.path[1]))
        named = {ref.path: (ref.kind, ref.key) for ref in references(model)} if model is not None else {}
        target = named.get(problem.path[2:])
        if target in deletions:
            what_to_do = "delete this override first" if "overrides" in problem.path[2:3] else "change it first"
            yield Problem(problem.path, f"still refers to {target[0]}.{target[1]}; {what_to_do}, or keep {target[1]}")
        else:
            yield problem
