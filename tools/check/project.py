"""Rules over the project's other files."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.check.problems import Problem
from tools.fingerprint import workflow_fingerprints_are_current

_HEADING = re.compile(r"^## \[([^\]]+)\]", re.MULTILINE)
#: an address in a lock ties everybody to one index; ``# via`` comments have none
_ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links")


def changelog_and_version_agree(root: Path) -> Iterator[Problem]:
    """*Unreleased* stands on top, and the newest release below it is the version of the project."""
    path = Path("CHANGELOG.md")
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    headings = _HEADING.findall((root / path).read_text())
    if headings[:1] != ["Unreleased"]:
        yield Problem(path, 0, "does not start with ## [Unreleased]")
    elif headings[1:] and headings[1] != version:
        yield Problem(path, 0, f"newest release is {headings[1]}, but pyproject.toml says {version}")


def locks_name_no_index(root: Path) -> Iterator[Problem]:
    for lock in sorted((root / "requirements").glob("*.lock")):
        for number, line in enumerate(lock.read_text().splitlines(), start=1):
            if _ADDRESS.search(line):
                yield Problem(lock.relative_to(root), number, "names a package index or an address")


def locks_hold_every_dependency(root: Path) -> Iterator[Problem]:
    """A dependency that was added to pyproject.toml and never locked would be missing on every other machine."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = {"runtime": project["dependencies"], "dev": project["dependencies"] + _all_extras(project)}
    for name, requirements in groups.items():
        path = Path("requirements") / f"{name}.lock"
        locked = {_normal(line) for line in (root / path).read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)}
        for requirement in requirements:
            if _normal(requirement) not in locked:
                yield Problem(path, 0, f"{requirement} is not locked; run: make lock")


def _all_extras(project: dict[str, dict[str, list[str]]]) -> list[str]:
    return [requirement for extra in project["optional-dependencies"].values() for requirement in extra]


def _normal(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group()).lower() if name else ""


RULES = (
    changelog_and_version_agree,
    locks_name_no_index,
    locks_hold_every_dependency,
    workflow_fingerprints_are_current,
)
