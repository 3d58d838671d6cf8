"""Who is on call everywhere, one person's shifts, and whom a policy would alert."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.security import AnyService, Principal, Viewer
from api.v1 import schedules, shapes, views
from api.v1.errors import invalid, not_found
from api.v1.parameters import Moment, Time, find_user
from domain import policy_preview
from domain.alert_targets import PlannedAlert
from domain.directory import Directory
from domain.policy_preview import PreviewedLevel

router = APIRouter()

At = Annotated[Moment | None, Query(description="Now when it is left out.")]


class OnCallIn(schedules.OnCall):
    schedule: shapes.Named


class ShiftIn(schedules.Shift):
    schedule: shapes.Named


class WouldBeAlerted(BaseModel):
    """`user` is null for a room or a bare address; `to` is null when the person has no address for the channel."""

    channel: str
    user: shapes.Named | None
    to: str | None
    reason: str


class WouldBePassed(BaseModel):
    """An alert with nobody behind it."""

    skipped: str


class WouldOpen(BaseModel):
    level: int
    at: Time
    after_seconds: int
    alerts: list[WouldBeAlerted | WouldBePassed]


class WhoWouldBePaged(BaseModel):
    at: Time
    levels: list[WouldOpen]


@router.get("/on-call", tags=["Schedules"])
async def on_call_everywhere(services: AnyService, _principal: Viewer, at: At = None) -> shapes.Listed[OnCallIn]:
    """Who is on call in each schedule, as `/schedules/{key}/on-call` says."""
    directory = await services.config.directory()
    moment = at or services.clock()
    items = [
        OnCallIn(
            schedule=shapes.Named(key=key, name=schedule.name),
            **dict(schedules.on_call_answer(directory, schedule, moment)),
        )
        for key, schedule in sorted(directory.schedules.items())
    ]
    return shapes.Listed(items=items)


@router.get("/users/{key}/shifts", tags=["Users"])
async def shifts_of_user(
    key: str, services: AnyService, _principal: Viewer, from_: schedules.From = None, to: schedules.To = None
) -> shapes.Listed[ShiftIn]:
    """When the person is on call in the window, over all schedules, in order, cut at both ends. Where one starts at
    `from` (now, when it is left out), the person is on call."""
    directory = await services.config.directory()
    user = find_user(directory, key)
    start, end = schedules.window(from_ or services.clock(), to)
    items = [
        ShiftIn(
            schedule=shapes.Named(key=schedule.key, name=schedule.name),
            **dict(schedules.shown_shift(directory, schedule, user.key, shift, end)),
        )
        for schedule in directory.schedules.values()
        for shift in await schedules.line_of(schedule, start, end)
        if shift.user == user.key
    ]
    return shapes.Listed(items=sorted(items, key=lambda item: (item.starts, item.schedule.key)))


@router.get("/escalation-policies/{key}/who-would-be-paged", tags=["Escalation policies"])
async def who_would_be_paged(key: str, services: AnyService, principal: Viewer, at: At = None) -> WhoWouldBePaged:
    """Whom the policy would alert, level by level, and why, if an incident opened at that moment and nobody
    acknowledged it; nobody is alerted.

    `at` of a level is when it would open, and that is when the schedules are looked at: after the policy's `delay` and
    the `escalate_after` of the levels before it. A level with nobody behind it is passed at once."""
    directory = await services.config.directory()
    policy = directory.escalation_policies.get(key)
    if policy is None:
        raise not_found(f"escalation policy {key}")
    moment = at or services.clock()
    try:
        levels = policy_preview.preview(policy, directory, moment)
    except OverflowError:
        raise invalid("at", "The later levels would be beyond the end of the calendar. Name an earlier time.") from None
    return WhoWouldBePaged(at=moment, levels=[_level(level, directory, principal) for level in levels])


def _level(level: PreviewedLevel, directory: Directory, principal: Principal) -> WouldOpen:
    return WouldOpen(
        level=level.number,
        at=level.at,
        after_seconds=level.after_seconds,
        alerts=[
            *(_alert(alert, directory, principal) for alert in level.targets.alerts),
            *(WouldBePassed(skipped=reason) for reason in level.targets.empty),
        ],
    )


def _alert(alert: PlannedAlert, directory: Directory, principal: Principal) -> WouldBeAlerted:
    to = alert.address if principal.sees_phone_of(alert.user) else views.masked_number(alert.address)
    return WouldBeAlerted(
        channel=alert.channel,
        user=views.named(directory, alert.user) if alert.user else None,
        to=to or None,
        reason=alert.reason,
    )
