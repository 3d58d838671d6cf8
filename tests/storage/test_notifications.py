"""Alerts: one row each, claimed before they are sent, never after an acknowledgement."""

import asyncio

import pytest

from domain.incidents import IncidentStatus
from storage import incidents, notifications
from storage.engine import Database
from storage.notifications import Claimed, NewNotification, NotificationState, Refused
from storage.tables import NotificationRow
from tests.storage.records import at, incident, notification


async def _incident_with_alerts(database: Database, *alerts: NewNotification) -> None:
    async with database.write() as session:
        await incidents.open_incident(session, incident("a"))
        for alert in alerts:
            await notifications.create(session, alert)


async def _claim(database: Database, notification_id: str = "ntf_a") -> Claimed | Refused:
    async with database.write() as session:
        return await notifications.claim(session, notification_id, at(10))


async def _set_status(database: Database, status: IncidentStatus) -> None:
    async with database.write() as session:
        await incidents.change(session, "inc_a", 1, **incidents.status_values(status, "ana", at(5)))


async def _row(database: Database) -> NotificationRow:
    async with database.read() as session:
        row = await notifications.get(session, "ntf_a")
    assert row is not None
    return row


async def test_creating_an_alert_again_returns_the_first_row(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))

    async with database.write() as session:
        again = await notifications.create(session, notification("other_id", "inc_a"))
        same = await notifications.create(session, notification("a", "inc_a"))

    assert again.id == same.id == "ntf_a"


async def test_same_alert_in_the_next_round_is_another_one(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"), notification("b", "inc_a", round=1))

    async with database.read() as session:
        page = await notifications.of_incident(session, "inc_a", limit=9)
    assert [row.id for row in page.items] == ["ntf_a", "ntf_b"]


async def test_alert_to_a_room_without_a_user_is_stored_once(database: Database) -> None:
    room = notification("a", "inc_a", user="", channel="slack", address="#hotline")
    await _incident_with_alerts(database, room)

    async with database.write() as session:
        again = await notifications.create(
            session, notification("b", "inc_a", user="", channel="slack", address="#hotline")
        )

    assert again.id == "ntf_a"


async def test_id_of_another_alert_is_an_error_and_not_a_second_send(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))

    with pytest.raises(ValueError, match="another alert"):
        async with database.write() as session:
            await notifications.create(session, notification("a", "inc_a", channel="email"))


async def test_pending_alert_of_a_triggered_incident_is_claimed(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))

    claim = await _claim(database)

    assert isinstance(claim, Claimed)
    assert claim.attempts == 1
    row = await _row(database)
    assert (row.state, row.claimed_at) == ("claimed", at(10))


@pytest.mark.parametrize("status", [IncidentStatus.ACKNOWLEDGED, IncidentStatus.RESOLVED])
async def test_alert_is_suppressed_once_the_incident_is_taken_care_of(
    database: Database, status: IncidentStatus
) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _set_status(database, status)

    assert isinstance(await _claim(database), Refused)

    row = await _row(database)
    assert (row.state, row.error) == ("suppressed", f"the incident was {status} before the alert was sent")


