"""``python -m tools.check``: prints every broken rule with its place; ends with 1 when there is one."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.check import project, sources
from tools.check.compose import SchemaUnavailable, compose_file_is_valid
from tools.check.problems import Problem


def main() -> int:
    root = Path(__file__).parents[2]
    problems = sorted([*_source_problems(root), *_project_problems(root), *_compose_problems(root)])
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "House rules kept.")
    return 1 if problems else 0


def _source_problems(root: Path) -> Iterator[Problem]:
    for source in sources.our_sources(root):
        for rule in sources.RULES:
            yield from rule(source)


def _project_problems(root: Path) -> Iterator[Problem]:
    for rule in project.RULES:
        yield from rule(root)


def _compose_problems(root: Path) -> Iterator[Problem]:
    try:
        yield from compose_file_is_valid(root)
    except SchemaUnavailable as reason:
        # In CI nothing is left out; on a laptop the other rules are worth having without Go.
        if os.environ.get("CI") == "true":
            yield Problem(Path("docker-compose.yml"), 0, f"not checked: {reason}")
        else:
            print(f"docker-compose.yml was not checked: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
