"""Calls on the time-skipping server: answered by updates, written down, ended, and handed in once."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.testing import WorkflowEnvironment

from activities.calls import CallActivities
from domain.call_ends import CLOSING_GRACE_SECONDS, over_at
from domain.call_flow import advance, fresh
from domain.call_messages import HandInCall, SaveCall
from domain.call_state import Answer, CallState, Stage
from domain.directory import Accept, Directory, Integration
from domain.events import (
    AttemptFinished,
    CallEnded,
    Caller,
    CallStarted,
    DialStatus,
    LegConnected,
    LegRinging,
)
from domain.instructions import Connect, Hangup, Ring
from intake.processor import Processor
from storage.call_deletion import delete_call
from storage.engine import Database
from storage.journal import open_journal
from storage.tables import IncidentRow
from temporal.door import CallFlowFailed, CallIsOver
from tests.intake.builders import incidents
from tests.rules.calls import CALLER, START
from tests.workflows.calls import INTEGRATION, Desk, Line, desk, without_messages


def longest_silence(line: Line) -> timedelta:
    """How long after its first answer a call of which nothing more is heard is kept open."""
    state, answer = advance(line.plan, fresh(line.plan, CALLER, START), CallStarted(START))
    return over_at(line.plan, state, answer.document) - START


async def still_open_then_over(duty: Desk, line: Line, bound: timedelta) -> str:
    """The call is open shortly before the bound and closed after it."""
    await duty.environment.sleep(bound - timedelta(seconds=3))
    assert await line.is_open()
    await duty.environment.sleep(timedelta(seconds=6))
    assert not await line.is_open()
    return await line.run.result()


def bound_of(line: Line, answer: Answer) -> timedelta:
    """How long after this answer the call is kept open when nothing more is heard."""
    control = answer.control
    return over_at(line.plan, CallState(control), answer.document) - control.written_at


async def pass_time(duty: Desk, seconds: float) -> None:
    await duty.environment.sleep(seconds)


async def opened_incidents(duty: Desk) -> Sequence[IncidentRow]:
    """What the intake makes of everything that was handed in."""
    directory = Directory(integrations={INTEGRATION: Integration(INTEGRATION, "Calls", "a-token")})

    async def is_current() -> bool:
        return True

    processor = Processor(duty.database, duty.journal, lambda: directory, is_current)
    while await processor.step():
        pass
    return await incidents(duty.database)


async def test_the_first_webhook_starts_the_call_and_is_answered(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        answer = await line.tell(CallStarted(await duty.now()))
        assert isinstance(answer.document[-1], Ring)
        assert (answer.control.step, answer.control.stage) == (1, Stage.RINGING)
        await line.hang_up()
        await line.outcome()


async def test_a_repeated_update_id_gets_the_stored_answer_without_a_second_execution(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        answers = [await line.tell(CallStarted(await duty.now()), update_id="initial") for _ in range(3)]
        assert answers == [answers[0]] * 3
        assert await line.updates_executed() == 1
        await line.hang_up()
        await line.outcome()


async def test_a_whole_call_is_answered_written_down_and_handed_in(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        ringing = await line.begin()
        second = await line.finish(ringing, 1, DialStatus.NO_ANSWER)
        assert (await line.press("1", order=2)).document == (Connect(),)
        await line.finish(second.control, 2, DialStatus.COMPLETED, bridged=True)
        await line.hang_up()
        assert await line.outcome() == "answered"
        log = await line.logged()
        assert [attempt["outcome"] for attempt in log.body["attempts"]] == ["no_answer", "answered"]
        assert log.body["answered_by"]["key"] == "ben"
        (entry,) = await duty.handed_in()
        assert entry.id == f"call:{log.id}"


async def test_the_log_shows_a_call_while_it_goes_on(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        await line.begin()
        await pass_time(duty, 2)
        log = await line.logged()
        assert (log.status, log.outcome, log.ended_at) == ("in_progress", None, None)
        await line.hang_up()
        await line.outcome()


async def test_a_call_of_which_nothing_more_is_heard_ends_as_caller_gone_after_the_bound(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        await line.begin()
        assert await still_open_then_over(duty, line, longest_silence(line)) == "caller_gone"
        log = await line.logged()
        assert log.outcome == "caller_gone"
        assert [attempt["outcome"] for attempt in log.body["attempts"]] == ["caller_gone"]


async def test_a_voicemail_of_which_nothing_more_is_heard_ends_too(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line(chain=())
        await line.begin()
        assert await still_open_then_over(duty, line, longest_silence(line)) == "no_one_on_call"


async def test_an_accepted_talk_of_almost_four_hours_is_not_ended_early(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        ringing = await line.begin()
        await line.press("1")
        await pass_time(duty, line.plan.max_talk_seconds - 60)
        assert await line.is_open()
        await line.finish(ringing, 1, DialStatus.COMPLETED, bridged=True)
        await line.hang_up()
        assert await line.outcome() == "answered"
        duration = (await line.logged()).duration_seconds
        assert duration is not None
        assert abs(duration - (line.plan.max_talk_seconds - 60)) <= 5


async def test_a_plain_connect_is_not_ended_early_either(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line(accept=Accept.NONE)
        ringing = await line.begin()
        await line.tell(LegConnected(await duty.now(), 1))
        await pass_time(duty, line.plan.max_talk_seconds - 60)
        assert await line.is_open()
        await line.finish(ringing, 1, DialStatus.COMPLETED, bridged=True, caller_present=False)
        assert await line.outcome() == "answered"


async def test_an_accepted_talk_whose_end_is_never_reported_ends_after_the_longest_talk(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        await line.begin()
        await line.press("1")
        bound = longest_silence(line) + timedelta(seconds=line.plan.max_talk_seconds)
        assert await still_open_then_over(duty, line, bound) == "answered"


async def test_after_a_hang_up_the_news_of_an_open_attempt_is_awaited(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        await line.begin()
        await line.hang_up()
        outcome = await still_open_then_over(duty, line, timedelta(seconds=20))
        assert outcome == "caller_gone"


async def test_a_hang_up_after_the_last_attempt_ends_the_call_at_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        second = await line.finish(await line.begin(), 1, DialStatus.BUSY)
        voicemail = await line.finish(second.control, 2, DialStatus.NO_ANSWER)
        await line.leave_message(voicemail.control, 5)
        await line.hang_up()
        await pass_time(duty, 2)
        assert not await line.is_open()


async def test_late_news_after_the_hang_up_completes_the_log(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        ringing = await line.begin()
        rang_at = await duty.now()
        await pass_time(duty, 7)
        await line.hang_up()
        await line.finish(ringing, 1, DialStatus.CANCELED, caller_present=False)
        await line.tell(LegRinging(rang_at, 1))
        assert await line.outcome() == "caller_gone"
        (attempt,) = (await line.logged()).body["attempts"]
        assert attempt["outcome"] == "caller_gone"
        assert any("the caller left after 7 s" in text for text in await line.timeline())


async def test_our_last_words_end_the_call_shortly_without_a_hang_up_notice(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        ringing = await line.begin()
        await line.press("1")
        closing = await line.finish(ringing, 1, DialStatus.COMPLETED, bridged=True)
        assert closing.document[-1] == Hangup()
        bound = bound_of(line, closing)
        assert bound < timedelta(seconds=CLOSING_GRACE_SECONDS + 15)
        assert await still_open_then_over(duty, line, bound) == "answered"


async def test_a_late_webhook_is_told_that_the_call_is_over_and_starts_no_other_run(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        ringing = await line.begin()
        run_id = await line.first_run_id()
        await line.hang_up()
        await line.outcome()
        with pytest.raises(CallIsOver):
            await line.finish(ringing, 1, DialStatus.NO_ANSWER)
        with pytest.raises(CallIsOver):
            await line.tell(CallStarted(await duty.now()))
        assert await line.first_run_id() == run_id


async def test_a_failing_flow_is_refused_at_once_and_does_not_wedge_the_call(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line(without_messages(duty.line().plan))
        with pytest.raises(CallFlowFailed):
            await line.tell(CallStarted(await duty.now()))
        # The next webhook is taken: what failed was refused, not repeated for ever.
        await line.tell(CallEnded(await duty.now()))
        assert await line.outcome() == "caller_gone"
        assert len(await duty.handed_in()) == 1


async def test_a_step_answered_without_the_workflow_is_adopted_and_marks_the_call_degraded(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        first = await line.begin()
        ran_out = AttemptFinished(await duty.now(), 1, DialStatus.NO_ANSWER, None, caller_present=True)
        _, elsewhere = advance(line.plan, CallState(first), ran_out, first)
        await line.tell(ran_out, first, answered=elsewhere.control)
        # The next request proves that the carrier executed the document of the other process.
        third = await line.finish(elsewhere.control, 2, DialStatus.NO_ANSWER)
        assert third.control.stage is Stage.VOICEMAIL
        await line.leave_message(third.control, 12)
        await line.hang_up()
        assert await line.outcome() == "voicemail"
        assert (await line.logged()).degraded
        assert any("Answered without Temporal (step 2)" in text for text in await line.timeline())


async def test_a_call_whose_handing_in_was_repeated_opens_one_incident(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    journal = open_journal(database)
    ours = CallActivities(database, journal, "https://duty.example")
    handed_in: list[str] = []

    @activity.defn(name="hand_in_call")
    async def loses_its_first_result(request: HandInCall) -> None:
        await ours.hand_in_call(request)
        handed_in.append(request.call.id)
        if len(handed_in) == 1:
            raise ConnectionError("the worker's answer was lost on the way")

    async with desk(time_skipping_env, tmp_path, [ours.save_call, loses_its_first_result]) as duty:
        line = duty.line()
        await line.begin()
        await line.hang_up()
        await line.outcome()
        assert handed_in == [(await line.logged()).id] * 2
        (incident,) = await opened_incidents(duty)
        assert incident.integration == INTEGRATION
    await journal.close()
    await database.close()


async def test_a_call_that_was_deleted_while_it_went_on_opens_no_incident(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        await line.begin()
        await duty.environment.sleep(5)
        call = await line.logged()
        async with duty.database.write() as session:
            await delete_call(session, call.id, await duty.now())
        await line.hang_up()
        await line.outcome()
        assert await duty.handed_in() == []


async def test_what_the_carrier_says_of_an_odd_caller_is_kept_and_goes_with_the_call(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line(caller=Caller(None, raw="front-desk"))
        await line.begin()
        await line.hang_up()
        await line.outcome()
        call = await line.logged()
        assert call.body["caller"] == {"raw": "front-desk"}
        (opened,) = await opened_incidents(duty)
        assert "front-desk" in opened.title
        async with duty.database.write() as session:
            await delete_call(session, call.id, await duty.now())
        async with duty.database.read() as session:
            row = await session.get(IncidentRow, opened.id)
        assert row is not None
        assert "front-desk" not in row.title


async def test_a_log_that_could_not_be_written_at_first_is_complete_at_the_end(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    journal = open_journal(database)
    ours = CallActivities(database, journal, "https://duty.example")
    tries = count()

    @activity.defn(name="save_call")
    async def fails_three_times(request: SaveCall) -> None:
        if next(tries) < 3:
            raise ConnectionError("the database is away")
        await ours.save_call(request)

    async with desk(time_skipping_env, tmp_path, [fails_three_times, ours.hand_in_call]) as duty:
        line = duty.line()
        ringing = await line.begin()
        second = await line.finish(ringing, 1, DialStatus.NO_ANSWER)
        await line.finish(second.control, 2, DialStatus.BUSY)
        await line.hang_up()
        assert await line.outcome() == "no_answer"
        log = await line.logged()
        assert [attempt["outcome"] for attempt in log.body["attempts"]] == ["no_answer", "busy"]
    await journal.close()
    await database.close()


async def test_another_hotlines_address_does_not_drive_the_call(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        proof = await line.begin()
        finished = AttemptFinished(await duty.now(), 1, DialStatus.NO_ANSWER, None, caller_present=True)
        answer = await line.tell(finished, proof, hotline="another")
        assert (answer.document, answer.control) == ((Hangup(),), proof)
        await line.hang_up()
        await line.outcome()


async def test_old_news_that_comes_last_does_not_put_off_the_end(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with desk(time_skipping_env, tmp_path) as duty:
        line = duty.line()
        ringing = await line.begin()
        began_at = await duty.now()
        ended_at = began_at + timedelta(seconds=71)
        await line.tell(AttemptFinished(ended_at, 1, DialStatus.CANCELED, False, caller_present=False), ringing)
        await line.tell(CallEnded(ended_at))
        await line.tell(LegRinging(began_at, 1), ringing)
        await pass_time(duty, 2)
        is_open = await line.is_open()
        await line.outcome()
        assert not is_open
