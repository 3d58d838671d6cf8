"""The screen at the end of the start, and what it spares the next terminal."""

import json
import os
import shlex
from pathlib import Path

import pytest

from cli import installation
from cli.screen import Screen, render
from domain.directory import ChainEntry, Hotline, Integration, Provider

_HOTLINE = Hotline(
    "support", "On-call hotline", "+12245550123", Provider.TWILIO, "demo-support", (ChainEntry(user="ana"),)
)
_INTEGRATION = Integration("payments-webhook", "Payments webhook", "demo-payments")


def _screen(hotline: Hotline | None = _HOTLINE, integration: Integration | None = _INTEGRATION) -> str:
    return render(
        Screen(
            public_url="http://127.0.0.1:8090",
            sign_in_url="http://127.0.0.1:8090/sign-in/once",
            temporal_ui_url="http://127.0.0.1:8233",
            hotline=hotline,
            integration=integration,
            command=".venv/bin/dutyline",
            logs=Path("data/logs"),
        )
    )


def test_the_screen_shows_every_address_and_what_to_try() -> None:
    screen = _screen()
    for part in (
        "http://127.0.0.1:8090/\n",
        "http://127.0.0.1:8090/sign-in/once",
        "http://127.0.0.1:8233",
        "http://127.0.0.1:8090/voice/demo-support",
        "  .venv/bin/dutyline ring support\n",
    ):
        assert part in screen


def test_the_event_to_paste_is_one_that_a_shell_passes_on_whole() -> None:
    line = next(line for line in _screen().splitlines() if "curl" in line)
    *_, address, flag, body = shlex.split(line)
    assert (address, flag) == ("http://127.0.0.1:8090/demo-payments/push-events", "-d")
    assert json.loads(body)["title"] == "Payments are failing"


def test_an_empty_installation_says_how_to_begin() -> None:
    assert ".venv/bin/dutyline apply FILE" in _screen(hotline=None, integration=None)


def test_the_next_terminal_takes_over_the_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DUTYLINE_PUBLIC_URL", "https://set.example")
    # Known to monkeypatch, so that it is taken away again at the end.
    monkeypatch.setenv("DUTYLINE_TEMPORAL_ADDRESS", "")
    monkeypatch.delenv("DUTYLINE_TEMPORAL_ADDRESS")
    installation.announce(
        tmp_path, {"DUTYLINE_PUBLIC_URL": "http://127.0.0.1:8090", "DUTYLINE_TEMPORAL_ADDRESS": "127.0.0.1:7234"}
    )

    installation.adopt()

    assert os.environ["DUTYLINE_TEMPORAL_ADDRESS"] == "127.0.0.1:7234"
    assert os.environ["DUTYLINE_PUBLIC_URL"] == "https://set.example"
