"""Proving a phone over the API: the code goes to the phone alone, and only its owner or a manager may ask."""

import re
from dataclasses import replace

import httpx2

from api.v1.application import v1_application
from tests.api.house import House
from tests.support.fake_carrier import FakeCarrier

VERIFICATION = "/users/ben/phones/verification"
PHONE = "+15550100002"


class Desk:
    """The API with a carrier that takes every text message."""

    def __init__(self, house: House, answer: httpx2.Response | None = None) -> None:
        self.carrier = FakeCarrier([answer or httpx2.Response(201, json={"sid": "SM1"})])
        self._house = house
        self._app = v1_application(replace(house.services, carrier_client=self.carrier.client))

    def as_(self, role: str) -> httpx2.AsyncClient:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self._app),
            base_url="https://duty.example",
            headers={"Authorization": f"Bearer {self._house.tokens[role]}"},
        )
        self._house.clients.append(client)
        return client

    async def ask(self, role: str = "ben", number: str = PHONE) -> httpx2.Response:
        return await self.as_(role).post(VERIFICATION, json={"number": number})

    async def type(self, code: str, role: str = "ben", number: str = PHONE) -> httpx2.Response:
        return await self.as_(role).put(VERIFICATION, json={"number": number, "code": code})

    def sent_code(self) -> str:
        (text,) = self.carrier.form()["Body"]
        found = re.search(r"\b\d{6}\b", text)
        assert found is not None
        return found[0]

    async def phones(self, role: str) -> list[tuple[str, bool]]:
        items = (await self.as_(role).get(VERIFICATION)).json()["items"]
        return [(each["number"], each["verified"]) for each in items]


async def test_user_proves_a_phone_with_the_code_sent_to_it(either_house: House) -> None:
    desk = Desk(either_house)
    asked = await desk.ask()

    typed = await desk.type(desk.sent_code())

    assert (asked.status_code, asked.json()["expires_at"]) == (202, "2026-01-05T11:10:00.000Z")
    assert desk.carrier.form()["To"] == [PHONE]
    assert (typed.status_code, typed.json()["verified"], typed.json()["how"]) == (200, True, "code")
    assert await desk.phones("ben") == [(PHONE, True), ("+15550100012", False)]


async def test_answer_does_not_hold_the_code(house: House) -> None:
    desk = Desk(house)

    answer = await desk.ask()

    assert desk.sent_code() not in answer.text


async def test_numbers_of_others_are_masked(house: House) -> None:
    assert await Desk(house).phones("responder") == [("+1555…02", False), ("+1555…12", False)]


async def test_only_the_user_and_managers_may_ask_for_a_code(house: House) -> None:
    desk = Desk(house)

    assert (await desk.ask("responder")).status_code == 403
    assert desk.carrier.requests == []
    assert (await desk.ask("manager")).status_code == 202


async def test_code_goes_to_no_number_that_is_not_the_users(house: House) -> None:
    desk = Desk(house)

    for number in ("+15550100001", "+4420", "nonsense"):
        answer = await desk.ask(number=number)
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["number"]), number
    assert desk.carrier.requests == []


async def test_second_code_within_a_minute_is_429(house: House) -> None:
    desk = Desk(house)
    await desk.ask()

    early = await desk.ask()
    house.clock.advance(minutes=1)

    assert (early.status_code, early.json()["error"]["code"]) == (429, "too_many")
    assert (await desk.ask()).status_code == 202


async def test_wrong_code_is_422_and_the_phone_stays_unproved(house: House) -> None:
    desk = Desk(house)
    await desk.ask()

    answer = await desk.type("000000" if desk.sent_code() != "000000" else "000001")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, ["code"])
    assert (PHONE, True) not in await desk.phones("ben")


async def test_changed_number_is_unverified_again(house: House) -> None:
    desk = Desk(house)
    await desk.ask()
    await desk.type(desk.sent_code())
    user = (await house.as_("manager").get("/api/v1/users/ben")).json()

    await house.as_("manager").put("/api/v1/users/ben", json={**user, "phone": ["+15550100099"]})

    assert await desk.phones("ben") == [("+15550100099", False)]


async def test_carriers_refusal_is_told_in_words(house: House) -> None:
    desk = Desk(house, httpx2.Response(400, json={"code": 21211, "message": "Invalid 'To' Phone Number"}))

    answer = await desk.ask()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_sent")
    assert PHONE not in answer.text


async def test_unknown_user_is_404(house: House) -> None:
    assert (await Desk(house).as_("manager").get("/users/zoe/phones/verification")).status_code == 404
