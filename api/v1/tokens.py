"""API tokens, for admins."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.security import Admin, AnyService
from api.v1.errors import invalid, not_found
from api.v1.parameters import Time
from api.v1.shapes import Listed
from domain.directory import Role
from storage import tokens

router = APIRouter(prefix="/tokens", tags=["API tokens"])


class NewToken(BaseModel):
    """`user` is on whose behalf the token acts, if anybody's."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: Role = Role.RESPONDER
    user: str | None = None


class CreatedToken(BaseModel):
    """`secret` is shown this once."""

    id: str
    secret: str


class Token(BaseModel):
    id: str
    name: str
    role: str
    user: str | None
    created_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


@router.get("")
async def list_tokens(services: AnyService, _principal: Admin) -> Listed[Token]:
    """All tokens, revoked ones too, the oldest first. Only their digests are stored, so no secrets."""
    async with services.database.read() as session:
        rows = await tokens.api_tokens(session)
    return Listed(
        items=[
            Token(
                id=row.id,
                name=row.name,
                role=row.role,
                user=row.user,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                revoked_at=row.revoked_at,
            )
            for row in rows
        ]
    )


@router.post("", status_code=201)
async def create_token(new: NewToken, services: AnyService, _principal: Admin) -> CreatedToken:
    """Make a token. Keep the secret: it is not shown again."""
    if new.user is not None and new.user not in (await services.config.directory()).users:
        raise invalid("user", f"There is no user {new.user!r}.")
    async with services.database.write() as session:
        token = await tokens.create_api_token(
            session, name=new.name, role=new.role, user=new.user, now=services.clock()
        )
    return CreatedToken(id=token.id, secret=token.secret)


@router.delete("/{token}", status_code=204)
async def revoke_token(token: str, services: AnyService, _principal: Admin) -> None:
    """The token is refused from now on."""
    async with services.database.write() as session:
        if not await tokens.revoke_api_token(session, token, services.clock()):
            raise not_found(f"token {token} in force")
