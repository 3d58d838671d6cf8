"""Wall clocks and instants: the one place that knows time zones.

Zones come from the ``tzdata`` package and never from the machine, so that every host gives the same answer. In the
first and last year of the calendar every clock reads UTC, so that no date overflows.
"""

from datetime import MAXYEAR, MINYEAR, UTC, datetime

import whenever

# This is whenever's own setting, and does not touch the zoneinfo module of the standard library.
whenever.reset_tzpath(())

FAR_PAST = datetime.min.replace(tzinfo=UTC)
FAR_FUTURE = datetime.max.replace(tzinfo=UTC)


def instant_of(moment: datetime, timezone: str) -> datetime:
    """The UTC instant of a date-time: an aware one as it is, a naive one on the zone's wall clock.

    It is the first instant at which that clock reads ``moment`` or later: a local time that the clock skips is the
    moment of the jump, a doubled one is the first of the two.
    """
    if moment.year in (MINYEAR, MAXYEAR):
        return moment.replace(tzinfo=UTC)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    plain = whenever.PlainDateTime(moment)
    zoned = plain.assume_tz(timezone, disambiguation="earlier")
    if zoned.to_plain() != plain:
        # For a skipped time "earlier" is an instant shortly before the jump.
        zoned = zoned.next_transition() or zoned
    return zoned.to_instant().to_stdlib()


def wall_clock(instant: datetime, timezone: str) -> datetime:
    """What the zone's wall clock reads at an aware instant, as a naive date-time."""
    if instant.year in (MINYEAR, MAXYEAR):
        return instant.replace(tzinfo=None)
    return whenever.Instant(instant).to_tz(timezone).to_plain().to_stdlib()


def local_text(instant: datetime, timezone: str) -> str:
    """An instant for people, to the minute on the zone's wall clock: ``2026-01-12 09:00``."""
    return wall_clock(instant, timezone).isoformat(sep=" ", timespec="minutes")


def clock_changes(timezone: str, after: datetime, before: datetime) -> bool:
    """Whether the zone's clock is set forward or back between two instants."""
    if after.year in (MINYEAR, MAXYEAR):
        return False
    zoned = whenever.Instant(after).to_tz(timezone)
    offset = zoned.offset
    while (following := zoned.next_transition()) is not None and following.to_instant().to_stdlib() < before:
        if following.offset != offset:
            return True
        zoned = following
    return False
