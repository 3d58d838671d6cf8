"""Schedules: swaps, taking a shift, and another rotation from a date on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from api.security import AnyService, Manager, Principal, Responder
from api.v1.errors import ApiError, invalid, not_found
from api.v1.parameters import Moment, etag, expected_version
from api.v1.schedules import find_schedule
from config.overrides import instant_in, override_body
from config.rotation_changes import RotationChange
from config.snapshot import OverrideSource
from config.values import Moment as FileMoment
from config.values import check_order
from domain.directory import Directory
from domain.schedule import Schedule
from domain.schedule_edits import Cover, EditRefused, OwnTime, swap, take

router = APIRouter(prefix="/schedules", tags=["Schedules"])

Comment = Annotated[str, Field(max_length=1000)]


class Given(BaseModel):
    """Whose time changes hands. Times are local to the schedule's zone unless they carry an offset."""

    model_config = ConfigDict(extra="forbid")

    user: str
    starts: FileMoment
    ends: FileMoment

    @field_validator("ends")
    @classmethod
    def _ends_after_start(cls, ends: str, info: ValidationInfo) -> str | None:
        return check_order(info.data.get("starts"), ends)


class Swap(BaseModel):
    """What each of the two gives away."""

    model_config = ConfigDict(extra="forbid")

    first: Given
    second: Given
    comment: Comment = ""


class Take(BaseModel):
    """`at` is now when it is left out, `user` the caller of the API."""

    model_config = ConfigDict(extra="forbid")

    at: Moment | None = None
    user: str | None = None
    comment: Comment = ""


class Swapped(BaseModel):
    """The two overrides, each as `POST …/overrides` gives it."""

    overrides: list[dict[str, Any]]


class ChangedRotation(BaseModel):
    """The layers as they stand in the schedule now. What begins is one layer or more: the rest of a turn, and what
    follows it."""

    ended: dict[str, Any]
    begun: list[dict[str, Any]]


@router.post("/{key}/swaps", status_code=201)
async def swap_shifts(key: str, services: AnyService, principal: Responder, body: Swap) -> Swapped:
    """Two people change places: each covers what the other one gives away. Both overrides are made, or none.

    Only the time that a person is on call changes hands; somebody else's within the window stays theirs. 409, with who
    is on call instead, when a person is not on call in the window at all; also for windows that overlap, and for
    somebody who is out of office when they would cover. To take a swap back, delete its overrides."""
    directory = await services.config.directory()
    find_schedule(directory, key)
    _require_user(directory, "first.user", body.first.user)
    _require_user(directory, "second.user", body.second.user)

    def covers(now: Directory) -> Sequence[Cover]:
        schedule = find_schedule(now, key)
        first, second = (_own_time(given, schedule) for given in (body.first, body.second))
        return swap(schedule, now.users, first, second)

    with _refusals():
        made = await services.config.add_overrides(
            key, _bodies(key, covers, body.comment), _source(principal), principal.user
        )
    return Swapped(overrides=[override.shown() for override in made])


@router.post("/{key}/take", status_code=201)
async def take_shift(key: str, services: AnyService, principal: Responder, body: Take | None = None) -> dict[str, Any]:
    """Take the shift around a moment, from its start (or from now, when it has begun) to its end, as an override of
    the one who has it. A gap can be taken too. 409 when the shift is over, is one's own, or has no end."""
    wanted = body or Take()
    user = wanted.user or principal.user
    if user is None:
        raise invalid("user", "This API token stands for no user. Say who takes the shift: {“user”: key}.")
    directory = await services.config.directory()
    find_schedule(directory, key)
    _require_user(directory, "user", user)
    now = services.clock().replace(microsecond=0)

    def covers(current: Directory) -> Sequence[Cover]:
        return [take(find_schedule(current, key), current.users, user, wanted.at or now, now)]

    with _refusals():
        (made,) = await services.config.add_overrides(
            key, _bodies(key, covers, wanted.comment), _source(principal), principal.user
        )
    return made.shown()


@router.post("/{key}/layers/{name:path}/change", status_code=201)
async def change_rotation(
    key: str,
    name: str,
    services: AnyService,
    _principal: Manager,
    response: Response,
    version: Annotated[int | None, Depends(expected_version)],
    body: RotationChange,
) -> ChangedRotation:
    """Another rotation from a date on, without a hole: the layer ends at `starts`, and at that very instant a new one
    begins in the same place, with what the body says and all else as before. The layer that ended stays, so that the
    past can be explained.

    The new rotation begins with its first member; where `members` is left out, with whoever's turn it is then. When
    `rotation` and `handoff` stay as they are too, so does every turn: in the middle of one, a layer lasts until that
    turn ends, and another goes on from there.

    409 when `starts` is not within the layer's time, or when the layer already changes to another one later: that one
    has to be taken back first. 409 also when `If-Match` is not the schedule's current version. To see the result first,
    send the schedule with all these layers to `POST /schedules/preview`."""
    directory = await services.config.directory()
    schedule = find_schedule(directory, key)
    if all(layer.name != name for layer in schedule.layers):
        raise not_found(f"layer {name} in schedule {key}")
    with _refusals():
        stored, (ended, *begun) = await services.config.change_rotation(key, name, body, version)
    response.headers.update(etag(stored.version))
    return ChangedRotation(ended=ended, begun=begun)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except EditRefused as refusal:
        raise ApiError(409, "refused", str(refusal)) from None


def _bodies(
    key: str, covers_for: Callable[[Directory], Sequence[Cover]], comment: str
) -> Callable[[Directory], Sequence[dict[str, Any]]]:
    """The overrides in the shape of the file, from the configuration that they are written to."""

    def bodies(directory: Directory) -> Sequence[dict[str, Any]]:
        timezone = find_schedule(directory, key).timezone
        return [override_body(cover, comment, timezone) for cover in covers_for(directory)]

    return bodies


def _own_time(given: Given, schedule: Schedule) -> OwnTime:
    zone = schedule.timezone
    return OwnTime(given.user, instant_in(given.starts, zone), instant_in(given.ends, zone))


def _source(principal: Principal) -> OverrideSource:
    return OverrideSource.DASHBOARD if principal.by_cookie else OverrideSource.API


def _require_user(directory: Directory, field: str, user: str) -> None:
    if user not in directory.users:
        raise invalid(field, f"There is no user {user!r}.")
