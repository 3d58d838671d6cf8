"""Links that show shifts in calendar programs."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from api.calendar_feed import feed_path, keyring
from api.security import AnyService, Principal, Viewer
from api.services import Services
from api.v1.errors import ApiError, invalid, not_found
from api.v1.parameters import Time
from api.v1.shapes import Listed
from config.values import Duration, seconds_of
from domain.calendar_feeds import Feed, FeedScope
from domain.directory import Role
from storage import calendar_feeds
from storage.schedule_tables import CalendarFeedRow

router = APIRouter(prefix="/calendar-feeds", tags=["Calendar feeds"])

_DAY_SECONDS = 86_400
_MOST_DAYS = 366


class NewFeed(BaseModel):
    """`scope` is `mine` (all schedules), `mine_in_schedule` or `everybody`; the last two name the `schedule`.
    `horizon` is how far ahead the calendar looks: whole days, `1d` to `366d`."""

    model_config = ConfigDict(extra="forbid")

    scope: FeedScope
    schedule: Annotated[str | None, Field(validate_default=True)] = None
    horizon: Duration = "180d"

    @field_validator("schedule")
    @classmethod
    def _fits_scope(cls, value: str | None, info: ValidationInfo) -> str | None:
        scope = info.data.get("scope")
        if scope is FeedScope.MINE and value is not None:
            raise ValueError("“mine” shows all schedules; leave it out, or use the scope “mine_in_schedule”")
        if scope in (FeedScope.MINE_IN_SCHEDULE, FeedScope.EVERYBODY) and value is None:
            raise ValueError(f"the scope “{scope}” needs the key of a schedule")
        return value

    @field_validator("horizon")
    @classmethod
    def _whole_days(cls, value: str) -> str:
        days, rest = divmod(seconds_of(value), _DAY_SECONDS)
        if rest or not 1 <= days <= _MOST_DAYS:
            raise ValueError("write whole days between 1d and 366d")
        return value


class CalendarFeed(BaseModel):
    """Whoever has a link reads the calendar: treat it like a password. `url` and `webcal` are the same link, for
    programs that take addresses and for browsers that open one; only its owner sees them, and only while it is in
    force."""

    id: str
    user: str
    scope: FeedScope
    schedule: str | None
    horizon: str
    url: str | None
    webcal: str | None
    created_at: Time
    last_read_at: Time | None
    revoked_at: Time | None


@router.post("", status_code=201)
async def create_feed(new: NewFeed, services: AnyService, principal: Viewer) -> CalendarFeed:
    """A link for the signed-in user. It lasts until it is revoked."""
    user = _user(principal)
    if new.schedule is not None and new.schedule not in (await services.config.directory()).schedules:
        raise invalid("schedule", f"There is no schedule {new.schedule!r}.")
    feed = Feed(user, new.scope, new.schedule, seconds_of(new.horizon) // _DAY_SECONDS)
    async with services.database.write() as session:
        row = await calendar_feeds.create(session, feed, services.clock())
    return _shown(services, principal, row)


@router.get("")
async def list_feeds(services: AnyService, principal: Viewer) -> Listed[CalendarFeed]:
    """The signed-in user's links, revoked ones too, the oldest first. Admins see that others have some."""
    whose = None if principal.may(Role.ADMIN) else _user(principal)
    async with services.database.read() as session:
        rows = await calendar_feeds.of_user(session, whose)
    return Listed(items=[_shown(services, principal, row) for row in rows])


@router.delete("/{feed}", status_code=204)
async def revoke_feed(feed: str, services: AnyService, principal: Viewer) -> None:
    """The link is dead from now on. Admins may revoke anybody's."""
    whose = None if principal.may(Role.ADMIN) else _user(principal)
    async with services.database.write() as session:
        if not await calendar_feeds.revoke(session, feed, whose, services.clock()):
            raise not_found(f"calendar feed {feed} in force")


def _user(principal: Principal) -> str:
    if principal.user is None:
        message = "A calendar feed belongs to a user: sign in, or send a token that acts for a user."
        raise ApiError(403, "forbidden", message)
    return principal.user


def _shown(services: Services, principal: Principal, row: CalendarFeedRow) -> CalendarFeed:
    url = None
    if row.user == principal.user and row.revoked_at is None:
        url = services.settings.public_url + feed_path(keyring(services.settings), row.id)
    return CalendarFeed(
        id=row.id,
        user=row.user,
        scope=FeedScope(row.scope),
        schedule=row.schedule,
        horizon=f"{row.horizon_days}d",
        url=url,
        webcal="webcal://" + url.partition("://")[2] if url else None,
        created_at=row.created_at,
        last_read_at=row.last_read_at,
        revoked_at=row.revoked_at,
    )
