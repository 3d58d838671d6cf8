"""Dutyline reports what its admins must know: a rotated carrier token makes a hotline dead."""

from dataclasses import replace

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Script
from tests.stories.house import House, eventually

pytestmark = pytest.mark.parametrize("provider", list(Provider))


async def test_a_rotated_token_is_refused_and_reported_once(house: House, provider: Provider) -> None:
    line = await house.open_line(provider)
    rotated = replace(line, number=replace(line.number, auth_token="another token"))
    for _ in range(2):
        call = await house.ring(rotated, Script())
        assert call.requests[0].status == 403

    async def reported() -> list[str]:
        incidents = await house.get("/incidents?integration=dutyline&limit=200")
        return [item["title"] for item in incidents["items"] if item["payload"]["body"].find(line.key) >= 0]

    assert len(await eventually(reported)) == 1
