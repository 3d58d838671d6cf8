"""``dutyline import`` as a person types it: files in, a file that applies and a report out, or one clear sentence."""

import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli import configuration, import_schedules
from config.importers import source
from tests.config.imports import EXPORTS

FIXTURES = {
    "pagerduty": EXPORTS / "pagerduty.json",
    "opsgenie": EXPORTS / "opsgenie-backup",
    "grafana-oncall": EXPORTS / "grafana-oncall.json",
}
TOOLS = sorted(FIXTURES)


@pytest.fixture(autouse=True)
def _own_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DUTYLINE_DATABASE_URL", raising=False)
    monkeypatch.delenv("DUTYLINE_SECRET_KEY", raising=False)


def dutyline(*arguments: object) -> Result:
    app = typer.Typer()
    configuration.register(app)
    import_schedules.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("tool", TOOLS)
def test_the_file_applies_and_applying_it_twice_changes_nothing(tool: str, tmp_path: Path) -> None:
    made = tmp_path / "made.yaml"
    assert dutyline("import", tool, FIXTURES[tool], "--out", made, "--report", tmp_path / "report.txt").exit_code == 0
    before, applied, after = dutyline("plan", made), dutyline("apply", made), dutyline("plan", made)
    assert (before.exit_code, applied.exit_code, after.exit_code) == (2, 0, 0)
    assert after.stdout == "Nothing to change.\n"


@pytest.mark.parametrize("tool", TOOLS)
def test_without_options_the_file_goes_to_stdout_and_the_report_to_stderr(tool: str) -> None:
    result = dutyline("import", tool, FIXTURES[tool])
    assert result.stdout.startswith("# Made from an export of ")
    assert "\nusers:\n" in result.stdout
    assert result.stderr.startswith("Import from ")
    assert "Who is on call now" in result.stderr


def test_importing_reaches_for_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert dutyline("import", "pagerduty", FIXTURES["pagerduty"]).exit_code == 0


def refused(tool: str, file: Path) -> str:
    """The one line that a refused file leads to."""
    result = dutyline("import", tool, file, "--out", file.parent / "made.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert not (file.parent / "made.yaml").exists()
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file is empty"),
        (b'{"schedules": [{"id": "P1", ', "is not JSON"),
        (b'{"schedules": [', "The file seems to be cut off at its end"),
        (b"<!DOCTYPE html><html>401</html>", "this is a web page, not JSON"),
        ('{"users": []}'.encode("utf-16"), "this is not a text file in UTF-8"),
        (b'{"users": [{"id": "P1", "name": "\xff"}]}', "this is not a text file in UTF-8"),
        (b'{"error": {"message": "Not found"}}', "there is nothing of PagerDuty in it"),
        (b"[" * 100_000, "this JSON cannot be read"),
        (b"17", "there is nothing of PagerDuty in it"),
    ],
)
def test_bad_files_are_refused_with_one_sentence_that_names_them(content: bytes, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_bytes(content)
    error = refused("pagerduty", file)
    assert error.startswith(f"{file}: ")
    assert sentence in error


def test_a_deep_structure_is_refused_with_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text('{"schedules":[' * 400 + "]}" * 400)
    refused("pagerduty", file)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_LARGEST_BYTES", 2**20)
    file = tmp_path / "export.json"
    with file.open("wb") as stream:
        stream.truncate(3 * 2**20)
    assert "the file has 3 MiB, and at most 1 are read" in refused("opsgenie", file)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    assert "the file cannot be read: No such file or directory." in refused("pagerduty", tmp_path / "none.json")


@pytest.mark.parametrize(("tool", "other"), [(tool, other) for tool in TOOLS for other in TOOLS if tool != other])
def test_another_tools_file_is_recognised(tool: str, other: str, tmp_path: Path) -> None:
    found = FIXTURES[other]
    file = tmp_path / "export.json"
    file.write_bytes((found if found.is_file() else next(found.rglob("ops-*.json"))).read_bytes())
    assert f"read it with: dutyline import {other} FILE…" in refused(tool, file)


def test_a_folder_may_hold_files_of_other_things_which_the_report_names(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    (folder / "pagerduty.json").write_bytes(FIXTURES["pagerduty"].read_bytes())
    (folder / "vendors.json").write_text(json.dumps({"vendors": []}))
    result = dutyline("import", "pagerduty", folder)
    assert result.exit_code == 0
    assert "vendors.json: nothing in it is taken over." in result.stderr


def test_a_folder_without_exports_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "the folder has no .json file in it" in refused("pagerduty", tmp_path / "empty")


def test_a_report_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    target = tmp_path / "none" / "report.txt"
    result = dutyline("import", "pagerduty", FIXTURES["pagerduty"], "--report", target)
    assert result.exit_code == 1
    assert f"{target}: the file cannot be written: No such file or directory." in result.stderr
