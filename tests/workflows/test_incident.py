"""Incidents on the time-skipping server: days of escalation in milliseconds."""

from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.directory import Directory, Repeat
from domain.incidents import IncidentStatus
from storage.incident_actions import IncidentAction
from storage.tables import IncidentRow
from tests.workflows.incidents import ANA, BEN, BY_BEN, TWILIO, Engine, engine, level, policy


async def act(duty: Engine, incident: IncidentRow, action: IncidentAction) -> None:
    await duty.actions.act(action, incident.id, BY_BEN, await duty.now())
    await duty.tell(incident, action)


async def end(duty: Engine, incident: IncidentRow) -> None:
    """All tests share the server's clock, and it stands still while a run has something to do."""
    await act(duty, incident, IncidentAction.RESOLVE)
    assert await duty.run_of(incident).result() == "resolved"


async def test_an_incident_alerts_its_first_level_and_ends_when_it_is_resolved(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", "phone ben")))
        await duty.start(incident)
        await time_skipping_env.sleep(5)
        assert sorted(duty.sent_to()) == ["phone ben", "sms ana"]
        await end(duty, incident)
        assert [alert.state for alert in await duty.alerts(incident)] == ["sent", "sent"]


async def test_levels_follow_one_another_until_somebody_acknowledges(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("phone ben")))
        await duty.start(incident)
        await time_skipping_env.sleep(200)
        assert duty.sent_to() == ["sms ana"]
        await time_skipping_env.sleep(200)
        assert duty.sent_to() == ["sms ana", "phone ben"]
        await end(duty, incident)


async def test_an_acknowledgement_before_the_start_is_not_lost(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("phone ben")))
        await duty.actions.acknowledge(incident.id, BY_BEN, await duty.now())
        await duty.start(incident)
        await time_skipping_env.sleep(timedelta(days=2))
        assert duty.sent_to() == []
        await end(duty, incident)


async def test_an_acknowledgement_stops_the_escalation_even_when_its_signal_is_lost(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("phone ben")))
        await duty.start(incident)
        await time_skipping_env.sleep(100)
        await duty.actions.acknowledge(incident.id, BY_BEN, await duty.now())
        await time_skipping_env.sleep(timedelta(days=1))
        assert duty.sent_to() == ["sms ana"]
        await end(duty, incident)


async def test_an_acknowledgement_after_the_timer_stops_what_comes_next(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        levels = level("sms ana", escalate_after=300), level("sms ben", escalate_after=300), level("phone ana")
        incident = await duty.open(policy(*levels))
        await duty.start(incident)
        await time_skipping_env.sleep(301)
        await act(duty, incident, IncidentAction.ACKNOWLEDGE)
        await time_skipping_env.sleep(timedelta(days=1))
        assert duty.sent_to() == ["sms ana", "sms ben"]
        await end(duty, incident)


async def test_repeated_and_late_signals_change_nothing(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("phone ben")))
        await duty.start(incident)
        await act(duty, incident, IncidentAction.ACKNOWLEDGE)
        for _ in range(5):
            await duty.tell(incident, "triggered")
        await time_skipping_env.sleep(timedelta(hours=1))
        assert (await duty.row(incident)).status == IncidentStatus.ACKNOWLEDGED
        await end(duty, incident)


