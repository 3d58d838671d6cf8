"""``dutyline up`` as a newcomer meets it: it starts, says what to try, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cli.health import first_free
from cli.processes import ProcessRecord, read_records, start_time
from temporal.server import ServerNotFound, find_temporal_cli
from tests.support.needs import missing

_ROOT = Path(__file__).parents[2]
_LAST_LINE = "Stop with Ctrl-C."


@contextmanager
def _up(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, as typed in an empty environment of ours; killed at the end if the test did not stop it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUTYLINE_")}
    environment |= {"PYTHONPATH": str(_ROOT), "DUTYLINE_TEMPORAL_CLI": str(_temporal_cli())}
    command = [sys.executable, "-m", "cli.main", "up", "--data-dir", str(folder), "--port", str(port), *options]
    with subprocess.Popen(
        command, cwd=folder.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _temporal_cli() -> Path:
    try:
        return find_temporal_cli()
    except ServerNotFound as reason:
        missing(str(reason))


def _screen(process: subprocess.Popen[str]) -> str:
    """What it printed until the screen was complete, or until it ended."""
    lines = []
    for line in _output(process):
        lines.append(line)
        if _LAST_LINE in line:
            # What it says from now on must not fill the pipe.
            threading.Thread(target=_output(process).read, daemon=True).start()
            return "".join(lines)
    return "".join(lines)


def _output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def _running(folder: Path) -> dict[str, ProcessRecord]:
    return {record.name: record for record in read_records(folder / "processes.json")}


def test_two_installations_run_side_by_side_and_stop_without_leaving_a_process(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    ports = [first_free(18_080)]
    ports.append(first_free(ports[0] + 1))
    with _up(folders[0], ports[0], "--demo") as one, _up(folders[1], ports[1], "--demo") as two:
        screens = [_screen(one), _screen(two)]
        records = [_running(folder) for folder in folders]
        for process in (one, two):
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in (one, two)]

    for screen, port in zip(screens, ports, strict=True):
        assert f"Dashboard        http://127.0.0.1:{port}/" in screen, screen
        assert f"http://127.0.0.1:{port}/sign-in/" in screen
        assert f"http://127.0.0.1:{port}/voice/demo-support" in screen
        assert f"curl -X POST http://127.0.0.1:{port}/demo-payments/push-events" in screen
        assert "dutyline ring support" in screen
    temporal_uis = [line for screen in screens for line in screen.splitlines() if "Temporal UI" in line]
    assert len(set(temporal_uis)) == 2
    assert codes == [0, 0]
    for running in records:
        assert set(running) >= {"temporal", "worker", "api"}
        assert [name for name, record in running.items() if start_time(record.pid) == record.started] == []


def test_what_a_killed_supervisor_left_behind_is_gone_before_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    port = first_free(18_180)
    with _up(folder, port) as first:
        _screen(first)
        left = _running(folder)
        first.kill()
    with _up(folder, port) as second:
        screen = _screen(second)
        still_there = [name for name, record in left.items() if start_time(record.pid) == record.started]
        second.send_signal(signal.SIGINT)
        code = second.wait(60)
    assert _LAST_LINE in screen, screen
    assert set(left) >= {"temporal", "worker", "api"}
    assert still_there == []
    assert code == 0


def test_a_second_supervisor_in_the_same_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    port = first_free(18_280)
    with _up(folder, port) as first:
        _screen(first)
        with _up(folder, port) as second:
            answer = _screen(second)
            assert second.wait(60) == 1
        first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 0
    assert f"Process {first.pid} runs Dutyline in {folder} already." in answer


def test_stopping_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with _up(folder, first_free(18_380)) as process:
        for line in _output(process):
            if line.startswith("Preparing the database"):
                break
        running = _running(folder)
        process.send_signal(signal.SIGTERM)
        rest = _output(process).read()
        assert process.wait(60) == 0, rest
    assert "temporal" in running
    assert [name for name, record in running.items() if start_time(record.pid) == record.started] == []


def test_a_port_in_use_is_refused_with_the_next_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _up(tmp_path / "data", port) as process:
            answer = _screen(process)
            assert process.wait(60) == 1
    assert f"Port {port} is in use. Choose another one: dutyline up --port " in answer


def test_a_configuration_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with _up(tmp_path / "data", first_free(18_480), "--config", "nothing.yaml") as process:
        answer = _screen(process)
        assert process.wait(60) == 1
    assert answer == "There is no file nothing.yaml.\n"
