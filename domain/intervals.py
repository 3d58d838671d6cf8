"""Half-open intervals of instants, and the two operations that schedules need on sorted, disjoint lists of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar


class Interval(NamedTuple):
    """From ``starts`` up to, and without, ``ends``."""

    starts: datetime
    ends: datetime


class HasEnds(Protocol):
    @property
    def starts(self) -> datetime: ...

    @property
    def ends(self) -> datetime: ...


Item = TypeVar("Item", bound=HasEnds)


def overlaps(items: Sequence[Item], windows: Sequence[Interval]) -> Iterator[tuple[Item, datetime, datetime]]:
    """Each item with each stretch of it that lies inside a window, in order."""
    item = window = 0
    while item < len(items) and window < len(windows):
        current, frame = items[item], windows[window]
        starts, ends = max(current.starts, frame.starts), min(current.ends, frame.ends)
        if starts < ends:
            yield current, starts, ends
        if current.ends <= frame.ends:
            item += 1
        else:
            window += 1


def remaining(windows: Sequence[Interval], taken: Sequence[HasEnds]) -> list[Interval]:
    """What is left of the windows. Everything taken must lie inside one of them."""
    left: list[Interval] = []
    index = 0
    for starts, ends in windows:
        cursor = starts
        while index < len(taken) and taken[index].ends <= ends:
            if cursor < taken[index].starts:
                left.append(Interval(cursor, taken[index].starts))
            cursor = taken[index].ends
            index += 1
        if cursor < ends:
            left.append(Interval(cursor, ends))
    return left


def union(windows: Sequence[Interval]) -> list[Interval]:
    """The same instants, sorted, with overlapping and touching windows joined and empty ones dropped."""
    joined: list[Interval] = []
    for starts, ends in sorted(windows):
        if starts >= ends:
            continue
        if joined and starts <= joined[-1].ends:
            joined[-1] = Interval(joined[-1].starts, max(joined[-1].ends, ends))
        else:
            joined.append(Interval(starts, ends))
    return joined
