"""Parameters that many routes share: pages, moments, versions."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Header, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer

from domain.titles import rfc3339

Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")]
DEFAULT_LIMIT = 50

#: in every answer: UTC, milliseconds, ``Z``
Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]

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

_NO_VERSION = -1


def expected_version(
    if_match: Annotated[str | None, Header(description="The `ETag` that the change is based on.")] = None,
) -> int | None:
    """The version named by ``If-Match``. One that we never gave fits nothing, so the change is refused."""
    if if_match is None:
        return None
    found = re.fullmatch(r'\s*(?:W/)?"?(\d{1,15})"?\s*', if_match)
    return int(found[1]) if found else _NO_VERSION


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}
