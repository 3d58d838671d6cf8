"""Processes that tests start must not outlive the tests, however those end."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def end_with_the_tests() -> None:
    """For ``preexec_fn``: the kernel ends the process when the test run is gone, a killed one too (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except AttributeError:
        return
