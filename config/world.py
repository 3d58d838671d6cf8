"""All resources at one moment, parsed once: what the rules between resources look at."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeVar

from config.hotlines import Hotline
from config.parse import parse
from config.problems import Problem
from config.resources import Integration, Kind, Model

M = TypeVar("M", bound=Model)


class World:
    """Bodies by kind and key. The bodies are not changed afterwards."""

    def __init__(self, bodies: Mapping[Kind, Mapping[str, object]]) -> None:
        self._bodies = {kind: dict(bodies.get(kind, {})) for kind in Kind}
        self._parsed: dict[tuple[Kind, str], tuple[Model | None, list[Problem]]] = {}

    def with_resource(self, kind: Kind, key: str, body: object) -> "World":
        changed = World({**self._bodies, kind: {**self._bodies[kind], key: body}})
        changed._parsed = {place: parsed for place, parsed in self._parsed.items() if place != (kind, key)}
        return changed

    def has(self, kind: Kind, key: str) -> bool:
        return key in self._bodies[kind]

    def keys(self, kind: Kind) -> list[str]:
        return list(self._bodies[kind])

    def body(self, kind: Kind, key: str) -> object:
        return self._bodies[kind].get(key)

    def bodies(self) -> Iterator[tuple[Kind, str, object]]:
        for kind in Kind:
            for key, body in self._bodies[kind].items():
                yield kind, key, body

    def parsed(self, kind: Kind, key: str) -> tuple[Model | None, list[Problem]]:
        place = (kind, key)
        if place not in self._parsed:
            self._parsed[place] = parse(kind, key, self._bodies[kind].get(key))
        return self._parsed[place]

    def get(self, kind: Kind, key: str | None, model: type[M]) -> M | None:
        """The resource as that model; ``None`` when there is none, or none that can be read."""
        if key is None or not self.has(kind, key):
            return None
        found, _ = self.parsed(kind, key)
        return found if isinstance(found, model) else None

    def all(self, kind: Kind, model: type[M]) -> dict[str, M]:
        return {key: found for key in self._bodies[kind] if (found := self.get(kind, key, model)) is not None}

    @cached_property
    def hotlines_by_number(self) -> dict[str, list[str]]:
        return _grouped((hotline.number, key) for key, hotline in self.all(Kind.HOTLINES, Hotline).items())

    @cached_property
    def hotlines_by_token(self) -> dict[str, list[str]]:
        hotlines = self.all(Kind.HOTLINES, Hotline).items()
        return _grouped((hotline.token, key) for key, hotline in hotlines if hotline.token)

    @cached_property
    def integrations_by_token(self) -> dict[str, list[str]]:
        integrations = self.all(Kind.INTEGRATIONS, Integration).items()
        return _grouped((integration.token, key) for key, integration in integrations if integration.token)


def _grouped(pairs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for value, key in pairs:
        grouped.setdefault(value, []).append(key)
    return grouped
