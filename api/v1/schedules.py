"""Schedules: who is on call, when, and why; and overrides."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel

from api.security import AnyService, Responder, Viewer
from api.v1 import parameters, shapes, views
from api.v1.errors import ApiError, not_found
from api.v1.parameters import Moment, Time
from config.snapshot import OverrideSource
from domain import on_call
from domain.directory import Directory
from domain.schedule import Schedule

router = APIRouter(prefix="/schedules", tags=["Schedules"])

_LONGEST_WINDOW = timedelta(days=366)


class Reason(BaseModel):
    """`kind` is `layer`, `override` or `delegate`; `text` says it in words. A delegate has the layer or override that
    put `delegated_by` on call, who is out of office."""

    kind: str
    text: str
    layer: str | None = None
    override: str | None = None
    replaces: str | None = None
    delegated_by: str | None = None
    comment: str | None = None


class Next(BaseModel):
    user: shapes.Named
    at: Time


class OnCall(BaseModel):
    """`since` and `until` are null when nothing changes within ten years back and a year ahead."""

    at: Time
    user: shapes.Named | None
    since: Time | None
    until: Time | None
    reason: Reason | None
    next: Next | None


class Shift(BaseModel):
    user: shapes.Named
    starts: Time
    ends: Time
    reason: Reason | None


class Gap(BaseModel):
    """`reason` is there where somebody would be on call who is out of office without a delegate."""

    starts: Time
    ends: Time
    reason: Reason | None = None


From = Annotated[Moment | None, Query(alias="from", description="Now when it is left out.")]
To = Annotated[Moment | None, Query(description="30 days after `from` when it is left out; at most 366.")]
LayerName = Annotated[
    str | None,
    Query(
        description="One layer on its own, without overrides and absences; of several with the same name the one that "
        "wins. Everything when left out."
    ),
]


@router.get("/{key}/on-call")
async def who_is_on_call(
    key: str,
    services: AnyService,
    _principal: Viewer,
    at: Annotated[Moment | None, Query(description="Now when it is left out.")] = None,
) -> OnCall:
    """Who is on call, since when, until when, why, and who comes next."""
    directory = await services.config.directory()
    return on_call_answer(directory, find_schedule(directory, key), at or services.clock())


@router.get("/{key}/shifts")
async def shifts(
    key: str, services: AnyService, _principal: Viewer, from_: From = None, to: To = None, layer: LayerName = None
) -> shapes.Listed[Shift]:
    """Everybody's time on call in the window, in order, cut at both ends."""
    directory = await services.config.directory()
    schedule = find_schedule(directory, key)
    start, end = window(from_ or services.clock(), to)
    line = await _line(schedule, layer, start, end)
    return shapes.Listed(items=shown_shifts(directory, schedule, line, end))


@router.get("/{key}/gaps")
async def gaps(
    key: str, services: AnyService, _principal: Viewer, from_: From = None, to: To = None, layer: LayerName = None
) -> shapes.Listed[Gap]:
    """When nobody is on call in the window."""
    schedule = find_schedule(await services.config.directory(), key)
    line = await _line(schedule, layer, *window(from_ or services.clock(), to))
    return shapes.Listed(items=shown_gaps(schedule, line))


@router.post("/{key}/overrides", status_code=201)
async def add_override(
    key: str, services: AnyService, principal: Responder, body: Annotated[Any, Body()] = None
) -> dict[str, Any]:
    """`{user, starts, ends, replaces?, comment?}` as in the configuration file; the newest override wins. It survives
    the applying of files. Whoever covers and whoever is displaced is told, except the one who asks."""
    source = OverrideSource.DASHBOARD if principal.by_cookie else OverrideSource.API
    stored = await services.config.add_override(key, body, source, principal.user)
    return stored.shown()


@router.delete("/{key}/overrides/{override}", status_code=204)
async def delete_override(key: str, override: str, services: AnyService, principal: Responder) -> None:
    """Whoever made it. One that came from a file returns when the file is applied again. The people involved are told,
    except the one who asks."""
    await services.config.delete_override(key, override, principal.user)


def on_call_answer(directory: Directory, schedule: Schedule, at: datetime) -> OnCall:
    answer = on_call.on_call(schedule, at)
    following = None
    if answer.next_user is not None and answer.next_at is not None:
        following = Next(user=views.named(directory, answer.next_user), at=answer.next_at)
    return OnCall(
        at=at,
        user=views.named(directory, answer.user) if answer.user else None,
        since=answer.since,
        until=answer.until,
        reason=_reason(answer.user, answer.reason, schedule, answer.until),
        next=following,
    )


def shown_shift(
    directory: Directory, schedule: Schedule, user: str, shift: on_call.Shift, window_ends: datetime
) -> Shift:
    """``user`` is the shift's: a gap is not shown so. Where the window cuts the shift, its end is not a reason."""
    return Shift(
        user=views.named(directory, user),
        starts=shift.starts,
        ends=shift.ends,
        reason=_reason(user, shift.reason, schedule, shift.ends if shift.ends < window_ends else None),
    )


def shown_shifts(
    directory: Directory, schedule: Schedule, line: Iterable[on_call.Shift], window_ends: datetime
) -> list[Shift]:
    return [
        shown_shift(directory, schedule, shift.user, shift, window_ends) for shift in line if shift.user is not None
    ]


def shown_gaps(schedule: Schedule, line: Iterable[on_call.Shift]) -> list[Gap]:
    return [
        Gap(starts=shift.starts, ends=shift.ends, reason=_reason(None, shift.reason, schedule, shift.ends))
        for shift in line
        if shift.user is None
    ]


async def line_of(schedule: Schedule, start: datetime, end: datetime) -> Sequence[on_call.Shift]:
    """Shifts and gaps, computed in a thread: a year of an hourly rotation takes long, and the same process may be
    answering callers."""
    return await asyncio.to_thread(on_call.shifts, schedule, start, end)


def find_schedule(directory: Directory, key: str) -> Schedule:
    """Answers 404 when there is none."""
    schedule = directory.schedules.get(key)
    if schedule is None:
        raise not_found(f"schedule {key}")
    return schedule


async def _line(schedule: Schedule, layer: str | None, start: datetime, end: datetime) -> Sequence[on_call.Shift]:
    """Of the whole schedule, or of one layer alone; answers 404 when there is no such layer."""
    if layer is None:
        return await line_of(schedule, start, end)
    found = next((each for each in reversed(schedule.layers) if each.name == layer), None)
    if found is None:
        names = ", ".join(each.name for each in schedule.layers) or "none"
        raise ApiError(404, "not_found", f"Schedule {schedule.key} has no layer {layer!r}; its layers are: {names}.")
    return await asyncio.to_thread(on_call.layer_shifts, schedule, found, start, end)


def window(start: datetime, end: datetime | None) -> tuple[datetime, datetime]:
    """Both ends; answers 422 for a window that is reversed or too long."""
    return parameters.window(start, end, _LONGEST_WINDOW)


def _reason(
    user: str | None, reason: on_call.Reason | None, schedule: Schedule, until: datetime | None
) -> Reason | None:
    if reason is None:
        return None
    return Reason(
        kind=reason.kind,
        text=on_call.describe(user, reason, schedule, until),
        layer=reason.layer,
        override=reason.override_id,
        replaces=reason.replaced,
        delegated_by=reason.delegated_by,
        comment=reason.comment or None,
    )
