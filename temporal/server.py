"""Where a Temporal server comes from on this machine: found, downloaded or built, and kept in a cache folder.

The order is the same for both programs: an explicit setting, the PATH, the cache, the download that the Temporal SDK
knows, and at last a build from the language registries. The first use may take minutes; it says what it does.
"""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path

from temporal.progress import CommandFailed, Report, Stage, run_with_progress, to_stderr

_DOWNLOAD_HOST = "temporal.download"
_TEST_SERVER_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dutyline</groupId>
  <artifactId>temporal-test-server-with-dependencies</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""
_TEST_SERVER_SCRIPT = """#!/bin/sh
exec java -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"
"""


class ServerNotFound(Exception):
    """No way led to the program. The message says what was tried and what to install."""


class _NoWay(Exception):
    """One way is closed; the message is the reason."""


@dataclass(frozen=True, slots=True)
class _Program:
    title: str
    setting: str
    executable: str
    version: str
    sdk_kind: str
    build: Callable[["_Program", Path, Report], None]
    remedy: str

    @property
    def cached(self) -> Path:
        """The build of exactly this version."""
        return cache_folder() / self.executable / self.version / self.executable

    @property
    def download_folder(self) -> Path:
        return cache_folder() / self.executable / "sdk-download"


def cache_folder() -> Path:
    """``DUTYLINE_CACHE_DIR``, else ``dutyline`` in the user's cache folder."""
    if explicit := os.environ.get("DUTYLINE_CACHE_DIR"):
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dutyline"


def find_temporal_cli(report: Report = to_stderr) -> Path:
    """The ``temporal`` program, which runs the development server. Raises :class:`ServerNotFound`."""
    return _find(_CLI, report)


def find_test_server(report: Report = to_stderr) -> Path:
    """The time-skipping test server, started as ``<program> <port>``. Raises :class:`ServerNotFound`."""
    return _find(_TEST_SERVER, report)


def _find(program: _Program, report: Report) -> Path:
    if explicit := os.environ.get(program.setting):
        if (found := shutil.which(explicit)) is None:
            raise ServerNotFound(f"{program.setting} is {explicit}, which is not a program that can be run.")
        return Path(found)
    if (on_path := shutil.which(program.executable)) is not None:
        return Path(on_path)
    if (cached := _in_cache(program)) is not None:
        return cached
    with _locked(program, report):
        return _in_cache(program) or _fetch(program, report)


def _in_cache(program: _Program) -> Path | None:
    downloads = sorted(program.download_folder.glob("temporal-*"))
    candidates = [program.cached, *reversed(downloads)]
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def _fetch(program: _Program, report: Report) -> Path:
    reasons = [f"{program.setting} is not set", f"no {program.executable} on the PATH or in {cache_folder()}"]
    for way in (_download, _build):
        try:
            return way(program, report)
        except _NoWay as closed:
            reasons.append(str(closed))
    raise ServerNotFound(f"{program.title} was not found: {'; '.join(reasons)}. {program.remedy}")


def _download(program: _Program, report: Report) -> Path:
    """The SDK knows the right file for this machine; it runs in a process of its own, which it may abort at exit."""
    _require_reachable()
    program.download_folder.mkdir(parents=True, exist_ok=True)
    stage = Stage(f"{program.title}: downloading", watched=program.download_folder, stall_seconds=45)
    command = [sys.executable, "-m", "temporal.sdk_download", program.sdk_kind, str(program.download_folder)]
    source_root = Path(__file__).parent.parent
    try:
        run_with_progress(command, stage, report, environment={"PYTHONPATH": str(source_root)})
    except CommandFailed as failed:
        raise _NoWay(f"the download failed ({failed})") from failed
    if (downloaded := _in_cache(program)) is None:
        raise _NoWay("the download left no program behind")
    return downloaded


def _require_reachable() -> None:
    """A firewall that drops packets would cost minutes; behind a proxy only the download itself can tell."""
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return
    try:
        socket.create_connection((_DOWNLOAD_HOST, 443), timeout=4).close()
    except OSError as error:
        raise _NoWay(f"{_DOWNLOAD_HOST} cannot be reached ({error})") from error


def _build(program: _Program, report: Report) -> Path:
    """Built beside its place and then renamed, so that a half-made program is never found."""
    staging = program.cached.parent.with_name(f".{program.version}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        program.build(program, staging, report)
        shutil.rmtree(program.cached.parent, ignore_errors=True)
        staging.rename(program.cached.parent)
    except CommandFailed as failed:
        raise _NoWay(f"the build failed ({failed})") from failed
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    report.line(f"{program.title}: ready, kept in {program.cached.parent}")
    return program.cached


def _build_cli(program: _Program, folder: Path, report: Report) -> None:
    go = _required_tool("go", "Go")
    package = f"github.com/temporalio/cli/cmd/temporal@v{program.version}"
    stage = Stage(f"{program.title}: building from source (about three minutes, 250 MB)", watched=folder)
    run_with_progress([go, "install", "-v", package], stage, report, environment={"GOBIN": str(folder)})


def _build_test_server(program: _Program, folder: Path, report: Report) -> None:
    _required_tool("java", "Java 8 or newer")
    maven = _required_tool("mvn", "Maven")
    pom = folder / "pom.xml"
    pom.write_text(_TEST_SERVER_POM.format(version=program.version))
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    arguments = ["-B", "-f", str(pom), goal, f"-DoutputDirectory={folder / 'lib'}", "-DincludeScope=runtime"]
    stage = Stage(f"{program.title}: fetching with Maven (35 MB)", watched=folder)
    run_with_progress([maven, *arguments], stage, report)
    script = folder / program.executable
    script.write_text(_TEST_SERVER_SCRIPT)
    script.chmod(0o755)


def _required_tool(name: str, spoken: str) -> str:
    if (path := shutil.which(name)) is None:
        raise _NoWay(f"{spoken} is not installed, so it cannot be built")
    return path


@contextmanager
def _locked(program: _Program, report: Report) -> Iterator[None]:
    """One process at a time fetches; the others wait and then find it in the cache."""
    folder = cache_folder() / program.executable
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            report.line(f"{program.title}: another process is fetching it; waiting ...")
            flock(lock, LOCK_EX)
        try:
            yield
        finally:
            flock(lock, LOCK_UN)


_CLI = _Program(
    title="Temporal",
    setting="DUTYLINE_TEMPORAL_CLI",
    executable="temporal",
    version="1.5.1",
    sdk_kind="dev-server",
    build=_build_cli,
    remedy=(
        "Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.25 or newer; or set DUTYLINE_TEMPORAL_CLI to "
        "the program, or DUTYLINE_TEMPORAL_ADDRESS to a server that runs already."
    ),
)
_TEST_SERVER = _Program(
    title="Temporal test server",
    setting="DUTYLINE_TEMPORAL_TEST_SERVER",
    executable="temporal-test-server",
    version="1.33.0",
    sdk_kind="test-server",
    build=_build_test_server,
    remedy=(
        "Install Java and Maven (on Debian and Ubuntu: apt install default-jre-headless maven), or set "
        "DUTYLINE_TEMPORAL_TEST_SERVER to the program."
    ),
)
