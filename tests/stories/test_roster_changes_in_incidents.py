"""A roster is changed while an incident escalates: each level pages whoever is on call when it opens, and says why."""

from typing import Any

from domain.directory import Provider
from tests.stories.alerting import AlertHouse, Desk, sms, texts_to
from tests.stories.rosters import Person, Roster


async def open_desk(alert_house: AlertHouse, roster: Roster) -> Desk:
    """Both levels alert whoever is on call; the second one opens when somebody escalates."""
    alerts = [{"channel": "sms", "schedule": roster.key}]
    return await alert_house.open_desk({"alerts": alerts, "escalate_after": "1h"}, {"alerts": alerts})


async def escalate(alert_house: AlertHouse, desk: Desk) -> Any:
    incident = await alert_house.incident(desk)
    answer = await alert_house.house.ask("POST", f"/incidents/{incident['id']}/escalate")
    assert answer.status_code == 200, answer.text
    return incident


async def opened_levels(alert_house: AlertHouse, incident: Any) -> list[str]:
    return [step["text"] for step in await alert_house.timeline(incident) if step["kind"] == "level_opened"]


def why(person: Person) -> str:
    return f"{person.name} by sms (on call in Primary on-call, "


async def test_an_edit_during_an_incident_pages_whoever_is_on_call_at_the_next_level(alert_house: AlertHouse) -> None:
    roster = await Roster.open(alert_house.house)
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await open_desk(alert_house, roster)
        await alert_house.push(desk, title="Payments are down")
        await texts_to(rest, roster.ana.number)
        await roster.put(roster.cleo)
        incident = await escalate(alert_house, desk)
        await texts_to(rest, roster.cleo.number)
    first, second = await opened_levels(alert_house, incident)
    assert first.startswith(f"Level 1: alerting {why(roster.ana)}layer Yearly")
    assert second.startswith(f"Level 2: alerting {why(roster.cleo)}layer Yearly")


async def test_out_of_office_during_an_incident_pages_the_delegate_at_the_next_level(alert_house: AlertHouse) -> None:
    roster = await Roster.open(alert_house.house)
    async with alert_house.carrier(Provider.PLIVO) as rest:
        desk = await open_desk(alert_house, roster)
        await alert_house.push(desk, title="Payments are down")
        await texts_to(rest, roster.ana.number)
        await roster.leave(roster.ana, delegate=roster.ben)
        incident = await escalate(alert_house, desk)
        await texts_to(rest, roster.ben.number)
    _, second = await opened_levels(alert_house, incident)
    assert second.startswith(f"Level 2: alerting {why(roster.ben)}for {roster.ana.key}, who is out of office, until")


async def test_a_delegate_is_alerted_for_a_person_whom_the_policy_names(alert_house: AlertHouse) -> None:
    roster = await Roster.open(alert_house.house)
    await roster.leave(roster.ana, delegate=roster.ben)
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk({"alerts": [sms(roster.ana.key)]})
        await alert_house.push(desk, title="Payments are down")
        await texts_to(rest, roster.ben.number)
        incident = await alert_house.incident(desk)
    (alert,) = await alert_house.notifications(incident)
    assert alert["user"]["key"] == roster.ben.key
    assert alert["reason"] == "named by the policy is Ana Reyes, who is out of office: Ben Okafor is the delegate"
