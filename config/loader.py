"""Configuration files to one document: read, filled in from the environment, merged."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from config.parse import shown
from config.problems import FileProblem, InvalidFiles, Path, Problem, did_you_mean
from config.resources import SINGLETONS, Kind
from config.yaml_reader import UnreadableYaml, read_yaml

#: ``$${NAME}`` stands for the text ``${NAME}`` itself
_VARIABLE = re.compile(r"\$?\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """What the files say. ``sections`` are those that are there at all, even if empty."""

    bodies: dict[Kind, dict[str, Any]] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)

    @property
    def sections(self) -> frozenset[Kind]:
        return frozenset(self.bodies)

    def locate(self, problem: Problem) -> FileProblem:
        """The problem with the nearest place that the files have for it; no place for what only the database has."""
        for length in range(len(problem.path), 0, -1):
            place = self.places.get(problem.path[:length])
            if place is not None and (length > 1 or len(problem.path) == 1):
                return FileProblem(place.file, place.line, problem)
        return FileProblem("", None, problem)


def load_files(paths: Iterable[FilePath], environment: Mapping[str, str]) -> Document:
    """Read and merge the files. Raises :class:`InvalidFiles` with everything that is wrong, never anything else."""
    document, problems = Document(), list[FileProblem]()
    for path in paths:
        problems += _add_file(document, path, environment)
    if problems:
        raise InvalidFiles(problems)
    return document


def _add_file(document: Document, path: FilePath, environment: Mapping[str, str]) -> list[FileProblem]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return [_file_problem(path, None, "this is not a text file in UTF-8")]
    except (OSError, ValueError) as error:
        return [_file_problem(path, None, f"the file cannot be read: {getattr(error, 'strerror', None) or error}")]
    return _add_text(document, path, text, environment)


def _add_text(document: Document, path: FilePath, text: str, environment: Mapping[str, str]) -> list[FileProblem]:
    try:
        yaml = read_yaml(text)
    except UnreadableYaml as error:
        return [_file_problem(path, error.line, error.message)]
    if yaml.value is None:
        return []
    if not isinstance(yaml.value, dict):
        return [
            _file_problem(path, 1, f"the file must be a mapping of sections like users: …; found {shown(yaml.value)}")
        ]
    reader = _FileReader(document, str(path), yaml.lines, environment)
    for name, section in yaml.value.items():
        reader.add_section(name, section)
    return reader.problems


def _file_problem(path: FilePath, line: int | None, message: str) -> FileProblem:
    return FileProblem(str(path), line, Problem((), message))


class _FileReader:
    """Adds the sections of one file to the document and collects what is wrong with them."""

    def __init__(self, document: Document, file: str, lines: dict[Path, int], environment: Mapping[str, str]) -> None:
        self.problems: list[FileProblem] = []
        self._document = document
        self._file = file
        self._lines = lines
        self._environment = environment
        for path, line in lines.items():
            # A section with one resource has no key of its own in the file.
            full = (path[0], *path) if path[0] in SINGLETONS else path
            document.places.setdefault(full, Place(file, line))

    def add_section(self, name: str, section: Any) -> None:
        if name not in set(Kind):
            self._problem((name,), f"unknown section{did_you_mean(name, set(Kind))}")
            return
        kind = Kind(name)
        if kind in SINGLETONS:
            self._add_singleton(kind, section)
            return
        if not isinstance(section, dict | None):
            self._problem((name,), f"must be a mapping from keys to {name}; found {shown(section)}")
            return
        bodies = self._document.bodies.setdefault(kind, {})
        for key, body in (section or {}).items():
            self._add(bodies, (kind.value, key), (kind.value, key), body)

    def _add_singleton(self, kind: Kind, body: Any) -> None:
        if kind is Kind.ORGANIZATION:
            if not isinstance(body, str):
                self._problem((kind.value,), f"must be a name; found {shown(body)}")
                return
            body = {"name": body}
        self._add(self._document.bodies.setdefault(kind, {}), (kind.value, kind.value), (kind.value,), body)

    def _add(self, bodies: dict[str, Any], path: Path, path_in_file: Path, body: Any) -> None:
        key = str(path[-1])
        if key in bodies:
            first = self._document.places[path]
            self._problem(path_in_file, f"is already in {first.file}, line {first.line}; each key must be unique")
            return
        bodies[key] = self._filled_in(body, path_in_file)

    def _filled_in(self, value: Any, path: Path) -> Any:
        match value:
            case str():
                return _VARIABLE.sub(lambda found: self._variable(found, path), value)
            case dict():
                return {key: self._filled_in(item, (*path, key)) for key, item in value.items()}
            case list():
                return [self._filled_in(item, (*path, number)) for number, item in enumerate(value)]
            case _:
                return value

    def _variable(self, found: re.Match[str], path: Path) -> str:
        if found[0].startswith("$$"):
            return found[0][1:]
        name = found[1]
        if not _NAME.fullmatch(name):
            self._problem(path, f"{found[0]} names no environment variable; write one like ${{TWILIO_AUTH_TOKEN}}")
        elif name not in self._environment:
            self._problem(path, f"the environment variable {name} is not set; set it, or write the value here")
        return self._environment.get(name, "")

    def _problem(self, path: Path, message: str) -> None:
        place = self._place(path)
        self.problems.append(FileProblem(place.file, place.line, Problem(path, message)))

    def _place(self, path: Path) -> Place:
        while path and path not in self._lines:
            path = path[:-1]
        return Place(self._file, self._lines.get(path))
