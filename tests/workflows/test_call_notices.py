"""A call has ended, and the hotline tells of it: once, for an hour at most, and never in the way of anything else."""

from itertools import count
from pathlib import Path

import httpx2
import pytest
from temporalio import activity
from temporalio.testing import WorkflowEnvironment

from activities.calls import CallActivities
from activities.notices import NoticeActivities
from domain.call_messages import AnnounceCall
from domain.events import CallStarted
from domain.notice_messages import DeliverNotice
from storage import notices
from storage.call_deletion import delete_call
from storage.engine import Database
from storage.journal import open_journal
from temporal.door import CallIsOver
from tests.replay import histories
from tests.support.fake_carrier import FakeCarrier
from tests.workflows.call_notices import ROOM, TEXT, Newsroom, newsroom
from tests.workflows.calls import Desk, Line
from worker.queues import Activity

AWAY = httpx2.ConnectError("away")
BACK = httpx2.Response(200, text="ok")


async def delete(news: Newsroom, line: Line) -> None:
    call = await line.logged()
    async with news.duty.database.write() as session:
        await delete_call(session, call.id, await news.duty.now())


async def test_everybody_whom_the_hotline_names_is_told_once(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path) as news:
        line = await news.ended_call(ROOM, TEXT, ROOM)
        assert await line.outcome() == "caller_gone"
        assert await news.states(line) == ["slack sent", "sms sent"]
        headline, attempt, link = news.web.json()["text"].splitlines()
        assert headline.startswith("On-call hotline: missed call from +14156040016, ")
        assert attempt == "1. Ana Reyes: the caller left"
        assert link == f"https://duty.example/calls/{(await line.logged()).id}"
        assert news.carrier.form()["Body"] == [f"{headline}\n{link}"]


