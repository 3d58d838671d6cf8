"""Our commands end with the code that they mean."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def _ends_with(code: str) -> subprocess.CompletedProcess[str]:
    program = f"from cli.exit import run_and_leave\ndef program():\n    {code}\nrun_and_leave(program)"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=_ROOT, timeout=30
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("return", 0),
        ("raise SystemExit", 0),
        ("raise SystemExit(2)", 2),
        ("raise KeyboardInterrupt", 130),
        ("raise RuntimeError('broken')", 1),
    ],
)
def test_the_exit_code_is_the_one_that_was_meant(code: str, expected: int) -> None:
    assert _ends_with(code).returncode == expected


def test_an_interpreter_that_would_abort_at_its_end_does_not_get_there() -> None:
    assert _ends_with("import atexit, os; atexit.register(os.abort)").returncode == 0


def test_what_was_printed_arrives() -> None:
    assert _ends_with("print('last words', end='')").stdout == "last words"


def test_a_sentence_as_exit_code_is_printed_and_is_a_failure() -> None:
    ended = _ends_with("raise SystemExit('no database')")
    assert (ended.returncode, ended.stderr) == (1, "no database\n")


def test_an_unexpected_error_shows_where_it_happened() -> None:
    assert "RuntimeError: broken" in _ends_with("raise RuntimeError('broken')").stderr
