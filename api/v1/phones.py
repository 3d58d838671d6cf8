"""Phones of users: which of them were proved, and proving one by a code."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from activities.links import CallbackOf, Links
from api.security import AnyService, Principal, Viewer
from api.services import Services
from api.v1.errors import ApiError, invalid
from api.v1.parameters import Time, find_user
from api.v1.shapes import Listed
from channels.verification import send_code
from domain.delivery import DeliveryError
from domain.directory import Directory, User
from domain.phone import to_e164
from storage import verified_phones
from storage.verified_phones import CODE_LIFETIME, Confirmation, Proof

router = APIRouter(prefix="/users/{key}/phones/verification", tags=["Users"])


class Phone(BaseModel):
    """`how` it was proved: by a `code`, or by a key that was pressed in a `hotline_call` or an `alert_call`."""

    number: str
    verified: bool
    how: Proof | None
    verified_at: Time | None


class WantedCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: str


class TypedCode(WantedCode):
    code: Annotated[str, Field(max_length=20)]


class SentCode(BaseModel):
    number: str
    expires_at: Time


@router.get("")
async def phones_of_user(key: str, services: AnyService, principal: Viewer) -> Listed[Phone]:
    """The user's phones in their order (the first one rings), and which of them are verified. A phone is verified by a
    code, or when its user presses a key to take a call of a hotline or to act on an alert. Another number is another
    phone."""
    user = find_user(await services.config.directory(), key)
    return Listed(items=await _phones(services, principal, user))


@router.post("", status_code=202)
async def send_a_code(key: str, wanted: WantedCode, services: AnyService, principal: Viewer) -> SentCode:
    """Send a code of six digits to one of the user's phones as a text message, for the user themselves or a manager. It
    is good for ten minutes. One a minute and five an hour for each number: 429 says that it is too early."""
    directory = await services.config.directory()
    number = _own_phone(principal, find_user(directory, key), wanted.number)
    now = services.clock()
    async with services.database.write() as session:
        code = await verified_phones.make_code(session, key, number, now)
    if code is None:
        message = "A code was sent to this phone just now, or five in the last hour. Wait a minute, or an hour."
        raise ApiError(429, "too_many", message, headers={"Retry-After": "60"})
    await _send(services, directory, number, code)
    return SentCode(number=number, expires_at=now + CODE_LIFETIME)


@router.put("")
async def confirm_code(key: str, typed: TypedCode, services: AnyService, principal: Viewer) -> Phone:
    """The phone is verified when the code is the one that was sent last. After five wrong ones it takes another."""
    user = find_user(await services.config.directory(), key)
    number = _own_phone(principal, user, typed.number)
    async with services.database.write() as session:
        result = await verified_phones.confirm(session, key, number, typed.code.strip(), services.clock())
    match result:
        case Confirmation.WRONG:
            raise invalid("code", "This is not the code that was sent last.")
        case Confirmation.NOT_IN_FORCE:
            raise invalid(
                "code", "No code for this phone is in force: it is too old, or was tried too often. Ask for another."
            )
        case Confirmation.VERIFIED:
            phones = await _phones(services, principal, user)
            return next(phone for phone in phones if phone.number == number)


async def _phones(services: Services, principal: Principal, user: User) -> list[Phone]:
    async with services.database.read() as session:
        proofs = {row.number: row for row in await verified_phones.of_user(session, user.key)}
    return [
        Phone(
            number=principal.phone(number, user.key),
            verified=number in proofs,
            how=Proof(proofs[number].how) if number in proofs else None,
            verified_at=proofs[number].verified_at if number in proofs else None,
        )
        for number in user.phones
    ]


async def _send(services: Services, directory: Directory, number: str, code: str) -> None:
    # Signed as an alert's, for no alert: receipts are taken and dropped, since whoever waits asks for another code.
    receipts = Links(services.settings.public_url, services.links).callback(CallbackOf.ALERT, "phone-code", "status")
    try:
        async with services.carrier_client() as client:
            await send_code(client, directory, number, code, receipts)
    except DeliveryError as error:
        raise ApiError(503, "not_sent", f"The code was not sent. {error.sentence}") from None


def _own_phone(principal: Principal, user: User, number: str) -> str:
    """The number as the user has it. Only there do codes go, and only for those who may see it."""
    if not principal.sees_phone_of(user.key):
        raise ApiError(403, "forbidden", "Only the user themselves and managers can verify a phone.")
    known = to_e164(number)
    if known is None or known not in user.phones:
        raise invalid("number", f"This is no phone of user {user.key}. Add it to the user first.")
    return known
