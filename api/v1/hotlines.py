"""Hotlines: who would ring, test mode, and what their calls have shown."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.security import AnyService, Manager, Principal, Viewer
from api.services import Services
from api.v1 import shapes, views
from api.v1.errors import ApiError, invalid, not_found
from api.v1.parameters import Moment, Time
from api.v1.resource_views import shown
from config.resources import Kind
from domain.call_plan import PassedEntry, Target, resolve_chain, tester_of
from domain.directory import Directory, Hotline, Role
from storage import hotline_state

router = APIRouter(prefix="/hotlines", tags=["Hotlines"])

TEST_MODE_LIFETIME = timedelta(minutes=5)


class WouldRing(BaseModel):
    order: int
    responder: shapes.OnSchedule
    number: str
    ring_seconds: int
    reason: str


class WouldBePassed(BaseModel):
    """An entry with nobody to ring behind it."""

    order: int
    skipped: str


class WhoWouldRing(BaseModel):
    at: Time
    chain: list[WouldRing | WouldBePassed]


class Tester(BaseModel):
    """`user` is the caller of the API when it is left out."""

    model_config = ConfigDict(extra="forbid")

    user: str | None = None


class TestMode(BaseModel):
    """`instead_of` is the one whose test mode this ended."""

    __test__ = False  # pytest must not take the class for a test

    hotline: str
    user: shapes.Named
    until: Time
    instead_of: shapes.Named | None


@router.get("/{key}/who-would-ring")
async def who_would_ring(
    key: str,
    services: AnyService,
    principal: Viewer,
    at: Annotated[Moment | None, Query(description="Now when it is left out.")] = None,
) -> WhoWouldRing:
    """Who would ring, in order, and why, without calling anybody. Test mode counts for now only."""
    directory = await services.config.directory()
    hotline = _hotline(directory, key)
    now = services.clock()
    tester = await _active_tester(services, directory, key) if at is None else None
    chain = resolve_chain(directory, hotline, at or now, tester=tester)
    return WhoWouldRing(at=at or now, chain=[_entry(entry, principal) for entry in chain])


@router.post("/{key}/test-mode")
async def start_test_mode(key: str, services: AnyService, principal: Viewer, tester: Tester | None = None) -> TestMode:
    """For five minutes all calls of the hotline ring the tester, so that letting it ring out tests the fallback.
    422 when the tester has no phone. Below managers, people can only name themselves."""
    directory = await services.config.directory()
    _hotline(directory, key)
    user = (tester.user if tester else None) or principal.user
    if user is None and principal.may(Role.RESPONDER):
        raise invalid("user", "This API token stands for no user. Say who tests: {“user”: key}.")
    if user is None or (user != principal.user and not principal.may(Role.MANAGER)):
        raise ApiError(403, "forbidden", "You can switch on test mode for yourself only.")
    if user not in directory.users:
        raise invalid("user", f"There is no user {user!r}.")
    if not directory.users[user].phones:
        raise invalid("user", f"{directory.users[user].name} has no phone number, so nothing would ring.")
    before = await _active_tester(services, directory, key)
    until = services.clock() + TEST_MODE_LIFETIME
    async with services.database.write() as session:
        await hotline_state.start_test_mode(session, key, user, until)
    await services.route_book.refresh()  # the next call to this process knows
    return TestMode(
        hotline=key,
        user=views.named(directory, user),
        until=until,
        instead_of=views.named(directory, before) if before not in (None, user) else None,
    )


@router.delete("/{key}/test-mode", status_code=204)
async def stop_test_mode(key: str, services: AnyService, principal: Viewer) -> None:
    """Calls ring whoever is on call again. Below managers, people can only end their own test mode."""
    directory = await services.config.directory()
    _hotline(directory, key)
    tester = await _active_tester(services, directory, key)
    if tester not in (None, principal.user) and not principal.may(Role.MANAGER):
        raise ApiError(403, "forbidden", "Somebody else tests this hotline.")
    async with services.database.write() as session:
        await hotline_state.stop_test_mode(session, key)
    await services.route_book.refresh()  # the next call to this process knows


@router.post("/{key}/unpin")
async def unpin(key: str, services: AnyService, principal: Manager) -> dict[str, Any]:
    """Forget the account and number of the first call; the next one pins the hotline anew."""
    stored = await services.config.get(Kind.HOTLINES, key)
    async with services.database.write() as session:
        await hotline_state.unpin(session, key)
    await services.route_book.refresh()  # the next call to this process knows
    return await shown(services, principal, stored)


def _hotline(directory: Directory, key: str) -> Hotline:
    hotline = directory.hotlines.get(key)
    if hotline is None:
        raise not_found(f"hotline {key}")
    return hotline


async def _active_tester(services: Services, directory: Directory, key: str) -> str | None:
    async with services.database.read() as session:
        modes = await hotline_state.active_test_modes(session, services.clock())
    return tester_of(directory, next((mode.user for mode in modes if mode.hotline == key), None))


def _entry(entry: Target | PassedEntry, principal: Principal) -> WouldRing | WouldBePassed:
    if isinstance(entry, PassedEntry):
        return WouldBePassed(order=entry.order, skipped=entry.reason)
    return WouldRing(
        order=entry.order,
        responder=shapes.OnSchedule(key=entry.user, name=entry.name, schedule=entry.schedule),
        number=principal.phone(entry.number, entry.user),
        ring_seconds=entry.ring_seconds,
        reason=entry.reason,
    )