async def test_an_acknowledge_time_out_alerts_the_next_level_and_after_the_last_the_first(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        levels = level("sms ana", escalate_after=300), level("sms ben")
        incident = await duty.open(policy(*levels, ack_timeout_seconds=1200))
        await duty.start(incident)
        await time_skipping_env.sleep(10)
        await act(duty, incident, IncidentAction.ACKNOWLEDGE)
        await time_skipping_env.sleep(1300)
        assert duty.sent_to() == ["sms ana", "sms ben"]
        await act(duty, incident, IncidentAction.ACKNOWLEDGE)
        await time_skipping_env.sleep(1250)
        assert duty.sent_to() == ["sms ana", "sms ben", "sms ana"]
        await end(duty, incident)


async def test_rounds_are_repeated_as_often_as_set_and_then_the_incident_waits(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana"), repeat=Repeat(times=2, every_seconds=600)))
        run = await duty.start(incident)
        await time_skipping_env.sleep(timedelta(days=3))
        assert duty.sent_to() == ["sms ana"] * 3
        assert (await run.describe()).status is WorkflowExecutionStatus.RUNNING
        await end(duty, incident)


async def test_an_exhausted_policy_waits_and_can_still_be_escalated(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("sms ben")))
        await duty.start(incident)
        await time_skipping_env.sleep(timedelta(days=1))
        await act(duty, incident, IncidentAction.ESCALATE)
        await time_skipping_env.sleep(10)
        assert duty.sent_to() == ["sms ana", "sms ben", "sms ana"]
        await end(duty, incident)


async def test_escalating_now_does_not_wait_for_the_timer(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        levels = level("sms ana", escalate_after=3600), level("sms ben", escalate_after=3600), level("phone ben")
        incident = await duty.open(policy(*levels))
        await duty.start(incident)
        await time_skipping_env.sleep(10)
        await act(duty, incident, IncidentAction.ESCALATE)
        await time_skipping_env.sleep(10)
        assert duty.sent_to() == ["sms ana", "sms ben"]
        await end(duty, incident)


async def test_who_is_on_call_is_looked_up_when_the_level_opens(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("sms ben")))
        await duty.start(incident)
        await time_skipping_env.sleep(10)
        duty.directory = Directory(users={"ana": ANA}, carriers={"twilio": TWILIO})
        await time_skipping_env.sleep(300)
        assert duty.sent_to() == ["sms ana"]
        assert any("there is no user ben any more" in line for line in await duty.timeline(incident))
        await end(duty, incident)


async def test_a_level_with_nobody_behind_it_is_passed_at_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        duty.directory = Directory(users={"ben": BEN}, carriers={"twilio": TWILIO})
        incident = await duty.open(policy(level("sms ana", escalate_after=3600), level("sms ben")))
        await duty.start(incident)
        await time_skipping_env.sleep(10)
        assert duty.sent_to() == ["sms ben"]
        await end(duty, incident)


async def test_the_delay_of_the_policy_leaves_time_to_resolve(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana"), delay=600))
        await duty.start(incident)
        await time_skipping_env.sleep(300)
        await end(duty, incident)
        assert duty.sent_to() == []


async def test_the_resolve_timer_resolves_and_ends_the_run(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana"), resolve_after_seconds=86_400))
        run = await duty.start(incident)
        assert await run.result() == "resolved"
        assert (await duty.row(incident)).resolved_by == "timer:resolve"


async def test_a_muted_incident_alerts_nobody_until_it_is_unmuted(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("sms ben")))
        await duty.actions.mute(incident.id, BY_BEN, await duty.now())
        await duty.start(incident)
        await time_skipping_env.sleep(timedelta(days=1))
        assert duty.sent_to() == []
        await act(duty, incident, IncidentAction.UNMUTE)
        await time_skipping_env.sleep(10)
        assert duty.sent_to() == ["sms ana"]
        await end(duty, incident)


async def test_a_run_that_was_terminated_is_rebuilt_without_paging_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana", escalate_after=300), level("sms ben")))
        run = await duty.start(incident)
        await time_skipping_env.sleep(10)
        await run.terminate()
        await duty.start(incident)
        await time_skipping_env.sleep(200)
        assert duty.sent_to() == ["sms ana"]
        await time_skipping_env.sleep(200)
        assert duty.sent_to() == ["sms ana", "sms ben"]
        await end(duty, incident)


async def test_a_run_for_an_incident_that_is_resolved_ends_at_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        await duty.actions.resolve(incident.id, BY_BEN, await duty.now())
        assert await (await duty.start(incident)).result() == "resolved"
        assert duty.sent_to() == []


async def test_search_attributes_are_not_set_unless_they_are_registered(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with engine(time_skipping_env, tmp_path) as duty:
        incident = await duty.open(policy(level("sms ana")))
        run = await duty.start(incident)
        await end(duty, incident)
        kinds = [event.WhichOneof("attributes") async for event in run.fetch_history_events()]
        assert "upsert_workflow_search_attributes_event_attributes" not in kinds