async def test_alert_of_a_muted_incident_is_suppressed(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    async with database.write() as session:
        await incidents.change(session, "inc_a", 1, muted=True)

    assert isinstance(await _claim(database), Refused)

    assert (await _row(database)).error == "the incident was muted before the alert was sent"


async def test_claim_waits_for_an_acknowledgement_that_is_being_committed(database: Database) -> None:
    """The one guarantee that no retry can give back: who acknowledged in time is not called."""
    await _incident_with_alerts(database, notification("a", "inc_a"))
    worker = Database(database.url)

    async with database.write() as session:
        acknowledged = incidents.status_values(IncidentStatus.ACKNOWLEDGED, "ana", at(5))
        await incidents.change(session, "inc_a", 1, **acknowledged)
        claim = asyncio.create_task(_claim(worker))
        # Long enough for the claim to reach the lock; were there none, it would have been granted by now.
        done, _ = await asyncio.wait([claim], timeout=0.3)
        assert not done

    assert isinstance(await claim, Refused)
    await worker.close()


async def test_acknowledgement_waits_for_a_claim_that_is_being_committed(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    api = Database(database.url)

    async with database.write() as session:
        assert isinstance(await notifications.claim(session, "ntf_a", at(1)), Claimed)
        acknowledge = asyncio.create_task(_set_status(api, IncidentStatus.ACKNOWLEDGED))
        done, _ = await asyncio.wait([acknowledge], timeout=0.3)
        assert not done

    await acknowledge
    assert (await _row(database)).state == "claimed"
    await api.close()


async def test_claim_after_a_sender_that_died_says_how_often_it_was_tried(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _claim(database)

    claim = await _claim(database)

    assert isinstance(claim, Claimed)
    assert claim.attempts == 2


async def test_alert_that_may_have_gone_out_is_unknown_and_not_suppressed(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _claim(database)
    await _set_status(database, IncidentStatus.ACKNOWLEDGED)

    assert isinstance(await _claim(database), Refused)

    assert (await _row(database)).state == "unknown"


async def test_alert_that_was_sent_is_not_claimed_again(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _claim(database)
    async with database.write() as session:
        await notifications.set_sent(session, "ntf_a", provider="twilio", provider_id="SM1", at=at(11))

    assert await _claim(database) == Refused("the alert is sent already")


async def test_released_alert_can_be_claimed_again_and_keeps_the_error(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _claim(database)
    async with database.write() as session:
        await notifications.release(session, "ntf_a", "429")
    assert (await _row(database)).error == "429"

    assert isinstance(await _claim(database), Claimed)


async def test_claim_of_an_alert_that_does_not_exist_is_refused(database: Database) -> None:
    assert isinstance(await _claim(database, "ntf_nobody"), Refused)


async def _receive(database: Database, status: str, state: NotificationState | None) -> bool:
    async with database.write() as session:
        return await notifications.add_receipt(session, "ntf_a", at=at(20), status=status, data={}, state=state)


async def test_every_receipt_is_kept_and_the_final_one_decides(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))

    assert await _receive(database, "delivered", NotificationState.DELIVERED)
    assert await _receive(database, "sent", NotificationState.SENT)
    assert await _receive(database, "sent", None)

    async with database.read() as session:
        assert [receipt.status for receipt in await notifications.receipts(session, "ntf_a")] == [
            "delivered",
            "sent",
            "sent",
        ]
    row = await _row(database)
    assert (row.state, row.finished_at) == ("delivered", at(20))


async def test_receipt_that_is_faster_than_the_answer_of_the_provider_keeps_its_state(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _claim(database)
    await _receive(database, "delivered", NotificationState.DELIVERED)

    async with database.write() as session:
        await notifications.set_sent(session, "ntf_a", provider="twilio", provider_id="SM1", at=at(21))

    row = await _row(database)
    assert (row.state, row.provider_id, row.sent_at) == ("delivered", "SM1", at(21))


async def test_receipt_tells_the_id_that_a_lost_answer_did_not(database: Database) -> None:
    """Otherwise the next alert in doubt to the same person would take this message for its own, and never be sent."""
    await _incident_with_alerts(database, notification("a", "inc_a"))
    await _claim(database)
    data = {"provider": "twilio", "provider_id": "SM1", "error": None}
    async with database.write() as session:
        state = NotificationState.DELIVERED
        await notifications.add_receipt(session, "ntf_a", at=at(20), status="delivered", data=data, state=state)

    row = await _row(database)
    assert (row.provider, row.provider_id, row.sent_at) == ("twilio", "SM1", at(20))
    async with database.read() as session:
        assert await notifications.provider_ids_to(session, row.address, since=at(0)) == {"SM1"}


async def test_receipt_for_no_alert_says_so(database: Database) -> None:
    assert not await _receive(database, "delivered", NotificationState.DELIVERED)


async def test_failed_alert_keeps_its_error(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    async with database.write() as session:
        await notifications.set_finished(session, "ntf_a", NotificationState.FAILED, error="no such number", at=at(9))

    row = await _row(database)
    assert (row.state, row.error, row.finished_at) == ("failed", "no such number", at(9))


async def test_pages_of_alerts_go_round_by_round_and_level_by_level(database: Database) -> None:
    await _incident_with_alerts(
        database,
        notification("d", "inc_a", round=1),
        notification("c", "inc_a", level=1),
        notification("b", "inc_a", position=1),
        notification("a", "inc_a"),
    )

    async with database.read() as session:
        first = await notifications.of_incident(session, "inc_a", limit=2)
        second = await notifications.of_incident(session, "inc_a", limit=2, cursor=first.next_cursor)

    assert [row.id for row in (*first.items, *second.items)] == ["ntf_a", "ntf_b", "ntf_c", "ntf_d"]


async def test_claim_says_when_the_one_before_ended_without_a_result(database: Database) -> None:
    await _incident_with_alerts(database, notification("a", "inc_a"))
    first = await _claim(database)
    second = await _claim(database)
    async with database.write() as session:
        await notifications.release(session, "ntf_a", "429")
    third = await _claim(database)

    assert [claim.in_doubt for claim in (first, second, third) if isinstance(claim, Claimed)] == [False, True, False]


async def test_unfinished_alerts_are_those_without_a_result(database: Database) -> None:
    await _incident_with_alerts(database, *(notification(name, "inc_a", position=i) for i, name in enumerate("abc")))
    await _claim(database, "ntf_b")
    async with database.write() as session:
        await notifications.set_finished(session, "ntf_c", NotificationState.FAILED, error="no", at=at(1))

    async with database.read() as session:
        assert list(await notifications.unfinished(session, "inc_a")) == ["ntf_a", "ntf_b"]
