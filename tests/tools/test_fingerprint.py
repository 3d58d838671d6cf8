"""A change of what open runs are replayed by is stopped once; a change of anything else is not."""

from pathlib import Path

import pytest

from tools.fingerprint import fingerprints, workflow_fingerprints_are_current, write

WORKFLOW = '''
"""What happens next."""
from temporalio import workflow
from workflows import ask

with workflow.unsafe.imports_passed_through():
    from domain.rules import decide


class Run:
    def step(self) -> int:
        """Ask and decide."""
        return ask.wait() + decide(1)
'''
ASK = "def wait() -> int:\n    return 2\n"
RULES = """
from domain.words import greeting

_LIMIT = 3


def decide(n: int) -> int:
    return min(n, _LIMIT)


def unused() -> str:
    return greeting()
"""
WORDS = 'def greeting() -> str:\n    return "hello"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"workflows/run.py": WORKFLOW, "workflows/ask.py": ASK, "domain/rules.py": RULES, "domain/words.py": WORDS}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    write(tmp_path, fingerprints(tmp_path))
    return tmp_path


def change(root: Path, name: str, old: str, new: str) -> list[str]:
    """The sentences that the rule finds after a change."""
    path = root / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return [problem.sentence for problem in workflow_fingerprints_are_current(root)]


def test_unchanged_code_is_accepted(root: Path) -> None:
    assert list(workflow_fingerprints_are_current(root)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("workflows/run.py", "decide(1)", "decide(2)", "workflows.run.Run"),
        ("workflows/ask.py", "return 2", "return 3", "workflows.ask.wait"),
        ("domain/rules.py", "min(n", "max(n", "domain.rules.decide"),
        ("domain/rules.py", "_LIMIT = 3", "_LIMIT = 4", "domain.rules._LIMIT"),
    ],
)
def test_a_change_of_what_workflows_run_is_found_by_name(
    root: Path, file: str, old: str, new: str, changed: str
) -> None:
    (sentence,) = change(root, file, old, new)
    assert f"({changed})" in sentence


def test_the_sentence_says_what_to_do(root: Path) -> None:
    (sentence,) = change(root, "domain/rules.py", "min(n", "max(n")
    assert "workflow.patched()" in sentence
    assert sentence.endswith("make fingerprints")


def test_a_definition_that_workflows_begin_to_use_is_found(root: Path) -> None:
    (sentence,) = change(root, "domain/rules.py", "min(n, _LIMIT)", "len(unused())")
    assert "domain.rules.unused" in sentence
    assert "domain.words.greeting" in sentence


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("domain/rules.py", "return greeting()", "return greeting() * 2"),
        ("domain/words.py", "hello", "good morning"),
        ("workflows/run.py", "Ask and decide.", "Decide after asking."),
        ("workflows/run.py", "What happens next.", "What comes."),
        ("domain/rules.py", "_LIMIT = 3", "# The most.\n_LIMIT  =  3"),
    ],
)
def test_what_no_run_depends_on_may_change(root: Path, file: str, old: str, new: str) -> None:
    assert change(root, file, old, new) == []


def test_the_fingerprints_of_this_checkout_cover_the_call_flow() -> None:
    found = fingerprints(Path(__file__).parents[2])
    assert {"domain.call_flow.advance", "workflows.call.CallWorkflow", "workflows.policies.STORE_RETRY"} <= found.keys()
