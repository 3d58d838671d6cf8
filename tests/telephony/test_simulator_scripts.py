"""Scripts of simulated calls are read from files, and mistakes in them are named."""

from pathlib import Path
from typing import Any

import pytest

from telephony.simulator.script_file import ScriptError, load_script, parse_script
from telephony.simulator.scripts import (
    Answers,
    Busy,
    CallbackFault,
    CallerScript,
    HangUp,
    Machine,
    Phase,
    RequestKind,
    RingsOut,
    Script,
    SpokenMessage,
)

OURS = Path(__file__).parents[2] / "cli" / "demo" / "scripts"
FULL = """
title: Everything
caller:
  number: +14155550116
  name: A. Caller
  hangs_up: {while: ringing, after: 8s, attempt: 2}
  voicemail: {length: 1m, then: "#"}
  keys: "12"
rings: [rings_out, {answers: {after: 6s, presses: "1", talks: 33s}}]
responders:
  +15550100001: [busy, {machine: {after: 12s}}]
otherwise: {answers: {presses: nothing, talks: never}}
carrier: {method: GET, hangup_notice: false, ring_buffer: 5s, faults: [{kind: progress, late: 5s, times: 2}]}
"""


def test_a_file_says_all_that_a_script_can_say(tmp_path: Path) -> None:
    file = tmp_path / "full.yaml"
    file.write_text(FULL)

    script = load_script(file)

    assert script.caller == CallerScript(
        number="+14155550116",
        name="A. Caller",
        hang_up=HangUp(Phase.RINGING, 8, attempt=2),
        message=SpokenMessage(60, then="#"),
        keys="12",
    )
    assert script.rings == (RingsOut(), Answers(after_seconds=6, presses="1", talk_seconds=33))
    assert script.responders == {"+15550100001": (Busy(), Machine(after_seconds=12))}
    assert script.otherwise == Answers(presses="", talk_seconds=None)
    assert (script.carrier.method, script.carrier.hangup_notice, script.carrier.ring_buffer_seconds) == (
        "GET",
        False,
        5,
    )
    assert script.carrier.faults == (CallbackFault(RequestKind.PROGRESS, late_seconds=5, times=2),)


def test_an_empty_file_is_the_default_call() -> None:
    assert parse_script(None) == Script()


def test_a_caller_may_be_withheld_and_silent() -> None:
    caller = parse_script({"caller": {"number": "withheld", "voicemail": "none", "hangs_up": "never"}}).caller

    assert (caller.number, caller.message, caller.hang_up) == (None, None, None)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"ring": []}, "'ring'"),
        ({"rings": ["sleeps"]}, "'sleeps'"),
        ({"rings": [{"answers": {"after": 6}}]}, "6s or 2m"),
        ({"rings": [{"answers": {"presses": "one"}}]}, "keys of a telephone"),
        ({"responders": {"ana": ["busy"]}}, "'ana' is not a phone number"),
        ({"caller": {"hangs_up": {"while": "sleeping"}}}, "sleeping"),
        ({"caller": {"voicemail": {"then": "sings"}}}, "'sings'"),
        ({"carrier": {"method": "PUT"}}, "'PUT'"),
        ({"carrier": {"hangup_notice": "maybe"}}, "true or false"),
        ({"carrier": {"faults": [{"late": "5s"}]}}, "needs a kind"),
        ({"carrier": {"faults": [{"kind": "dial", "times": 0}]}}, "whole number"),
        (["busy"], "must be a mapping"),
    ],
)
def test_a_mistake_is_named(content: Any, names: str) -> None:
    with pytest.raises(ScriptError, match=names):
        parse_script(content)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"gone\.yaml: cannot be read"):
        load_script(tmp_path / "gone.yaml")


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("caller: {")

    with pytest.raises(ScriptError, match=r"broken\.yaml: is not YAML"):
        load_script(file)


@pytest.mark.parametrize("file", sorted(OURS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_scripts_that_come_along_can_be_played(file: Path) -> None:
    assert load_script(file).title
