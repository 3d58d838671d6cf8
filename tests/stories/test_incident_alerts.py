"""From an event to a phone in somebody's pocket, and back: what is sent, and what keys and buttons do."""

from email.message import EmailMessage
from typing import Any

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import Answers, Machine, Script
from telephony.simulator.sent import Refusal
from tests.stories.alerting import AlertHouse, Desk, calls_to, phone, sms, texts_to
from tests.stories.house import eventually
from tests.support.smtp import smtp_sink

both_carriers = pytest.mark.parametrize("provider", list(Provider))


@both_carriers
async def test_an_event_becomes_a_text_message_with_number_title_and_link(
    alert_house: AlertHouse, provider: Provider
) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        await alert_house.push(desk, title="Payments are down", priority="p1", severity="sev1")
        incident = await alert_house.incident(desk)
        (message,) = await texts_to(rest, desk.ana)
    link = f"{alert_house.house.url}/incidents/{incident['number']}"
    assert message.text == f"#{incident['number']} P1 SEV1: Payments are down\n{link}"


@both_carriers
async def test_delivery_receipts_are_kept_with_the_alert(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        await alert_house.push(desk, title="Receipts")
        await texts_to(rest, desk.ana)
        await rest.settle()
        incident = await alert_house.incident(desk)
        alert = await eventually(lambda: _delivered(alert_house, incident))
    assert [receipt["status"] for receipt in alert["receipts"]] == ["sent", "delivered"]


async def _delivered(alert_house: AlertHouse, incident: Any) -> Any:
    (alert,) = await alert_house.notifications(incident)
    return alert if len(alert["receipts"]) >= 2 else None


@both_carriers
async def test_an_alert_call_says_the_title_and_its_keys(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [phone("ana")]})
        rest.script = Script(responders={desk.ana: (Answers(presses=""),)})
        await alert_house.push(desk, title="Payments are down")
        (call,) = await calls_to(rest, desk.ana)
    heard = " ".join(call.heard)
    assert "Payments are down" in heard
    assert "Press 4 to acknowledge, 6 to resolve, 9 to escalate" in heard
    assert not call.document_errors


@both_carriers
@pytest.mark.parametrize(("key", "status"), [("4", "acknowledged"), ("6", "resolved")])
async def test_a_key_of_an_alert_call_changes_the_incident(
    alert_house: AlertHouse, provider: Provider, key: str, status: str
) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [phone("ana")]})
        rest.script = Script(responders={desk.ana: (Answers(presses=key),)})
        await alert_house.push(desk, title="Press a key")
        (call,) = await calls_to(rest, desk.ana)
        incident = await alert_house.incident(desk, lambda incident: incident["status"] == status)
    assert incident[f"{status}_by"] == desk.ana_key
    assert f"Incident {incident['number']} {status}" in " ".join(call.heard)


@both_carriers
async def test_key_9_rings_the_next_level_at_once(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [phone("ana")], "escalate_after": "1h"}, {"alerts": [sms("ben")]})
        rest.script = Script(responders={desk.ana: (Answers(presses="9"),)})
        await alert_house.push(desk, title="Not mine")
        assert await texts_to(rest, desk.ben)
        incident = await alert_house.incident(desk)
    assert (incident["status"], incident["level"]) == ("triggered", 2)


@both_carriers
async def test_a_completed_call_without_a_key_is_no_acknowledgement(
    alert_house: AlertHouse, provider: Provider
) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [phone("ana")], "escalate_after": "3s"}, {"alerts": [sms("ben")]})
        rest.script = Script(responders={desk.ana: (Machine(),)})
        await alert_house.push(desk, title="A machine listens")
        (call,) = await calls_to(rest, desk.ana)
        assert await texts_to(rest, desk.ben)
        incident = await alert_house.incident(desk)
    assert (call.status, incident["status"], incident["acknowledged_by"]) == ("completed", "triggered", None)


