"""What people set for themselves, without a manager: when they are away, and how they are told of shifts."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.security import AnyService, Principal, Viewer
from api.services import Services
from api.v1.errors import ApiError
from api.v1.resource_views import Document, shown
from config.resources import Kind
from domain.directory import Role

router = APIRouter(prefix="/users/{key}", tags=["Users"])


@router.put("/out-of-office")
async def put_out_of_office(
    key: str, services: AnyService, principal: Viewer, body: Annotated[Any, Body()] = None
) -> Document:
    """When the user is away, and who has their duties meanwhile: the whole list as in the configuration file,
    `[{starts, ends, delegate?, comment?}]`, local to the user's zone; `[]` takes everything back. For the user
    themselves or a manager. Answers with the user."""
    return await _put(services, principal, key, "out_of_office", body)


@router.put("/shift-notices")
async def put_shift_notices(
    key: str, services: AnyService, principal: Viewer, body: Annotated[Any, Body()] = None
) -> Document:
    """Over which channels the user is told of shifts and overrides, as in the configuration file:
    `{start, end, changes, schedules}`. For the user themselves or a manager. Answers with the user."""
    return await _put(services, principal, key, "shift_notices", body)


async def _put(services: Services, principal: Principal, key: str, field: str, value: Any) -> Document:
    if principal.user != key and not principal.may(Role.MANAGER):
        raise ApiError(403, "forbidden", "Only the user themselves or a manager can change this.")
    stored = await services.config.get(Kind.USERS, key)
    wanted = {**stored.body, field: value}
    return await shown(
        services, principal, await services.config.put(Kind.USERS, key, wanted, stored.version, principal.user)
    )
