"""Export files to JSON values, and the sentences for what is no such file."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from config.parse import shown
from config.problems import dotted

_LARGEST_BYTES = 50 * 1024 * 1024
_DEEPEST_LOOK = 6
_ITEMS_LOOKED_AT = 20


class Tool(StrEnum):
    """The tools whose exports can be read, as they are named on the command line."""

    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    GRAFANA_ONCALL = "grafana-oncall"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {Tool.PAGERDUTY: "PagerDuty", Tool.OPSGENIE: "Opsgenie", Tool.GRAFANA_ONCALL: "Grafana OnCall"}

#: fields that one tool has and the others have not
_MARKS = {
    Tool.PAGERDUTY: frozenset({"schedule_layers", "rotation_virtual_start", "contact_methods", "html_url"}),
    Tool.OPSGENIE: frozenset({"rotations", "ownerTeam", "fullName", "onCallParticipants", "timeZone", "took"}),
    Tool.GRAFANA_ONCALL: frozenset({"on_call_now", "rolling_users", "rotation_start", "grafana_id", "team_id"}),
}


class UnreadableExport(Exception):
    """One sentence, with the name of the file, that says what would be right."""


class Foreign(BaseModel):
    """A part of somebody else's export: we read what we know and ignore the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)


def _usable(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("the year must be between 1970 and 9000")
    return moment.replace(microsecond=0)


#: a moment with an offset; one without, on some clock; and the length of something
Instant = Annotated[AwareDatetime, AfterValidator(_usable)]
LocalTime = Annotated[datetime, AfterValidator(_usable)]
Seconds = Annotated[int, Field(ge=1, le=10 * 366 * 86_400)]
Count = Annotated[int, Field(ge=1, le=10_000)]

ForeignT = TypeVar("ForeignT", bound=Foreign)


@dataclass(frozen=True, slots=True)
class ExportFile:
    """``is_named`` is a file that was asked for by its name, not found in a folder."""

    name: str
    value: Any
    is_named: bool = True

    def parse(self, model: type[ForeignT], value: object, what: str) -> ForeignT:
        """One thing of the file. Raises :class:`UnreadableExport` when it has not the shape that the tool gives it."""
        try:
            return model.model_validate(value)
        except ValidationError as invalid:
            first = invalid.errors(include_url=False)[0]
            place = f"{what}, {dotted(first['loc'])}" if first["loc"] else what
            found = "" if first["type"] == "missing" else f" (found {shown(first['input'])})"
            raise UnreadableExport(
                f"{self.name}: {place}: {first['msg']}{found}; export it again from the API, unedited."
            ) from None

    def is_of_another(self, tool: Tool) -> bool:
        """Whether it has fields that only another tool's export has. All of them have users with ids and names."""
        return self._other(tool) is not None and not _has_marks(self.value, tool)

    def unknown(self, tool: Tool) -> UnreadableExport:
        """For a file in which nothing of the tool was found."""
        other = self._other(tool)
        if other is not None:
            return UnreadableExport(
                f"{self.name}: this looks like an export of {other.label}, not of {tool.label}; "
                f"read it with: dutyline import {other} FILE…"
            )
        return UnreadableExport(
            f"{self.name}: there is nothing of {tool.label} in it; see docs/importing.md for the files that are read."
        )

    def _other(self, tool: Tool) -> Tool | None:
        return next((other for other in Tool if other is not tool and _has_marks(self.value, other)), None)


def read_exports(paths: Iterable[Path]) -> list[ExportFile]:
    """The files, and every ``.json`` file in the folders, in a stable order. Raises :class:`UnreadableExport`."""
    found = {file: not path.is_dir() for path in paths for file in _files(path)}
    return [ExportFile(str(path), _read(path), is_named) for path, is_named in found.items()]


def collect_all(files: Sequence[ExportFile], tool: Tool, collect: Callable[[ExportFile], bool]) -> list[str]:
    """Hands each file to ``collect``, which says whether there was anything of the tool in it; returns the names of
    files in folders that had nothing. Raises :class:`UnreadableExport` for a named one, or when none had anything."""
    try:
        empty = [file for file in files if file.is_of_another(tool) or not collect(file)]
    except RecursionError:
        raise UnreadableExport("The files cannot be read: their JSON is too deep to be an export.") from None
    refused = next((file for file in empty if file.is_named), None)
    if refused is None and len(empty) == len(files):
        refused = next(iter(empty), None)
    if refused is not None:
        raise refused.unknown(tool)
    return [file.name for file in empty]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = sorted(file for file in path.rglob("*.json") if file.is_file())
    if not inside:
        raise UnreadableExport(f"{path}: the folder has no .json file in it.")
    return inside


def _read(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise UnreadableExport(
                f"{path}: the file has {size // 2**20} MiB, and at most {_LARGEST_BYTES // 2**20} are read; "
                "export users and schedules only, in several files."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableExport(f"{path}: the file cannot be read: {error.strerror or error}.") from None
    return _json(path, raw)


def _json(path: Path, raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableExport(f"{path}: this is not a text file in UTF-8; save it as UTF-8.") from None
    start = text.lstrip()[:200].lower()
    if not start:
        raise UnreadableExport(f"{path}: the file is empty.")
    if start.startswith("<"):
        raise UnreadableExport(
            f"{path}: this is a web page, not JSON; the request was probably not signed in, so check the API token."
        )
    if "\0" in start:
        raise UnreadableExport(f"{path}: this is not a text file in UTF-8; save it as UTF-8.")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut_off = " The file seems to be cut off at its end." if error.pos >= len(text.rstrip()) - 1 else ""
        raise UnreadableExport(f"{path}: line {error.lineno} is not JSON: {error.msg}.{cut_off}") from None
    except (RecursionError, ValueError):
        raise UnreadableExport(
            f"{path}: this JSON cannot be read: it is nested too deeply or has huge numbers."
        ) from None


def _has_marks(value: object, tool: Tool) -> bool:
    marks = _MARKS[tool]
    return any(not marks.isdisjoint(fields) for fields in _mappings(value, _DEEPEST_LOOK))


def _mappings(value: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth == 0:
        return
    if isinstance(value, dict):
        yield value
    for item in list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())[
        :_ITEMS_LOOKED_AT
    ]:
        yield from _mappings(item, depth - 1)
