"""Parameters that many routes share: pages, moments, windows, people, versions."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Header, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer

from api.v1.errors import invalid, not_found
from config.service import ANY_VERSION
from domain.directory import Directory, User
from domain.titles import rfc3339

Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=2000, description="`next_cursor` of the page before; empty or left out for the first."),
    AfterValidator(lambda cursor: cursor or None),
]
DEFAULT_LIMIT = 50

#: in every answer: UTC, milliseconds, ``Z``
Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]

_DEFAULT_WINDOW = timedelta(days=30)
_NO_VERSION = -1
_PLUS_READ_AS_BLANK = re.compile(r" (\d\d:?\d\d)$")


def _forgive_blank(value: object) -> object:
    """A ``+`` that was not escaped in the address arrives as a blank."""
    return _PLUS_READ_AS_BLANK.sub(r"+\1", value) if isinstance(value, str) and "T" in value else value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # an offset can carry the first or last day of the calendar beyond its end
        raise ValueError("is beyond the end of the calendar; name a moment in the years 1 to 9999") from None


#: a moment in a request: RFC 3339, with an offset
Moment = Annotated[AwareDatetime, BeforeValidator(_forgive_blank), AfterValidator(_in_utc)]


def window(start: datetime, end: datetime | None, longest: timedelta) -> tuple[datetime, datetime]:
    """Both ends, 30 days apart when only the first is named; answers 422 for one that is reversed or too long."""
    try:
        end = end or start + _DEFAULT_WINDOW
    except OverflowError:
        raise invalid("to", "30 days after “from” is beyond the end of the calendar. Name “to” too.") from None
    if end <= start:
        raise invalid("to", "“to” must be later than “from”, which is now when it is left out.")
    if end - start > longest:
        raise invalid("to", f"“to” must be at most {longest.days} days after “from”.")
    return start, end


def find_user(directory: Directory, key: str) -> User:
    """Answers 404 when there is none."""
    user = directory.users.get(key)
    if user is None:
        raise not_found(f"user {key}")
    return user


def expected_version(
    if_match: Annotated[str | None, Header(description="The `ETag` that the change is based on.")] = None,
) -> int | None:
    """The version named by ``If-Match``; ``*`` asks for any. One that we never gave fits nothing, so the change is
    refused."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return ANY_VERSION
    found = re.fullmatch(r'\s*(?:W/)?"?(\d{1,15})"?\s*', if_match)
    return int(found[1]) or _NO_VERSION if found else _NO_VERSION


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}
