"""``dutyline plan``, ``apply`` and ``export`` as a person types them."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.configuration import register
from tests.config.example import ENVIRONMENT, EXAMPLE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {**ENVIRONMENT, "DUTYLINE_DATA_DIR": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DUTYLINE_DATABASE_URL", raising=False)
    monkeypatch.delenv("DUTYLINE_SECRET_KEY", raising=False)
    (tmp_path / "acme.yaml").write_text(EXAMPLE)
    return tmp_path


def dutyline(*arguments: object) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_plan_exits_2_before_and_0_after_applying(folder: Path) -> None:
    file = folder / "acme.yaml"
    before, applied, after = dutyline("plan", file), dutyline("apply", file), dutyline("plan", file)
    assert (before.exit_code, applied.exit_code, after.exit_code) == (2, 0, 0)
    assert "+ hotlines.support" in before.stdout
    assert "13 would change: 13 to create." in before.stdout
    assert after.stdout == "Nothing to change.\n"


def test_plan_prints_what_each_value_becomes(folder: Path) -> None:
    file = folder / "acme.yaml"
    dutyline("apply", file)
    file.write_text(EXAMPLE.replace("ring: 20s", "ring: 30s"))
    result = dutyline("plan", file)
    assert '~ hotlines.support\n    ring: "20s" → "30s"\n' in result.stdout


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_time_at_which_nobody_is_on_call_is_told_with_its_line(folder: Path, command: str) -> None:
    file = folder / "nights.yaml"
    file.write_text("""\
users:
  ana: {name: Ana Reyes}
schedules:
  nights:
    name: Nights
    timezone: Europe/Madrid
    layers:
      - {name: Nights, members: [ana], starts: 2026-01-05, slots: [{from: "18:00", to: "09:00"}]}
""")
    result = dutyline(command, file)
    assert f"{file}:4: warning: schedules.nights: Nobody is on call in Nights from 09:00 to 18:00 " in result.stderr


def test_errors_go_to_stderr_with_file_and_line_and_exit_1(folder: Path) -> None:
    file = folder / "acme.yaml"
    file.write_text("users:\n  ana: {nme: Ana}\n")
    result = dutyline("apply", file)
    assert result.exit_code == 1
    assert f"{file}:2: users.ana.nme: unknown key 'nme'; did you mean 'name'?" in result.stderr
    assert "2 errors; nothing was changed." in result.stderr


def test_prune_deletes_what_the_file_no_longer_has(folder: Path) -> None:
    file = folder / "acme.yaml"
    dutyline("apply", file)
    file.write_text("contacts: {}")
    assert dutyline("plan", file).exit_code == 0
    result = dutyline("apply", "--prune", file)
    assert "- contacts.mitchell" in result.stdout


def test_an_export_can_be_applied_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dutyline("apply", folder / "acme.yaml")
    exported = folder / "exported.yaml"
    assert dutyline("export", "-o", exported).exit_code == 0
    assert exported.read_text() == dutyline("export").stdout
    for name in ("CARRIER_TWILIO", "CARRIER_EMEA", "HOTLINE_SUPPORT"):
        monkeypatch.setenv(f"{name}_AUTH_TOKEN", ENVIRONMENT["TWILIO_AUTH_TOKEN"])
    monkeypatch.setenv("CARRIER_PLIVO_AUTH_TOKEN", ENVIRONMENT["PLIVO_AUTH_TOKEN"])
    assert dutyline("plan", exported).exit_code == 0


def test_a_database_that_is_away_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("DUTYLINE_SECRET_KEY", "k")
    result = dutyline("plan", folder / "acme.yaml")
    assert result.exit_code == 1
    assert "The database cannot be used: " in result.stderr


def test_without_a_secret_key_another_database_is_not_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_DATABASE_URL", f"sqlite:///{folder / 'other.db'}")
    result = dutyline("apply", folder / "acme.yaml")
    assert result.exit_code == 1
    assert "DUTYLINE_SECRET_KEY is not set." in result.stderr
