"""What is wrong with a piece of configuration, said so that a person knows what would be right."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

#: sections that hold one resource, whose key is the section's name
SINGLE_SECTIONS = frozenset({"organization", "own_incidents"})

#: from the section down to the value: ``("hotlines", "support", "chain", 0, "ring")``
Path = tuple[str | int, ...]


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. ``path`` starts with section and key; an error keeps the resource from being accepted."""

    path: Path
    message: str
    severity: Severity = Severity.ERROR

    @property
    def field(self) -> str:
        """The place inside the resource, ``chain[0].ring``; empty for the resource as a whole."""
        return dotted(self.path[2:])

    def __str__(self) -> str:
        path = self.path[1:] if len(self.path) > 1 and self.path[0] in SINGLE_SECTIONS else self.path
        return f"{dotted(path)}: {self.message}" if path else self.message


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A finding with its place in a file. ``line`` counts from 1, and is ``None`` when the file as a whole is meant;
    ``file`` is empty for a resource that only the database has."""

    file: str
    line: int | None
    problem: Problem

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        prefix = "warning: " if self.problem.severity is Severity.WARNING else ""
        return f"{place}: {prefix}{self.problem}" if place else f"{prefix}{self.problem} (not in these files)"


class InvalidResource(Exception):
    """The resource was refused; ``problems`` says why, errors first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.severity is Severity.WARNING)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class InvalidFiles(Exception):
    """The files were refused as a whole; nothing was changed."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def errors(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean "email"?``, or the known words when none is near, or nothing when there are none."""
    words = sorted(map(str, known))
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    if not words:
        return ""
    shown = ", ".join(words[:20]) + (", …" if len(words) > 20 else "")
    return f"; known are: {shown}"
