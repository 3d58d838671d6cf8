"""What is allowed in a schedule and contradicts itself: slots of a layer, or overrides, that overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

from domain.intervals import Interval, overlaps, remaining, union
from domain.local_time import FAR_FUTURE
from domain.on_call import overrides_within
from domain.rotation import active_interval, coverage
from domain.schedule import Layer, Override, Schedule, Slot

#: every slot recurs within a week
_SLOTS_RECUR_WITHIN = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class SlotClash:
    """Two slots of a layer, counted from 1, that both hold in ``example``, which is the next time."""

    layer: str
    positions: tuple[int, int]
    example: Interval


@dataclass(frozen=True, slots=True)
class OverrideClash:
    """Two overrides put different people on call at the same time; the newer one wins."""

    newer: Override
    older: Override
    both: Interval


def slot_clashes(schedule: Schedule, now: datetime) -> Iterator[SlotClash]:
    """Of layers that have not ended."""
    for layer in schedule.layers:
        next_active = max(active_interval(layer, schedule.timezone).starts, now)
        starts = min(next_active, FAR_FUTURE - _SLOTS_RECUR_WITHIN)
        frame = Interval(starts, starts + _SLOTS_RECUR_WITHIN)
        windows = [_windows(layer, slot, schedule.timezone, frame) for slot in layer.slots]
        for (one, held), (other, held_too) in combinations(enumerate(windows, start=1), 2):
            for _, begins, ends in overlaps(held, held_too):
                yield SlotClash(layer.name, (one, other), Interval(begins, ends))
                break


def override_clashes(schedule: Schedule, within: Interval) -> Iterator[OverrideClash]:
    """Of overrides that hold for the same person's time, or one of them for everybody's. It is no clash where any newer
    override replaces the older one's own user: whoever made that one knew of the older one."""
    overrides = overrides_within(schedule, within)
    for number, older in enumerate(overrides):
        newer_ones = overrides[number + 1 :]
        known = [Interval(each.starts, each.ends) for each in newer_ones if each.replaces == older.user]
        for newer in newer_ones:
            if _contradict(older, newer) and (unknown := _unknown(older, newer, known)):
                yield OverrideClash(newer, older, unknown[0])


def _unknown(older: Override, newer: Override, known: Sequence[Interval]) -> list[Interval]:
    """Where both hold and nobody who made a newer one knew of the older one."""
    both = [Interval(max(older.starts, newer.starts), min(older.ends, newer.ends))]
    taken = [Interval(starts, ends) for _, starts, ends in overlaps(union(known), both)]
    return remaining(both, taken)


def _windows(layer: Layer, slot: Slot, timezone: str, frame: Interval) -> list[Interval]:
    """When one slot holds: the coverage of a layer with nothing else in it."""
    alone = replace(layer, members=("anybody",), slots=(slot,))
    return [Interval(turn.starts, turn.ends) for turn in coverage(alone, timezone, frame)]


def _contradict(older: Override, newer: Override) -> bool:
    if older.user == newer.user:
        return False
    return None in (older.replaces, newer.replaces) or older.replaces == newer.replaces
