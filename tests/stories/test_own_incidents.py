"""Dutyline reports what its admins must know: a rotated carrier token makes a hotline dead."""

from dataclasses import replace

import pytest

from domain.directory import Provider
from tests.stories.carrier_posts import CarrierPost
from tests.stories.house import House, eventually

pytestmark = pytest.mark.parametrize("provider", list(Provider))


async def own_incidents(house: House, key: str) -> list[str]:
    incidents = await house.get("/incidents?integration=dutyline&limit=200")
    return [item["title"] for item in incidents["items"] if key in item["payload"]["body"]]


async def pin(house: House, first: CarrierPost, key: str) -> None:
    """A real call teaches the hotline its account."""
    await first.send(first.fields(Event="StartApp"))

    async def is_pinned() -> bool:
        return bool((await house.get(f"/hotlines/{key}"))["pinned"])

    await eventually(is_pinned)


async def test_a_rotated_token_is_refused_and_reported_once(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    first = CarrierPost.of(line)
    await pin(house, first, line.key)

    async def refused_and_reported() -> list[str]:
        # The api's copy of the pin may be a moment old, and a carrier tries again anyway.
        rotated = replace(CarrierPost.of(line), auth_token="another token")
        assert (await rotated.send(rotated.fields(Event="StartApp"))).status_code == 403
        return await own_incidents(house, line.key)

    assert len(await eventually(refused_and_reported)) == 1


async def test_a_call_from_another_account_is_answered_and_reported(house: House, provider: Provider) -> None:
    line = await house.open_line(provider, auth_token=None)
    first = replace(CarrierPost.of(line), auth_token=None)
    await pin(house, first, line.key)

    async def answered_and_reported() -> list[str]:
        moved = replace(CarrierPost.of(line), auth_token=None)
        account = {"AccountSid": "ACanother", "ParentAuthID": "MAANOTHER"}
        answer = await moved.send(moved.fields(Event="StartApp") | account | {"From": f"+1415600{moved.call_id[-4:]}"})
        assert answer.status_code == 200
        return await own_incidents(house, line.key)

    assert len(await eventually(answered_and_reported)) == 1
