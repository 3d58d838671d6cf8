"""People say themselves when they are away and how they are told of shifts; nobody else but a manager does."""

import pytest

from tests.api.house import House

AWAY = [{"starts": "2026-01-05", "ends": "2026-02-05", "delegate": "ana", "comment": "holidays"}]


async def test_somebody_who_is_away_is_replaced_by_the_delegate_whom_they_name(house: House) -> None:
    answer = await house.as_("ben").put("/api/v1/users/ben/out-of-office", json=AWAY)

    assert (answer.status_code, answer.json()["out_of_office"]) == (200, AWAY)
    now = (await house.as_("viewer").get("/api/v1/schedules/primary/on-call?at=2026-01-14T12:00:00Z")).json()
    assert (now["user"]["key"], now["reason"]["kind"], now["reason"]["delegated_by"]) == ("ana", "delegate", "ben")


async def test_an_empty_list_takes_the_absence_back(house: House) -> None:
    await house.as_("ben").put("/api/v1/users/ben/out-of-office", json=AWAY)

    await house.as_("ben").put("/api/v1/users/ben/out-of-office", json=[])

    now = (await house.as_("viewer").get("/api/v1/schedules/primary/on-call?at=2026-01-14T12:00:00Z")).json()
    assert (now["user"]["key"], now["reason"]["kind"]) == ("ben", "layer")


async def test_channels_for_shift_notices_are_ones_own_to_choose(house: House) -> None:
    chosen = {"start": ["sms"], "end": [], "changes": ["email"], "schedules": {"primary": {"start": [], "end": None}}}

    answer = await house.as_("ben").put("/api/v1/users/ben/shift-notices", json=chosen)

    assert (answer.status_code, answer.json()["shift_notices"]) == (200, chosen)


@pytest.mark.parametrize("what", ["out-of-office", "shift-notices"])
@pytest.mark.parametrize("role", ["viewer", "responder"])
async def test_nobody_changes_it_for_somebody_else(house: House, what: str, role: str) -> None:
    assert (await house.as_(role).put(f"/api/v1/users/ben/{what}", json=[])).status_code == 403


async def test_a_manager_does_it_for_everybody(house: House) -> None:
    assert (await house.as_("manager").put("/api/v1/users/ben/out-of-office", json=AWAY)).status_code == 200


async def test_what_is_wrong_is_said_with_its_place(house: House) -> None:
    wrong = [{"starts": "2026-01-09", "ends": "2026-01-05", "delegate": "nobody"}]

    answer = await house.as_("ben").put("/api/v1/users/ben/out-of-office", json=wrong)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["out_of_office[0].ends"])


async def test_an_unknown_user_is_not_found(house: House) -> None:
    assert (await house.as_("manager").put("/api/v1/users/zoe/out-of-office", json=[])).status_code == 404
