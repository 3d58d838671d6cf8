"""An operator's limit on accepted events: a token bucket for each integration, in the memory of this process."""

import math


class RateLimit:
    """At most ``per_minute`` events a minute for each integration, with bursts up to a whole minute's worth."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._buckets: dict[str, tuple[float, float]] = {}

    def seconds_to_wait(self, integration: str, now: float) -> int:
        """0 and one event is counted, or the whole seconds until there is room. ``now`` is a monotonic clock's."""
        level, at = self._buckets.get(integration, (self._capacity, now))
        level = min(self._capacity, level + (now - at) * self._per_second)
        if level >= 1:
            self._buckets[integration] = (level - 1, now)
            return 0
        self._buckets[integration] = (level, now)
        return math.ceil((1 - level) / self._per_second)
