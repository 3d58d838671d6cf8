"""Temporal's development server as a process that tests can freeze, kill and start again."""

import os
import signal
import subprocess
import time
from pathlib import Path

from cli.health import first_free
from temporal.server import ServerNotFound, find_temporal_cli
from tests.support.needs import missing
from tests.support.processes import end_with_the_tests

_START_SECONDS = 30.0
#: far from the ports of an installation that may run on this machine
_FIRST_PORT = 17_233


class TemporalServer:
    """One server on a loopback port, with its database in ``folder``; the port stays the same when it is started again.

    ``address`` is what a client connects to, ``cli`` Temporal's command. The namespace is ``default``. ``settings`` are
    ``name=value`` of the server's dynamic configuration.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self.cli = _cli()
        self._folder = folder
        self._settings = settings
        # Processes of several test runs look at the same time: spread them.
        self._port = first_free(_FIRST_PORT + os.getpid() % 100 * 50)
        self.address = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the server answers."""
        flags = ["--ip", "127.0.0.1", "--port", str(self._port), "--headless", "--log-level", "error"]
        settings = [word for setting in self._settings for word in ("--dynamic-config-value", setting)]
        store = ["--db-filename", str(self._folder / "temporal.db"), "--sqlite-pragma", "journal_mode=wal"]
        with (self._folder / "temporal.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.cli, "server", "start-dev", *flags, *settings, *store],
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_the_tests,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._serves():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Temporal did not start: {(self._folder / 'temporal.log').read_text()[-2000:]}")
            time.sleep(0.1)

    def freeze(self) -> None:
        """The server takes connections and answers nothing, as on a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Gone at once, as after a power cut; ``start`` brings it back with its database."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "the server is not running"
        self._process.send_signal(number)

    def _serves(self) -> bool:
        describe = [str(self.cli), "operator", "namespace", "describe", "default", "--address", self.address]
        return subprocess.run(describe, capture_output=True, check=False).returncode == 0


def _cli() -> Path:
    try:
        return find_temporal_cli()
    except ServerNotFound as reason:
        missing(str(reason))
