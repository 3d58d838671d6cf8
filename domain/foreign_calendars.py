"""Events of other people's calendars, as they are shown beside schedules. They never change who is on call."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from domain.local_time import instant_of

#: how far around the day of reading events are kept
DAYS_BACK = timedelta(days=31)
DAYS_AHEAD = timedelta(days=400)
#: no zone is further from UTC than this
FURTHEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class ForeignEvent:
    """One occurrence. An all-day event has days: it begins at midnight wherever it is looked at, and ``starts`` and
    ``ends`` are those midnights in UTC. ``day_after`` is the day after its last one."""

    uid: str
    title: str
    starts: datetime
    ends: datetime
    first_day: date | None = None
    day_after: date | None = None

    @property
    def is_all_day(self) -> bool:
        return self.first_day is not None

    def seen_in(self, timezone: str) -> tuple[datetime, datetime]:
        """When it begins and ends for somebody in the zone."""
        if self.first_day is None or self.day_after is None:
            return self.starts, self.ends
        return _midnight(self.first_day, timezone), _midnight(self.day_after, timezone)


def all_day(uid: str, title: str, first_day: date, day_after: date) -> ForeignEvent:
    """An event of whole days; one without a length is a day long."""
    day_after = max(day_after, first_day + timedelta(days=1))
    starts, ends = (datetime.combine(day, time(), UTC) for day in (first_day, day_after))
    return ForeignEvent(uid, title, starts, ends, first_day, day_after)


def _midnight(day: date, timezone: str) -> datetime:
    return instant_of(datetime.combine(day, time()), timezone)


@dataclass(frozen=True, slots=True)
class CalendarsStart:
    """What the run that refreshes calendars carries over from the run before: what is still to be refreshed, and when
    the next night is. Fields are only ever added, with defaults: old histories must decode."""

    wanted: tuple[str, ...] = ()
    night_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefreshCalendar:
    """``at`` is the workflow's time: the day around which events are kept."""

    calendar: str
    at: datetime
