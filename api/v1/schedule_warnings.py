"""Schedules: what is wrong ahead, and what an unsaved schedule would mean."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel

from api.security import AnyService, Responder, Viewer
from api.v1.errors import invalid
from api.v1.parameters import Time
from api.v1.resources import READ_ONLY
from api.v1.schedules import From, Gap, Shift, To, find_schedule, line_of, shown_gaps, shown_shifts, window
from config.preview import preview_schedule
from domain import coverage, on_call
from storage import verified_phones

router = APIRouter(prefix="/schedules", tags=["Schedules"])


class Concern(BaseModel):
    """`key` is the same at every look. `at` is when it bites: in the past for what goes on now, null for what stands
    always. `text` says what to do."""

    kind: coverage.ConcernKind
    key: str
    at: Time | None
    text: str


class Warnings(BaseModel):
    """`warnings` are about how the schedule is written; `concerns` are what goes wrong in the next 30 days."""

    warnings: list[str]
    concerns: list[Concern]


class LayerShifts(BaseModel):
    name: str
    shifts: list[Shift]


class Preview(Warnings):
    shifts: list[Shift]
    layers: list[LayerShifts]
    gaps: list[Gap]


@router.get("/{key}/warnings")
async def warnings_of_schedule(key: str, services: AnyService, _principal: Viewer) -> Warnings:
    """What is wrong with the schedule from now on: times without anybody, people who cannot be reached, an unequal
    load, what contradicts itself. What is over is not told. The owners hear of it a week and a day ahead."""
    directory = await services.config.directory()
    schedule = find_schedule(directory, key)
    async with services.database.read() as session:
        verified = await verified_phones.all_verified(session)
    found = await asyncio.to_thread(coverage.concerns, schedule, directory, verified, services.clock())
    return Warnings(warnings=list(on_call.warnings(schedule)), concerns=shown_concerns(found))


@router.post("/preview")
async def preview(
    services: AnyService,
    _principal: Responder,
    from_: From = None,
    to: To = None,
    body: Annotated[Any, Body()] = None,
) -> Preview:
    """A schedule in the shape of the configuration file that is not saved: its shifts, each layer's on its own, its
    gaps, and what is wrong. With the `key` of a stored schedule that one's overrides stay, as they would on `PUT`.
    422 as on `PUT`. Nothing is stored."""
    start, end = window(from_ or services.clock(), to)
    wanted = {name: value for name, value in body.items() if name not in READ_ONLY} if isinstance(body, dict) else body
    now = services.clock()
    found = await asyncio.to_thread(preview_schedule, await services.config.snapshot(), _key(body), wanted, now)
    schedule, directory = found.schedule, found.directory
    async with services.database.read() as session:
        verified = await verified_phones.all_verified(session)
    line = await line_of(schedule, start, end)
    layers = [
        (layer.name, await asyncio.to_thread(on_call.layer_shifts, schedule, layer, start, end))
        for layer in schedule.layers
    ]
    return Preview(
        shifts=shown_shifts(directory, schedule, line, end),
        layers=[LayerShifts(name=name, shifts=shown_shifts(directory, schedule, alone, end)) for name, alone in layers],
        gaps=shown_gaps(schedule, line),
        warnings=list(found.warnings),
        concerns=shown_concerns(await asyncio.to_thread(coverage.concerns, schedule, directory, verified, now)),
    )


def shown_concerns(found: Iterable[coverage.Concern]) -> list[Concern]:
    return [Concern(kind=each.kind, key=each.key, at=each.at, text=each.text) for each in found]


def _key(body: Any) -> str | None:
    key = body.get("key") if isinstance(body, dict) else None
    if key is not None and not isinstance(key, str):
        raise invalid("key", "“key” must be the key of a schedule, as a text.")
    return key
