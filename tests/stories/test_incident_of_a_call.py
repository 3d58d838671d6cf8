"""Which calls open an incident, in which state, and whom it alerts."""

from typing import Any

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, RingsOut, Script
from tests.stories.alerting import AlertHouse, sms, texts_to

both_carriers = pytest.mark.parametrize("provider", list(Provider))

ANSWERED = Script(otherwise=Answers(talk_seconds=33))
MISSED = Script(otherwise=RingsOut())


async def incidents_of(alert_house: AlertHouse, *calls: Any) -> list[list[Any]]:
    return [(await alert_house.house.get(f"/incidents?call={call['id']}"))["items"] for call in calls]


@both_carriers
async def test_a_missed_call_alerts_whoever_is_on_the_policy(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        line = await alert_house.house.open_line(provider, incidents={"integration": desk.integration})
        call = await alert_house.house.ring(line, MISSED)
        incident = await alert_house.house.incident_of(call)
        (message,) = await texts_to(rest, desk.ana)
    assert incident["title"].replace("\n", " ") in message.text
    assert (incident["status"], incident["payload"]["details"]["receiver"]) == ("triggered", None)
    assert incident["payload"]["details"]["call"]["answeredAt"] is None


@both_carriers
async def test_an_answered_call_is_acknowledged_by_its_receiver_and_alerts_nobody(
    alert_house: AlertHouse, provider: Provider
) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ben")]})
        settings = {"integration": desk.integration, "answered": "acknowledged"}
        line = await alert_house.house.open_line(provider, incidents=settings)
        incident = await alert_house.house.incident_of(await alert_house.house.ring(line, ANSWERED))
        await alert_house.house.incident_of(await alert_house.house.ring(line, MISSED))
        # The missed call's alert shows that the answered one's would have been sent by now.
        (message,) = await texts_to(rest, desk.ben)
    assert (incident["status"], incident["acknowledged_by"]) == ("acknowledged", line.key.replace("line", "ana"))
    assert not message.text.startswith(f"#{incident['number']} ")


async def test_only_missed_calls_open_incidents_when_the_hotline_says_so(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO):
        house, desk = alert_house.house, await alert_house.open_desk({"alerts": [sms("ana")]})
        line = await house.open_line(Provider.TWILIO, incidents={"integration": desk.integration, "when": "missed"})
        answered = await house.logged(await house.ring(line, ANSWERED))
        missed = await house.ring(line, MISSED)
        await house.incident_of(missed)
        (none,) = await incidents_of(alert_house, answered)
    assert none == []


async def test_no_call_opens_an_incident_when_the_hotline_says_never(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO):
        house, desk = alert_house.house, await alert_house.open_desk({"alerts": [sms("ana")]})
        never = await house.open_line(Provider.TWILIO, incidents={"integration": desk.integration, "when": "never"})
        always = await house.open_line(Provider.TWILIO, incidents={"integration": desk.integration})
        quiet = [await house.logged(await house.ring(never, script)) for script in (ANSWERED, MISSED)]
        await house.incident_of(await house.ring(always, MISSED))
        found = await incidents_of(alert_house, *quiet)
    assert found == [[], []]


async def test_two_calls_with_equal_titles_have_two_incidents(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO):
        house, desk = alert_house.house, await alert_house.open_desk({"alerts": [sms("ana")]})
        line = await house.open_line(Provider.TWILIO, incidents={"integration": desk.integration})
        first, second = [await house.incident_of(await house.ring(line, ANSWERED)) for _ in range(2)]
    assert first["title"] == second["title"]
    assert first["id"] != second["id"]
    assert (first["suppressed_events"], second["suppressed_events"]) == (0, 0)


async def test_a_call_of_its_own_policy_escalates_by_it(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        other = await alert_house.open_desk({"alerts": [sms("ben")]})
        settings = {"integration": desk.integration, "escalation_policy": other.integration}
        line = await alert_house.house.open_line(Provider.TWILIO, incidents=settings)
        incident = await alert_house.house.incident_of(await alert_house.house.ring(line, MISSED))
        await texts_to(rest, other.ben)
    assert incident["escalation_policy"] == other.integration
    assert [message for message in rest.sent_messages if message.to == desk.ana] == []