async def test_a_hotline_that_names_nobody_tells_nobody(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with newsroom(time_skipping_env, tmp_path) as news:
        line = await news.ended_call()
        await line.outcome()
        history = (await line.run.fetch_history()).to_json()
        assert ("hand_in_call" in history, "announce_call" in history) == (True, False)


async def test_a_room_that_is_down_for_ten_minutes_is_told_when_it_is_back(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path, web=FakeCarrier([AWAY])) as news:
        line = await news.ended_call(ROOM)
        await news.pass_time(minutes=10)
        assert await news.states(line) == ["slack pending"]
        news.web.answers, news.web.requests = [BACK], []
        await news.pass_time(minutes=10)
        assert (len(news.web.requests), await news.states(line)) == (1, ["slack sent"])
        assert await line.run.result() == "caller_gone"


async def test_a_room_that_is_down_for_two_hours_is_told_nothing_and_the_run_ends(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path, web=FakeCarrier([AWAY])) as news:
        line = await news.ended_call(ROOM)
        await news.pass_time(hours=2)
        assert not await line.is_open()
        assert await news.states(line) == ["slack too_late"]
        await line.run.result()


async def test_a_room_that_is_down_holds_back_neither_the_incident_nor_a_text_message(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path, web=FakeCarrier([AWAY])) as news:
        line = await news.ended_call(ROOM, TEXT)
        await news.pass_time(minutes=3)
        assert await line.is_open()
        assert await news.states(line) == ["slack pending", "sms sent"]
        assert len(await news.duty.handed_in()) == 1
        news.web.answers = [BACK]
        await news.pass_time(minutes=10)
        await line.run.result()


async def test_a_call_is_over_while_people_are_told(time_skipping_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with newsroom(time_skipping_env, tmp_path, web=FakeCarrier([AWAY])) as news:
        line = await news.ended_call(ROOM)
        await news.pass_time(minutes=3)
        updates = await line.updates_executed()
        with pytest.raises(CallIsOver):
            await line.tell(CallStarted(await news.duty.now()))
        assert ((await line.logged()).status, await line.updates_executed()) == ("missed", updates)
        news.web.answers = [BACK]
        await news.pass_time(minutes=10)
        assert await line.run.result() == "caller_gone"


async def test_nobody_is_told_of_a_call_that_was_deleted_while_it_went_on(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path) as news:
        line = news.duty.line(notify=(ROOM,))
        await line.begin()
        await news.pass_time(seconds=5)
        await delete(news, line)
        await line.hang_up()
        await line.outcome()
        assert (news.web.requests, await news.notices(line)) == ([], [])


async def test_nobody_is_told_of_a_call_that_was_deleted_while_the_room_was_down(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path, web=FakeCarrier([AWAY])) as news:
        line = await news.ended_call(ROOM)
        await news.pass_time(minutes=3)
        await delete(news, line)
        news.web.answers, news.web.requests = [BACK], []
        await news.pass_time(minutes=10)
        await line.run.result()
        assert (news.web.requests, await news.notices(line)) == ([], [])


def dies_after_claiming(duty: Desk, ours: NoticeActivities) -> Activity:
    tries = count()

    @activity.defn(name="deliver_notice")
    async def deliver(request: DeliverNotice) -> None:
        if next(tries) == 0:
            async with duty.database.write() as session:
                await notices.claim(session, request.notice_id, request.now)
            raise ConnectionError("the worker died with the notice in its hands")
        await ours.deliver_notice(request)

    return deliver


def listing_nothing(request: httpx2.Request) -> httpx2.Response:
    """A carrier that was never asked to send anything before."""
    if request.method == "GET":
        return httpx2.Response(200, json={"messages": []})
    return httpx2.Response(201, json={"sid": "SM1"})


async def test_a_worker_that_dies_between_claim_and_result_tells_nobody_twice(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    carrier = FakeCarrier([listing_nothing])
    async with newsroom(time_skipping_env, tmp_path, carrier=carrier, delivering=dies_after_claiming) as news:
        line = await news.ended_call(TEXT)
        await line.outcome()
        assert [request.method for request in carrier.requests] == ["GET", "POST"]
        assert await news.states(line) == ["sms sent"]


async def test_a_room_that_may_have_been_told_by_a_dead_worker_is_not_told_again(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with newsroom(time_skipping_env, tmp_path, delivering=dies_after_claiming) as news:
        line = await news.ended_call(ROOM)
        assert await line.outcome() == "caller_gone"
        assert (news.web.requests, await news.states(line)) == ([], ["slack unknown"])


async def test_whom_to_tell_is_written_down_once_although_the_result_was_lost(
    time_skipping_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'dutyline.db'}")
    journal = open_journal(database)
    ours = CallActivities(database, journal, "https://duty.example")
    tries = count()

    @activity.defn(name="announce_call")
    async def loses_its_first_result(request: AnnounceCall) -> list[str]:
        notice_ids = await ours.announce_call(request)
        if next(tries) == 0:
            raise ConnectionError("the worker's answer was lost on the way")
        return notice_ids

    of_calls: list[Activity] = [ours.save_call, ours.hand_in_call, loses_its_first_result]
    async with newsroom(time_skipping_env, tmp_path, of_calls=of_calls) as news:
        line = await news.ended_call(ROOM)
        await line.outcome()
        assert (len(news.web.requests), await news.states(line)) == (1, ["slack sent"])
    await journal.close()
    await database.close()


def test_the_incident_and_the_outcome_come_before_anybody_is_told() -> None:
    steps = [_step(event) for event in histories.document("call-announced")["events"]]
    asked = [step for step in steps if step in {"hand_in_call", "DutylineOutcome", "announce_call", "deliver_notice"}]
    assert asked == ["hand_in_call", "DutylineOutcome", "announce_call", "deliver_notice", "deliver_notice"]


def _step(event: dict[str, object]) -> str:
    """The activity that is asked for, or the search attribute that is set."""
    match event:
        case {"activityTaskScheduledEventAttributes": {"activityType": {"name": str(name)}}}:
            return name
        case {"upsertWorkflowSearchAttributesEventAttributes": {"searchAttributes": {"indexedFields": dict(fields)}}}:
            return ",".join(fields)
        case _:
            return ""
