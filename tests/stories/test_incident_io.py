"""An incident at incident.io that rings somebody's phone here, until it is closed there."""

from datetime import UTC, datetime
from typing import Any

from domain.directory import Provider
from tests.stories.alerting import AlertHouse, Desk, sms, texts_to
from tests.support.incident_io import (
    CREATED,
    SECRET,
    STATUS_UPDATED,
    UPDATED,
    as_bytes,
    incident,
    signed,
    status,
    webhook,
)


async def test_an_incident_of_incident_io_alerts_escalates_and_resolves_once(alert_house: AlertHouse) -> None:
    async with alert_house.carrier(Provider.TWILIO) as rest:
        desk = await alert_house.open_desk(
            {"alerts": [sms("ana")], "escalate_after": "2s"},
            {"alerts": [sms("ben")]},
            type="incident-io",
            signing_secret=SECRET,
        )
        created = _delivery(webhook(CREATED, severity={"name": "Major"}), "msg_created")
        await _deliver(alert_house, desk, created)
        (message,) = await texts_to(rest, desk.ana)
        await texts_to(rest, desk.ben)
        opened = await alert_house.incident(desk)

        await _deliver(alert_house, desk, created)
        await _deliver(alert_house, desk, _delivery(webhook(UPDATED, name="Payments are slow"), "msg_updated"))
        counted = await alert_house.incident(desk, lambda incident: incident["suppressed_events"])

        change = {"incident": incident(incident_status=status("Closed", "closed")), "new_status": status("Closed")}
        closed = {"event_type": STATUS_UPDATED, STATUS_UPDATED: change}
        await _deliver(alert_house, desk, _delivery(closed, "msg_closed"))
        resolved = await alert_house.incident(desk, lambda incident: incident["status"] == "resolved")

    assert f"#{opened['number']} SEV2: Payments are down" in message.text
    assert (counted["id"], counted["occurrences"]) == (opened["id"], 2)
    assert (resolved["id"], resolved["resolved_by"]) == (opened["id"], f"integration:{desk.integration}")
    assert sorted(sent.to for sent in rest.sent_messages) == sorted([desk.ana, desk.ben])


def _delivery(document: dict[str, Any], webhook_id: str) -> tuple[bytes, dict[str, str]]:
    body = as_bytes(document)
    return body, signed(body, datetime.now(UTC), webhook_id=webhook_id)


async def _deliver(alert_house: AlertHouse, desk: Desk, delivery: tuple[bytes, dict[str, str]]) -> None:
    body, headers = delivery
    address = (await alert_house.house.get(f"/integrations/{desk.integration}"))["webhook_url"]
    async with alert_house.house.http() as http:
        answer = await http.post(address, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"Ok": True})
