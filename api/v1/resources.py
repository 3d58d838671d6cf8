"""The configuration, resource by resource, in the shapes of the configuration file."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Response

from api.security import AnyService, Manager, Principal, Viewer
from api.services import Services
from api.v1.errors import ApiError, refused
from api.v1.parameters import DEFAULT_LIMIT, Cursor, Limit, etag, expected_version
from api.v1.resource_views import Document, shown
from api.v1.shapes import Listed
from config.problems import InvalidResource
from config.resources import Kind
from config.service import UnknownResource
from config.snapshot import StoredResource
from domain.directory import Role
from storage.paging import decode_cursor, page_of

#: shown beside what the file has; sent back, they are left alone
READ_ONLY = frozenset({"key", "webhook_url", "verified", "last_call_at", "hangup_seen", "test_mode", "pinned"})

_PATHS = {
    Kind.USERS: "/users",
    Kind.SCHEDULES: "/schedules",
    Kind.ESCALATION_POLICIES: "/escalation-policies",
    Kind.SERVICES: "/services",
    Kind.INTEGRATIONS: "/integrations",
    Kind.HOTLINES: "/hotlines",
    Kind.CONTACTS: "/contacts",
    Kind.ROOMS: "/rooms",
    Kind.SHIFT_WEBHOOKS: "/shift-webhooks",
    Kind.CALENDARS: "/calendars",
}
_TAGS = {kind: path.strip("/").replace("-", " ").capitalize() for kind, path in _PATHS.items()}

ExpectedVersion = Annotated[int | None, Depends(expected_version)]


def add_resources(app: FastAPI) -> None:
    """The same four routes for each kind."""
    for kind, path in _PATHS.items():
        app.include_router(_router(kind), prefix=path, tags=[_TAGS[kind]])


def _router(kind: Kind) -> APIRouter:
    router = APIRouter()

    @router.get("")
    async def list_resources(
        services: AnyService, principal: Viewer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Listed[Document]:
        """All of them by key, a page at a time."""
        after = decode_cursor(cursor, str)[0] if cursor else ""
        stored = [each for each in await services.config.list(kind) if each.key > str(after)]
        page = page_of(stored, limit, lambda each: (each.key,))
        items = [await shown(services, principal, each) for each in page.items]
        return Listed(items=items, next_cursor=page.next_cursor)

    @router.get("/{key}")
    async def get_resource(key: str, services: AnyService, principal: Viewer, response: Response) -> Document:
        """In the shape of the configuration file. The `ETag` is its version, for `If-Match`."""
        stored = await services.config.get(kind, key)
        response.headers.update(etag(stored.version))
        return await shown(services, principal, stored)

    @router.put("/{key}", responses={201: {"description": "It was created."}})
    async def put_resource(
        key: str,
        services: AnyService,
        principal: Manager,
        response: Response,
        version: ExpectedVersion,
        body: Annotated[Any, Body()] = None,
    ) -> Document:
        """Create or replace. What is left out gets its default, except a webhook token, secrets that are sent back as
        they were shown, and overrides: they stay. 409 when `If-Match` is not the current version."""
        before = await _current(services, kind, key)
        wanted = (
            {name: each for name, each in body.items() if name not in READ_ONLY} if isinstance(body, dict) else body
        )
        if kind is Kind.USERS:
            _check_role(principal, before, wanted)
        stored = await services.config.put(kind, key, wanted, version, actor=principal.user)
        response.status_code = 201 if before is None else 200
        response.headers.update(etag(stored.version))
        return await shown(services, principal, stored)

    @router.delete("/{key}", status_code=204)
    async def delete_resource(key: str, services: AnyService, principal: Manager, version: ExpectedVersion) -> None:
        """409 while something refers to it; the message says what."""
        if kind is Kind.USERS:
            _check_role(principal, await _current(services, kind, key), None)
        try:
            await services.config.delete(kind, key, version)
        except InvalidResource as error:
            raise refused(error, "in_use", 409) from None

    return router


async def _current(services: Services, kind: Kind, key: str) -> StoredResource | None:
    try:
        return await services.config.get(kind, key)
    except UnknownResource:
        return None


def _check_role(principal: Principal, before: StoredResource | None, wanted: Any) -> None:
    """Only admins make, change or delete admins: a manager must not become one by the back door."""
    roles = {before.body.get("role") if before else None, wanted.get("role") if isinstance(wanted, dict) else None}
    if Role.ADMIN in roles and not principal.may(Role.ADMIN):
        raise ApiError(403, "forbidden", "Only an admin can make, change or delete an admin.")
