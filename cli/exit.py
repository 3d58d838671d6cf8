"""How our processes end: with the right exit code, and with their parent."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

LIFELINE_VARIABLE = "DUTYLINE_LIFELINE_FD"
_GRACE_SECONDS = 20.0


def leave(code: int) -> NoReturn:
    """Ends the process now, after an orderly shutdown.

    The Temporal SDK now and then aborts while the interpreter ends (exit codes 134 and 139), when all work is done.
    So the interpreter does not get to end: what is buffered is written, and the process is gone.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        # A reader that went away (``dutyline export | head``) is not our failure.
        try:
            stream.flush()
        except OSError:
            continue
    os._exit(code)


def run_and_leave(program: Callable[[], object]) -> NoReturn:
    """Runs a command to its end and leaves with the code that it asked for; 130 after Ctrl-C."""
    try:
        program()
    except SystemExit as end:
        leave(_exit_code(end))
    except KeyboardInterrupt:
        leave(130)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        leave(1)
    leave(0)


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")
    return 1


def end_with_parent() -> None:
    """In a child of ``dutyline up``: stop when the supervisor is gone, however it went.

    The supervisor holds the other end of a pipe. When it dies, the pipe closes, and this process stops as on SIGTERM;
    if that takes more than 20 s, it is ended.
    """
    lifeline = os.environ.pop(LIFELINE_VARIABLE, None)
    if lifeline is None:
        return
    descriptor = int(lifeline)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_stop_at_end_of_file, args=(descriptor,), name="lifeline", daemon=True).start()


def _stop_at_end_of_file(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)
