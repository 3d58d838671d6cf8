"""What becomes of an alert when the carrier does not simply take it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
from temporalio.client import WorkflowHandle
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.delivery import DeliveryActivities
from activities.links import Links
from channels.registry import make_registry
from config.keys import Keyring, Purpose
from domain.directory import Directory, Priority
from domain.incident_messages import DeliverAlert, Delivered
from storage import notifications
from tests.support.fake_carrier import Answer, FakeCarrier
from tests.workflows.incidents import BY_BEN, Engine, accepting_carrier, engine, level, policy

TAKEN = httpx2.Response(201, json={"sid": "SM1"})


async def one_alert(duty: Engine) -> list[Any]:
    """Open an incident with a text message to Ana, and let half an hour pass."""
    incident = await duty.open(policy(level("sms ana"), resolve_after_seconds=1800))
    await (await duty.start(incident)).result()
    return await duty.alerts(incident)


def listed(*sids: str) -> Answer:
    """The carrier's list of messages to whoever is asked about."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        made = {"to": request.url.params["To"], "direction": "outbound-api", "date_created": "in a while"}
        return httpx2.Response(200, json={"messages": [{"sid": sid, **made} for sid in sids]})

    return answer


async def test_a_carrier_that_asks_to_slow_down_is_asked_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    carrier = FakeCarrier([httpx2.Response(429, headers={"retry-after": "20"}), TAKEN])
    async with engine(time_skipping_env, tmp_path, carrier) as duty:
        (alert,) = await one_alert(duty)
        assert (alert.state, alert.attempts, alert.provider_id) == ("sent", 2, "SM1")


async def test_a_refusal_goes_to_the_next_channel_at_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    refusal = httpx2.Response(400, json={"code": 21610, "message": "unsubscribed"})
    carrier = FakeCarrier([refusal, httpx2.Response(201, json={"sid": "CA1"})])
    async with engine(time_skipping_env, tmp_path, carrier) as duty:
        refused, instead = sorted(await one_alert(duty), key=lambda alert: alert.channel, reverse=True)
        assert (refused.channel, refused.state) == ("sms", "failed")
        assert (instead.channel, instead.state, instead.provider_id) == ("phone", "sent", "CA1")
        assert instead.rule == "level 1, alert 1, instead of sms"


async def test_an_unknown_outcome_is_settled_at_the_carrier_before_anything_is_sent_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    carrier = FakeCarrier([httpx2.Response(503), listed("SM7")])
    async with engine(time_skipping_env, tmp_path, carrier) as duty:
        (alert,) = await one_alert(duty)
        assert (alert.state, alert.provider_id) == ("sent", "SM7")
        assert [request.method for request in carrier.requests] == ["POST", "GET"]


async def test_an_unknown_outcome_of_which_the_carrier_knows_nothing_is_sent_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    carrier = FakeCarrier([httpx2.ReadTimeout("no answer"), listed(), TAKEN])
    async with engine(time_skipping_env, tmp_path, carrier) as duty:
        (alert,) = await one_alert(duty)
        assert (alert.state, alert.provider_id) == ("sent", "SM1")


async def test_a_carrier_that_stays_away_is_given_up_for_the_next_channel(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    carrier = FakeCarrier([httpx2.ConnectError("refused")])
    async with engine(time_skipping_env, tmp_path, carrier) as duty:
        states = {alert.channel: (alert.state, alert.attempts) for alert in await one_alert(duty)}
        assert states == {"sms": ("failed", 6), "phone": ("failed", 6), "email": ("failed", 1)}


async def test_a_carrier_that_asks_to_wait_for_an_hour_is_given_up_for_the_next_channel_within_minutes(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("Messages.json"):
            return httpx2.Response(429, headers={"retry-after": "3600"})
        return httpx2.Response(201, json={"sid": "CA1"})

    async with engine(time_skipping_env, tmp_path, FakeCarrier([answer])) as duty:
        states = {alert.channel: (alert.state, alert.attempts) for alert in await one_alert(duty)}
        assert states == {"sms": ("failed", 6), "phone": ("sent", 1)}


async def test_a_channel_that_fails_in_a_way_of_its_own_is_given_up_for_the_next_channel(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("Messages.json"):
            raise ZeroDivisionError
        return httpx2.Response(201, json={"sid": "CA1"})

    async with engine(time_skipping_env, tmp_path, FakeCarrier([answer])) as duty:
        states = {alert.channel: (alert.state, alert.attempts) for alert in await one_alert(duty)}
        assert states == {"sms": ("unknown", 6), "phone": ("sent", 1)}


class SlowCarrier(FakeCarrier):
    """Refuses messages, and takes a call only when it is told to."""

    def __init__(self) -> None:
        super().__init__([])
        self.is_asked_to_call = asyncio.Event()
        self.may_answer = asyncio.Event()

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer_slowly), trust_env=False)

    async def _answer_slowly(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.url.path.endswith("Messages.json"):
            return httpx2.Response(400, json={"code": 21610, "message": "unsubscribed"})
        if request.method == "GET":
            return httpx2.Response(200, json={"calls": []})
        self.is_asked_to_call.set()
        await self.may_answer.wait()
        return httpx2.Response(201, json={"sid": "CA1"})


async def test_an_alert_that_replaces_a_refused_one_is_sent_once_though_the_incident_changes_meanwhile(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    carrier = SlowCarrier()
    async with asyncio.timeout(30), engine(time_skipping_env, tmp_path, carrier) as duty:
        incident = await duty.open(policy(level("sms ana")))
        run = await duty.start(incident)
        await carrier.is_asked_to_call.wait()
        # A third look begins only when what the second one handed out is on its way.
        for looks, priority in ((2, Priority.P1), (3, Priority.P2)):
            await duty.actions.set_priority(incident.id, priority, BY_BEN, await duty.now())
            await duty.tell(incident)
            await scheduled(run, "tend_incident", looks)
        carrier.may_answer.set()
        await duty.actions.resolve(incident.id, BY_BEN, await duty.now())
        await duty.tell(incident)
        await run.result()
        assert duty.sent_to() == ["sms ana", "phone ana"]
        assert await scheduled(run, "deliver_alert", 2) == 2


async def scheduled(run: WorkflowHandle[Any, Any], activity: str, at_least: int) -> int:
    """Wait until an activity was asked for so many times; returns how many times it was."""
    while True:
        history = await run.fetch_history()
        names = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]
        if names.count(activity) >= at_least:
            return names.count(activity)


async def test_an_acknowledgement_before_the_claim_prevents_the_alert(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        async with duty.database.write() as session:
            row = notifications.NewNotification(
                "ntf_1",
                incident.id,
                1,
                0,
                1,
                "sms",
                "named",
                "level 1, alert 1",
                await duty.now(),
                "ana",
                "+15550100001",
            )
            await notifications.create(session, row)
        await duty.actions.acknowledge(incident.id, BY_BEN, await duty.now())
        assert await deliver(duty, "ntf_1") == Delivered()
        assert duty.sent_to() == []
        (alert,) = await duty.alerts(incident)
        assert alert.state == "suppressed"
        assert "No sms alert: the incident was acknowledged before the alert was sent." in await duty.timeline(incident)


async def deliver(duty: Engine, notification_id: str) -> Delivered:
    async def directory() -> Directory:
        return duty.directory

    http = accepting_carrier().client()
    links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
    activities = DeliveryActivities(
        duty.database, directory, lambda found: make_registry(http, found.carriers, None, ""), links
    )
    delivered: Delivered = await ActivityEnvironment().run(activities.deliver_alert, DeliverAlert(notification_id))
    return delivered