async def test_a_level_that_nobody_answers_escalates_to_the_next_person(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")], "escalate_after": "5s"}, {"alerts": [sms("ben")]})
        await alert_house.push(desk, title="Anybody?")
        (first,) = await texts_to(rest, desk.ana)
        (second,) = await texts_to(rest, desk.ben)
    assert 4.5 <= (second.accepted_at - first.accepted_at).total_seconds() <= 15


async def test_an_acknowledgement_by_api_stops_the_escalation(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")], "escalate_after": "2s"}, {"alerts": [sms("ben")]})
        other = await alert_house.open_desk({"alerts": [sms("ana")], "escalate_after": "3s"}, {"alerts": [sms("ben")]})
        await alert_house.push(desk, title="I have it")
        incident = await alert_house.incident(desk)
        answer = await alert_house.house.ask("POST", f"/incidents/{incident['id']}/acknowledge")
        assert (answer.status_code, answer.json()["status"]) == (200, "acknowledged")
        # An incident that began later and waits longer has escalated: this one's time is over.
        await alert_house.push(other, title="Nobody has it")
        await texts_to(rest, other.ben)
    assert [message for message in rest.sent_messages if message.to == desk.ben] == []


async def test_a_duplicate_is_counted_and_alerts_nobody_again(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        for _ in range(3):
            await alert_house.push(desk, title="Again and again")
        await texts_to(rest, desk.ana)
        incident = await alert_house.incident(desk, lambda incident: incident["suppressed_events"] == 2)
    assert incident["occurrences"] == 3
    assert len([message for message in rest.sent_messages if message.to == desk.ana]) == 1


async def test_resolve_by_title_resolves_and_the_next_event_opens_a_new_incident(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO):
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        await alert_house.push(desk, title="It comes and goes")
        await alert_house.push(desk, title="It comes and goes", status="resolve")
        first = await alert_house.incident(desk, lambda incident: incident["status"] == "resolved")
        await alert_house.push(desk, title="It comes and goes")
        assert await eventually(lambda: _second(alert_house, desk.integration, first["id"]))


async def _second(alert_house: AlertHouse, integration: str, first: str) -> bool:
    items = (await alert_house.house.get(f"/incidents?integration={integration}&status=triggered"))["items"]
    return [item["id"] for item in items] not in ([], [first])


async def test_an_e_mail_alert_arrives_with_number_title_and_link(alert_house: AlertHouse) -> None:
    async with smtp_sink(port=alert_house.smtp_port) as sink:
        desk = await alert_house.open_desk({"alerts": [{"channel": "email", "user": "ana"}]})
        await alert_house.push(desk, title="Read me", priority="p2")
        incident = await alert_house.incident(desk)
        mail = await eventually(lambda: _mail_about(sink.messages, "Read me"))
    assert mail["Subject"] == f"[#{incident['number']}] P2 Read me"
    assert "ana-" in mail["To"]
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"{alert_house.house.url}/incidents/{incident['number']}" in body.get_content()


async def _mail_about(messages: list[EmailMessage], title: str) -> EmailMessage | None:
    return next((message for message in messages if title in message["Subject"]), None)


@both_carriers
@pytest.mark.parametrize("status", [429, 503])
async def test_a_carrier_that_is_busy_is_tried_again(alert_house: AlertHouse, provider: Provider, status: int) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        rest.refusals.append(Refusal("message", to=desk.ana, status=status, retry_after_seconds=1))
        await alert_house.push(desk, title="Try again")
        assert len(await texts_to(rest, desk.ana)) == 1
        alert = await eventually(lambda: _sent(alert_house, desk))
    assert alert["attempts"] == 2


async def _sent(alert_house: AlertHouse, desk: Desk) -> Any:
    alerts = await alert_house.notifications(await alert_house.incident(desk))
    return next((alert for alert in alerts if alert["sent_at"]), None)


@both_carriers
async def test_a_refused_message_goes_to_the_next_channel_at_once(alert_house: AlertHouse, provider: Provider) -> None:
    async with alert_house.carrier(provider) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")], "escalate_after": "1h"})
        rest.refusals.append(Refusal("message", to=desk.ana, status=400, code=21614))
        rest.script = Script(responders={desk.ana: (Answers(presses="4"),)})
        await alert_house.push(desk, title="No text to a landline")
        assert len(await calls_to(rest, desk.ana)) == 1
        incident = await alert_house.incident(desk, lambda incident: incident["status"] == "acknowledged")
        kinds = [step["kind"] for step in await alert_house.timeline(incident)]
    assert "alert_failed" in kinds


async def test_an_answer_that_got_lost_is_looked_for_and_nothing_is_sent_twice(alert_house: AlertHouse) -> None:
    """The carrier took the message and its answer was an error: the alert is looked up before it is sent again."""
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk({"alerts": [sms("ana")]})
        rest.refusals.append(Refusal("message", to=desk.ana, status=500, processed=True))
        await alert_house.push(desk, title="Once only")
        await eventually(lambda: _sent(alert_house, desk))
    assert len([message for message in rest.sent_messages if message.to == desk.ana]) == 1
