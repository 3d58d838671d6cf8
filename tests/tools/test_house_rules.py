"""Our own rules find what they are meant to find, and nothing else."""

import ast
import textwrap
from pathlib import Path

import pytest

from tools.check.compose import validate
from tools.check.project import changelog_and_version_agree, locks_hold_every_dependency, locks_name_no_index
from tools.check.sources import (
    Rule,
    Source,
    activities_are_asked_for_with_limits,
    definitions_have_names,
    files_are_short,
    pure_folders_do_no_io,
)


def _found(rule: Rule, text: str, path: str = "workflows/call.py") -> list[str]:
    text = textwrap.dedent(text)
    return [problem.sentence for problem in rule(Source(Path(path), text, ast.parse(text)))]


def _project(tmp_path: Path, version: str = "0.2.0", changelog: str = "", lock: str = "") -> Path:
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nversion = "{version}"\ndependencies = ["ruamel.yaml>=0.19"]\n[project.optional-dependencies]\n'
    )
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    (tmp_path / "requirements").mkdir()
    for name in ("dev", "runtime"):
        (tmp_path / "requirements" / f"{name}.lock").write_text(lock)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    ["import os", "from pathlib import Path", "from urllib import request", "import urllib.request", "import asyncio"],
)
def test_domain_imports_nothing_that_could_do_io(line: str) -> None:
    assert len(_found(pure_folders_do_no_io, line, "domain/rules.py")) == 1


@pytest.mark.parametrize(
    "line",
    ["import asyncio", "from temporalio import workflow", "from domain.events import CallEvent", "from . import names"],
)
def test_workflows_may_import_what_a_workflow_needs(line: str) -> None:
    assert _found(pure_folders_do_no_io, line) == []


@pytest.mark.parametrize("line", ["import storage.calls", "import socket", "from config.settings import Settings"])
def test_workflows_import_nothing_else(line: str) -> None:
    assert len(_found(pure_folders_do_no_io, line)) == 1


@pytest.mark.parametrize("call", ["datetime.now(UTC)", "Instant.now()", "date.today()", "open('f')", "print('x')"])
def test_pure_folders_ask_no_clock_and_open_nothing(call: str) -> None:
    assert len(_found(pure_folders_do_no_io, call)) == 1


def test_the_workflow_clock_is_allowed() -> None:
    assert _found(pure_folders_do_no_io, "workflow.now()") == []


def test_other_folders_may_do_io() -> None:
    assert _found(pure_folders_do_no_io, "import os\nopen('f')", "storage/engine.py") == []


def test_an_activity_call_without_limits_is_found_three_times() -> None:
    found = _found(activities_are_asked_for_with_limits, "workflow.execute_activity('send', payload)")
    assert [sentence.split(" without ")[1].split(",")[0].split(" ")[0] for sentence in found] == [
        "retry_policy",
        "a",
        "summary",
    ]


def test_an_activity_call_with_limits_is_fine() -> None:
    call = "workflow.start_activity('send', retry_policy=ONCE, start_to_close_timeout=TEN, summary='Send')"
    assert _found(activities_are_asked_for_with_limits, call) == []


@pytest.mark.parametrize(
    "decorator",
    ["workflow.defn", "workflow.defn(sandboxed=False)", "workflow.signal", "workflow.update", "activity.defn()"],
)
def test_a_definition_without_a_name_is_found(decorator: str) -> None:
    assert len(_found(definitions_have_names, f"@{decorator}\nclass Call: ...")) == 1


@pytest.mark.parametrize("decorator", ["workflow.defn(name='call')", "workflow.signal(dynamic=True)", "dataclass"])
def test_a_definition_with_a_name_is_fine(decorator: str) -> None:
    assert _found(definitions_have_names, f"@{decorator}\nclass Call: ...") == []


def test_a_long_file_is_found() -> None:
    assert _found(files_are_short, "x = 1\n" * 451) == ["has 451 lines; split it by topic (at most 450)"]
    assert _found(files_are_short, "x = 1\n" * 450) == []


def test_a_changelog_without_a_release_is_fine(tmp_path: Path) -> None:
    assert list(changelog_and_version_agree(_project(tmp_path, changelog="# Changelog\n\n## [Unreleased]\n"))) == []


def test_a_changelog_whose_newest_release_is_not_the_version_is_found(tmp_path: Path) -> None:
    changelog = "## [Unreleased]\n\n## [0.1.0] - 2026-11-30\n"
    (problem,) = changelog_and_version_agree(_project(tmp_path, changelog=changelog))
    assert problem.sentence == "newest release is 0.1.0, but pyproject.toml says 0.2.0"


def test_a_lock_with_an_index_address_is_found(tmp_path: Path) -> None:
    root = _project(tmp_path, lock="--index-url https://packages.example/simple\nruamel-yaml==0.19.1\n")
    assert len(list(locks_name_no_index(root))) == 2


def test_a_dependency_that_is_not_locked_is_found(tmp_path: Path) -> None:
    assert len(list(locks_hold_every_dependency(_project(tmp_path, lock="jinja2==3.1.6\n")))) == 2


def test_names_of_locked_packages_compare_by_the_packaging_rules(tmp_path: Path) -> None:
    assert list(locks_hold_every_dependency(_project(tmp_path, lock="ruamel-yaml==0.19.1 \\\n"))) == []


def test_a_compose_file_that_breaks_the_schema_is_found_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "docker-compose.yml"
    path.write_text("services: {api: {image: 5}}\n")
    service = {"properties": {"image": {"type": "string"}}}
    schema: dict[str, object] = {"properties": {"services": {"additionalProperties": service}}}
    (problem,) = validate(path, schema)
    assert str(problem) == "docker-compose.yml: services.api.image: 5 is not of type 'string'"
