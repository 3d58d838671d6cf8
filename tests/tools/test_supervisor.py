"""The supervisor keeps its children running and leaves none behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cli.processes import ProcessRecord, read_records, start_time, stop_leftovers, write_records
from cli.supervisor import Child, ChildFailed, Supervisor

_ROOT = Path(__file__).parents[2]
# Says that it runs, and ends as our own programs do: with the pipe, or on SIGTERM.
_TETHERED = """
import pathlib, signal, sys, time
from cli.exit import end_with_parent
end_with_parent()
with pathlib.Path(sys.argv[1]).open("a") as started:
    started.write("x")
signal.pause()
"""
_STUBBORN = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
signal.pause()
"""
_SUPERVISED = """
import asyncio, pathlib, sys
from cli.supervisor import Child, Supervisor

async def main(folder):
    supervisor = Supervisor(folder / "processes.json", print)
    for name, by_pipe in (("foreign", False), ("ours", True)):
        code = sys.argv[2] if by_pipe else "import signal; signal.pause()"
        command = (sys.executable, "-c", code, str(folder / name))
        await supervisor.start(Child(name, command, folder / f"{name}.log", ends_by_pipe=by_pipe))
    while not (folder / "ours").exists():
        await asyncio.sleep(0.02)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@pytest.fixture(autouse=True)
def _our_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(_ROOT))


def _child(tmp_path: Path, name: str, code: str = _TETHERED, **more: object) -> Child:
    command = (sys.executable, "-c", code, str(tmp_path / name))
    return Child(name, command, tmp_path / f"{name}.log", **more)  # type: ignore[arg-type]


def _exists(path: Path) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return path.exists()

    return look


async def _eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


def _pid(records: Path, name: str) -> int:
    return next(record.pid for record in read_records(records) if record.name == name)


async def test_children_stop_in_reverse_order_and_none_is_left(tmp_path: Path) -> None:
    records = tmp_path / "processes.json"
    order = tmp_path / "order"
    code = f"""
import pathlib, signal, sys
def stop(number, frame):
    with open({str(order)!r}, "a") as file:
        file.write(pathlib.Path(sys.argv[1]).name + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(sys.argv[1]).touch()
while True:
    signal.pause()
"""
    supervisor = Supervisor(records, print)
    for name in ("temporal", "worker", "api"):
        await supervisor.start(_child(tmp_path, name, code, is_healthy=_exists(tmp_path / name)))
    pids = [record.pid for record in read_records(records)]

    await supervisor.stop()

    assert order.read_text().split() == ["api", "worker", "temporal"]
    assert [start_time(pid) for pid in pids] == [None, None, None]
    assert read_records(records) == []


async def test_a_child_that_dies_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    records = tmp_path / "processes.json"
    supervisor = Supervisor(records, said.append)
    await supervisor.start(_child(tmp_path, "worker", is_healthy=_exists(tmp_path / "worker")))

    os.kill(_pid(records, "worker"), signal.SIGKILL)

    await _eventually(lambda: (tmp_path / "worker").read_text() == "xx")
    await supervisor.stop()
    assert said[0].startswith("worker ended with code -9; starting it again in 0.5 s.")


async def test_a_child_that_does_not_start_fails_with_the_end_of_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "processes.json", print)
    with pytest.raises(ChildFailed, match=r"(?s)api ended with code 1.*the port is taken"):
        await supervisor.start(
            _child(tmp_path, "api", "raise SystemExit('the port is taken')", is_healthy=_exists(tmp_path / "never"))
        )
    assert read_records(tmp_path / "processes.json") == []


async def test_a_child_that_is_never_healthy_is_stopped(tmp_path: Path) -> None:
    records = tmp_path / "processes.json"
    supervisor = Supervisor(records, print)
    with pytest.raises(ChildFailed, match="did not become ready"):
        await supervisor.start(_child(tmp_path, "api", is_healthy=_exists(tmp_path / "never"), start_seconds=0.3))
    assert read_records(records) == []


async def test_a_child_that_ignores_sigterm_is_ended(tmp_path: Path) -> None:
    said: list[str] = []
    records = tmp_path / "processes.json"
    supervisor = Supervisor(records, said.append)
    started = tmp_path / "stubborn"
    await supervisor.start(
        _child(tmp_path, "stubborn", _STUBBORN, is_healthy=_exists(started), stop_seconds=0.2, ends_by_pipe=False)
    )
    pid = _pid(records, "stubborn")

    await supervisor.stop()

    assert start_time(pid) is None
    assert said == ["stubborn did not stop within 0 s; ending it."]


async def test_stopping_during_the_back_off_starts_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    records = tmp_path / "processes.json"
    supervisor = Supervisor(records, said.append)
    await supervisor.start(_child(tmp_path, "worker", is_healthy=_exists(tmp_path / "worker")))
    os.kill(_pid(records, "worker"), signal.SIGKILL)
    await _eventually(lambda: bool(said))

    await supervisor.stop()

    assert (tmp_path / "worker").read_text() == "x"
    assert read_records(records) == []
    assert asyncio.all_tasks() == {asyncio.current_task()}, "somebody still waits to start it"


async def test_a_step_that_fails_is_an_error_with_its_code(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "processes.json", print)
    with pytest.raises(ChildFailed, match="upgrade ended with code 3"):
        await supervisor.run_once(_child(tmp_path, "upgrade", "raise SystemExit(3)"))


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "processes.json", print)
    with pytest.raises(ChildFailed, match="temporal could not be started"):
        await supervisor.start(Child("temporal", (str(tmp_path / "nothing"),), tmp_path / "log"))


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISED, str(tmp_path), _TETHERED], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "ready\n"
        records = read_records(tmp_path / "processes.json")
        supervisor.kill()

    deadline = time.monotonic() + 10
    while any(start_time(record.pid) == record.started for record in records):
        assert time.monotonic() < deadline, records
    assert {record.name for record in records} == {"foreign", "ours"}


def test_leftovers_of_a_killed_supervisor_are_cleared(tmp_path: Path) -> None:
    records = tmp_path / "processes.json"
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True) as leftover:
        started = start_time(leftover.pid)
        assert started is not None
        write_records(records, [ProcessRecord("temporal", leftover.pid, started)])

        assert [record.name for record in stop_leftovers(records)] == ["temporal"]

        assert leftover.wait() == -signal.SIGTERM
    assert not records.exists()


def test_a_process_that_only_has_the_same_id_is_left_alone(tmp_path: Path) -> None:
    records = tmp_path / "processes.json"
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True) as stranger:
        write_records(records, [ProcessRecord("temporal", stranger.pid, "another start")])

        assert stop_leftovers(records) == []

        assert stranger.poll() is None
        stranger.terminate()
