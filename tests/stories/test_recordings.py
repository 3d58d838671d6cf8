"""What was said is fetched, kept under our own roof, and played by signed links of ours only."""

import dataclasses
from pathlib import Path
from typing import Any

import httpx2
import pytest

from domain.directory import Provider
from telephony.simulator.media import tone
from telephony.simulator.scripts import Answers, Machine, RingsOut, Script
from telephony.simulator.sent import MediaRules
from telephony.simulator.transcript import SimulatedCall
from tests.stories.alerting import AlertHouse
from tests.stories.house import eventually

both_carriers = pytest.mark.parametrize("provider", list(Provider))

TALK = Script(otherwise=Answers(talk_seconds=33))
MESSAGE = Script(otherwise=RingsOut())


async def ring(alert_house: AlertHouse, provider: Provider, script: Script, **number: Any) -> SimulatedCall:
    line = await alert_house.house.open_line(provider)
    at_carrier = dataclasses.replace(line.number, media_base_url=alert_house.base_url, **number)
    return await alert_house.house.ring(dataclasses.replace(line, number=at_carrier), script)


async def recorded(alert_house: AlertHouse, call: SimulatedCall, *states: str) -> Any:
    """The call's log, as soon as its recordings are in these states."""

    async def look() -> Any:
        log = await alert_house.house.logged(call)
        return log if [each["state"] for each in log["recordings"]] == list(states) else None

    return await eventually(look)


async def link_to(alert_house: AlertHouse, log: Any) -> str:
    answer = await alert_house.house.ask("GET", f"/calls/{log['id']}/recording")
    assert answer.status_code == 302, answer.text
    return str(httpx2.URL(alert_house.house.url).join(answer.headers["location"]))


@both_carriers
@pytest.mark.parametrize(
    ("script", "kind", "seconds"), [(TALK, "talk", 33), (MESSAGE, "voicemail", 12)], ids=["talk", "voicemail"]
)
async def test_a_recording_is_stored_and_played_by_a_signed_link(
    alert_house: AlertHouse, provider: Provider, script: Script, kind: str, seconds: int
) -> None:
    async with alert_house.carrier(provider, media=MediaRules(needs_credentials=True)):
        call = await ring(alert_house, provider, script)
        log = await recorded(alert_house, call, "stored")
    # The carrier is gone by now: what is played is ours.
    link = await link_to(alert_house, log)
    async with alert_house.house.http() as http:
        whole, part = await http.get(link), await http.get(link, headers={"Range": "bytes=4-11"})
    assert (log["recording"]["kind"], log["recording"]["seconds"]) == (kind, seconds)
    assert (whole.status_code, whole.content == tone(seconds)) == (200, True)
    assert (part.status_code, part.content) == (206, tone(seconds)[4:12])
    assert part.headers["content-range"] == f"bytes 4-11/{len(tone(seconds))}"


@both_carriers
async def test_nothing_that_people_see_has_the_carriers_address(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider):
        call = await ring(alert_house, provider, TALK)
        log = await recorded(alert_house, call, "stored")
    incident = await alert_house.house.incident_of(call)
    link = incident["payload"]["details"]["call"]["recording"]
    assert link == f"{alert_house.house.url}/api/v1/calls/{log['id']}/recording"
    for text in (str(log), str(incident), await link_to(alert_house, log)):
        assert alert_house.base_url not in text


async def test_a_link_that_was_changed_plays_nothing(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO):
        log = await recorded(alert_house, await ring(alert_house, Provider.TWILIO, TALK), "stored")
    link = await link_to(alert_house, log)
    async with alert_house.house.http() as http:
        changed = await http.get(link[:-1] + ("A" if link[-1] != "A" else "B"))
        unsigned = await http.get(link.partition("?")[0])
    assert changed.status_code in (403, 404)
    assert unsigned.status_code in (403, 404, 422)


@both_carriers
async def test_a_recording_that_is_not_ready_at_first_is_tried_again(
    alert_house: AlertHouse, provider: Provider
) -> None:
    async with alert_house.carrier(provider, media=MediaRules(not_ready_times=2)):
        call = await ring(alert_house, provider, TALK)
        assert (await recorded(alert_house, call, "stored"))["recording"]["state"] == "stored"


@both_carriers
async def test_a_protected_recording_says_which_credentials_are_missing(
    alert_house: AlertHouse, provider: Provider
) -> None:
    """The carrier refuses a wrong password as it refuses none."""
    async with alert_house.carrier(provider, media=MediaRules(needs_credentials=True), auth_token="changed"):
        call = await ring(alert_house, provider, TALK)
        log = await recorded(alert_house, call, "needs_credentials")
    answer = await alert_house.house.ask("GET", f"/calls/{log['id']}/recording")
    assert answer.status_code == 409
    assert "Add the account" in answer.json()["error"]["message"]


@both_carriers
async def test_a_recording_of_an_attempt_that_nobody_accepted_is_not_kept(
    alert_house: AlertHouse, provider: Provider
) -> None:
    async with alert_house.carrier(provider) as rest:
        line = await alert_house.house.open_line(provider)
        script = Script(responders={line.ana: (Machine(),), line.ben: (Answers(talk_seconds=33),)})
        number = dataclasses.replace(line.number, media_base_url=alert_house.base_url)
        call = await alert_house.house.ring(dataclasses.replace(line, number=number), script)
        log = await recorded(alert_house, call, "stored")
    assert [recording["seconds"] for recording in log["recordings"]] == [33]
    assert len(rest.media.asked) == 1


@both_carriers
async def test_deleting_the_call_removes_the_bytes(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider):
        call = await ring(alert_house, provider, TALK)
        log = await recorded(alert_house, call, "stored")
    incident = await alert_house.house.incident_of(call)
    link = await link_to(alert_house, log)
    assert files_of(alert_house, log["id"])
    assert (await alert_house.house.ask("DELETE", f"/calls/{log['id']}")).status_code == 204
    assert files_of(alert_house, log["id"]) == []
    async with alert_house.house.http() as http:
        assert (await http.get(link)).status_code == 404
    assert "+14155550116" in str(incident)
    assert "+14155550116" not in str(await alert_house.house.get(f"/incidents/{incident['id']}"))


def files_of(alert_house: AlertHouse, call: str) -> list[Path]:
    return [path for path in alert_house.house.folder.rglob("*") if path.is_file() and call in str(path)]


async def test_without_signing_in_there_is_no_link(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO):
        log = await recorded(alert_house, await ring(alert_house, Provider.TWILIO, TALK), "stored")
    async with alert_house.house.http() as http:
        answer = await http.get(f"{alert_house.house.url}/api/v1/calls/{log['id']}/recording")
    assert answer.status_code == 401
