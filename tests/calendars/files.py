"""Short ways to write iCalendar files."""

from collections.abc import Iterable
from datetime import UTC, datetime

#: a Monday; events are kept from 5 December to 9 February of the year after next
NOW = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)


def calendar(*events: Iterable[str], lines: Iterable[str] = ()) -> bytes:
    inside = [line for event in events for line in event]
    all_lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Acme//EN", *lines, *inside, "END:VCALENDAR", ""]
    return "\r\n".join(all_lines).encode()


def event(*lines: str, uid: str = "1@acme.example", title: str = "Offsite") -> list[str]:
    head = ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"SUMMARY:{title}")
    return [*head, *lines, "END:VEVENT"]
