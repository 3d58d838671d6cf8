"""Where a Temporal server comes from: the first way that is open, in a fixed order."""

import io
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from temporal import server
from temporal.progress import CommandFailed, Report, Stage, progress_line, run_with_progress
from temporal.server import ServerNotFound, find_temporal_cli, find_test_server


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Temporal and without a network; ``bin`` is its PATH, ``cache`` our cache folder."""
    monkeypatch.setenv("DUTYLINE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("DUTYLINE_TEMPORAL_CLI", "DUTYLINE_TEMPORAL_TEST_SERVER", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "cp", "mkdir", "sleep"):
        (tmp_path / "bin" / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tmp_path


def _program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def _report() -> tuple[Report, io.StringIO]:
    stream = io.StringIO()
    return Report(stream), stream


def test_an_explicit_setting_wins_over_the_path(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(machine / "bin" / "temporal")
    chosen = _program(machine / "elsewhere" / "temporal")
    monkeypatch.setenv("DUTYLINE_TEMPORAL_CLI", str(chosen))
    assert find_temporal_cli() == chosen


def test_an_explicit_setting_that_leads_nowhere_is_an_error(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(machine / "bin" / "temporal")
    monkeypatch.setenv("DUTYLINE_TEMPORAL_CLI", str(machine / "nothing"))
    with pytest.raises(ServerNotFound, match=r"DUTYLINE_TEMPORAL_CLI is .*nothing, which is not a program"):
        find_temporal_cli()


def test_the_path_wins_over_the_cache(machine: Path) -> None:
    on_path = _program(machine / "bin" / "temporal")
    _program(machine / "cache" / "temporal" / "1.5.1" / "temporal")
    assert find_temporal_cli() == on_path


def test_the_cache_wins_over_fetching(machine: Path) -> None:
    cached = _program(machine / "cache" / "temporal" / "1.5.1" / "temporal")
    _program(machine / "bin" / "go", "exit 1")
    assert find_temporal_cli() == cached


def test_an_older_version_in_the_cache_is_not_taken(machine: Path) -> None:
    _program(machine / "cache" / "temporal" / "1.5.0" / "temporal")
    with pytest.raises(ServerNotFound):
        find_temporal_cli()


def test_what_the_sdk_downloaded_is_found_in_the_cache(machine: Path) -> None:
    downloaded = _program(machine / "cache" / "temporal" / "sdk-download" / "temporal-sdk-python-1.35.0")
    assert find_temporal_cli() == downloaded


def test_without_a_network_the_cli_is_built_once_and_kept(machine: Path) -> None:
    marks = machine / "built"
    _program(
        machine / "bin" / "go", f'echo "$@" >> {marks}; echo "#!/bin/sh" > $GOBIN/temporal; /bin/chmod +x $GOBIN/*'
    )
    report, _ = _report()

    first = find_temporal_cli(report)
    second = find_temporal_cli(report)

    assert first == second == machine / "cache" / "temporal" / "1.5.1" / "temporal"
    assert marks.read_text() == "install -v github.com/temporalio/cli/cmd/temporal@v1.5.1\n"


def test_a_build_that_fails_leaves_nothing_and_its_last_words_are_told(machine: Path) -> None:
    _program(machine / "bin" / "go", "echo half > $GOBIN/temporal; echo 'no space left' >&2; exit 1")
    with pytest.raises(ServerNotFound, match=r"the build failed .no space left."):
        find_temporal_cli(_report()[0])
    assert [path.name for path in (machine / "cache" / "temporal").iterdir()] == [".lock"]


def test_the_test_server_comes_from_maven_with_a_start_script(machine: Path) -> None:
    _program(machine / "bin" / "java", 'echo "java $@"')
    _program(
        machine / "bin" / "mvn", 'for last; do case $last in -DoutputDirectory=*) mkdir -p "${last#*=}";; esac; done'
    )

    program = find_test_server(_report()[0])

    started = subprocess.run([program, "7000"], capture_output=True, text=True, check=True).stdout.strip()
    assert started == f"java -cp {program.parent}/lib/* io.temporal.testserver.TestServer 7000"


def test_when_no_way_is_open_the_message_says_what_to_install(machine: Path) -> None:
    with pytest.raises(ServerNotFound) as caught:
        find_temporal_cli()
    message = str(caught.value)
    assert "temporal.download cannot be reached" in message
    assert "Go is not installed" in message
    assert "DUTYLINE_TEMPORAL_ADDRESS" in message


def test_a_missing_maven_is_named(machine: Path) -> None:
    _program(machine / "bin" / "java")
    with pytest.raises(ServerNotFound, match=r"Maven is not installed.*apt install"):
        find_test_server()


def test_two_at_once_build_once(machine: Path) -> None:
    marks = machine / "built"
    _program(
        machine / "bin" / "go",
        f'echo x >> {marks}; sleep 0.3; echo "#!/bin/sh" > $GOBIN/temporal; /bin/chmod +x $GOBIN/temporal',
    )
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(find_temporal_cli(_report()[0]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert marks.read_text() == "x\n"
    assert found[0] == found[1] == server.cache_folder() / "temporal" / "1.5.1" / "temporal"


def test_progress_tells_seconds_size_and_stage() -> None:
    assert progress_line("Temporal", 12.4, 40_000_000, "unpacking") == "Temporal ... 12 s, 40 MB, unpacking"
    assert progress_line("Temporal", 0.6, 0, "") == "Temporal ... 1 s"


def test_a_slow_command_shows_progress(tmp_path: Path) -> None:
    report, stream = _report()
    code = "import time; time.sleep(1.2)"
    run_with_progress([sys.executable, "-c", code], Stage("Temporal", watched=tmp_path), report)
    assert stream.getvalue().startswith("Temporal ... ")


def test_a_command_that_stands_still_is_given_up_and_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    (tmp_path / "empty").mkdir()
    stage = Stage("Temporal", watched=tmp_path / "empty", stall_seconds=0.6)
    with pytest.raises(CommandFailed, match="nothing arrived"):
        run_with_progress([sys.executable, "-c", code], stage, _report()[0])
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
