"""Resources as a principal may see them: secrets and foreign phones masked, what calls have shown added."""

from typing import Any

from api.security import Principal
from api.services import Services
from api.v1.views import masked_number, sees_secrets
from config.resources import Kind
from config.sealing import SECRET_MASK, masked_body
from config.snapshot import StoredResource
from domain.directory import Role
from domain.titles import rfc3339
from storage import hotline_state

Document = dict[str, Any]

#: where each type of integration takes its events
_WEBHOOKS = {"webhook": "/{token}/push-events", "incident-io": "/hooks/incident-io/{token}"}


async def shown(services: Services, principal: Principal, stored: StoredResource) -> Document:
    """The resource as the principal may see it, with what is known of it besides."""
    body = masked_body(stored.body)
    match stored.kind:
        case Kind.USERS:
            body["phone"] = _phones(principal, stored.key, body["phone"])
        case Kind.INTEGRATIONS:
            body |= _webhook(services, principal, body["token"], _WEBHOOKS[body["type"]])
        case Kind.HOTLINES:
            body |= _webhook(services, principal, body["token"], "/voice/{token}")
            body |= await _state_of(services, stored.key)
        case _:
            pass
    document = body if principal.may(Role.MANAGER) else _without_numbers(body)
    return {"key": stored.key, **document}


def _phones(principal: Principal, user: str, phones: Any) -> Any:
    if isinstance(phones, list):
        return [principal.phone(number, user) for number in phones]
    return principal.phone(phones, user) if phones else phones


def _webhook(services: Services, principal: Principal, token: str, path: str) -> Document:
    seen = token if sees_secrets(principal) else SECRET_MASK
    return {"token": seen, "webhook_url": services.settings.public_url + path.format(token=seen)}


def _without_numbers(document: Any) -> Any:
    """Numbers that alerts and messages go to are somebody's phone too."""
    match document:
        case dict():
            return {
                name: masked_number(value) if name == "to" and isinstance(value, str) else _without_numbers(value)
                for name, value in document.items()
            }
        case list():
            return [_without_numbers(each) for each in document]
        case _:
            return document


async def _state_of(services: Services, key: str) -> dict[str, Any]:
    """What calls and people have changed about a hotline, beside its configuration."""
    async with services.database.read() as session:
        state = await hotline_state.get(session, key)
        modes = await hotline_state.active_test_modes(session, services.clock())
    mode = next((each for each in modes if each.hotline == key), None)
    return {
        "verified": state.verified if state else False,
        "last_call_at": rfc3339(state.last_call_at) if state and state.last_call_at else None,
        "hangup_seen": state.hangup_seen if state else False,
        "pinned": bool(state and (state.pinned_account or state.pinned_number)),
        "test_mode": {"user": mode.user, "until": rfc3339(mode.until)} if mode else None,
    }
