"""How much that is not a call may be in flight at Temporal: as much as leaves a caller's answer quick.

Measured by a canary (:meth:`temporal.door.Door.ping`), which goes the way of a call's first answer. Latency of starts
says nothing: overload starves the execution, not the admission.
"""

import math

_MOST_IN_FLIGHT = 16
#: an answer within this time is quick, however quick the machine can be
_QUICK_SECONDS = 0.060
_SLOW_FACTOR = 2.5
#: the fastest answer known is forgotten by this factor with each answer, for machines change
_FORGETTING = 1.01


class Window:
    """Additive increase, multiplicative decrease; starts at one."""

    def __init__(self) -> None:
        self._size = 1.0
        self._fastest_seconds = math.inf
        self._callers_wait = False

    @property
    def size(self) -> int:
        """How many commands may be in flight. A caller who waits to be answered leaves room for one only."""
        return 1 if self._callers_wait else int(self._size)

    def answered(self, seconds: float, *, callers_wait: bool) -> None:
        """The canary answered after this time."""
        self._callers_wait = callers_wait
        self._fastest_seconds = min(self._fastest_seconds * _FORGETTING, seconds)
        if seconds > max(_QUICK_SECONDS, self._fastest_seconds * _SLOW_FACTOR):
            self._size = max(1.0, self._size / 2)
        else:
            self._size = min(_MOST_IN_FLIGHT, self._size + 1)

    def reset(self) -> None:
        """The canary did not answer, or nothing was measured for a while."""
        self._size = 1.0
