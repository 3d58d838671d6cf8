"""Pages of long lists. A cursor names the last row seen: a list that grows meanwhile neither repeats nor skips rows."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


class BadCursor(ValueError):
    """The cursor was not made by this list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """``next_cursor`` is ``None`` on the last page."""

    items: tuple[Row, ...]
    next_cursor: str | None


def page_of(rows: Sequence[Row], limit: int, position: Callable[[Row], Sequence[str | int]]) -> Page[Row]:
    """A page from up to ``limit + 1`` rows: the one too many only says that there are more."""
    items = tuple(rows[:limit])
    more = len(rows) > limit
    return Page(items, _encode(position(items[-1])) if more and items else None)


def decode_cursor(cursor: str, *types: type[str] | type[int]) -> list[str | int]:
    """The parts of a cursor. Raises :class:`BadCursor` when it is not one of ours or has other parts."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        raise BadCursor("The cursor is not one that this list returned.") from None
    if not isinstance(parts, list) or [type(part) for part in parts] != list(types) or not _in_bounds(parts):
        raise BadCursor("The cursor belongs to another list.")
    return parts


def _in_bounds(parts: list[str | int]) -> bool:
    """Whether every number fits into a column: PostgreSQL's driver refuses larger ones."""
    return all(isinstance(part, str) or abs(part) < 2**63 for part in parts)


def _encode(parts: Sequence[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(parts)).encode()).decode()
