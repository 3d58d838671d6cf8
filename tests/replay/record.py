"""``python -m tests.replay.record``: records the histories anew, on a development server, with payloads in the clear.

Takes about two minutes, most of it waiting for a call of which nothing more is heard. Recorded histories are proof of
what older versions wrote: replace one only when its scenario has changed, and never to make a failing replay pass.
``call-ended-before-calls-were-announced`` was written by a version that told nobody of calls, and has no scenario here.
With names as arguments (``call-answered``) only those are recorded.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.call_flow import advance
from domain.call_state import CallState
from domain.directory import ChainEntry, Directory, Repeat
from domain.events import AttemptFinished, CallStarted, DialStatus
from domain.ids import incident_workflow_id
from storage.incident_actions import IncidentAction
from storage.tables import IncidentRow
from temporal.client import register_search_attributes
from temporal.door import Unavailable
from tests.replay import histories
from tests.support.temporal_server import TemporalServer
from tests.workflows.calendars import Office, office
from tests.workflows.call_notices import ROOM, TEXT, Newsroom, newsroom
from tests.workflows.calls import Desk, Line, desk, without_messages
from tests.workflows.incidents import BY_BEN, Engine, engine, level, policy
from tests.workflows.recordings import Archive, archive, audio, voicemail
from tests.workflows.schedules import HOUR, Watched, hourly, watch
from workflows.incident import IncidentWorkflow

#: a run to its end, or as far as it is to be recorded
Run = WorkflowHandle[Any, Any]


# Calls


async def call_answered(duty: Desk) -> Run:
    line = duty.line()
    second = await line.finish(await line.begin(), 1, DialStatus.NO_ANSWER)
    await line.press("1", order=2)
    await line.finish(second.control, 2, DialStatus.COMPLETED, bridged=True)
    await line.hang_up()
    return await _ended(line.run)


async def call_voicemail(duty: Desk) -> Run:
    line = duty.line()
    second = await line.finish(await line.begin(), 1, DialStatus.NO_ANSWER)
    beep = await line.finish(second.control, 2, DialStatus.BUSY)
    await line.leave_message(beep.control, 7)
    await line.hang_up()
    return await _ended(line.run)


async def call_caller_gone(duty: Desk) -> Run:
    line = duty.line()
    await line.begin()
    await line.hang_up()
    return await _ended(line.run)


async def call_nothing_more_heard(duty: Desk) -> Run:
    line = duty.line(chain=(ChainEntry(user="ana", ring_seconds=5),))
    await line.begin()
    return await _ended(line.run)


async def call_step_answered_elsewhere(duty: Desk) -> Run:
    line = duty.line()
    first = await line.begin()
    ran_out = AttemptFinished(await duty.now(), 1, DialStatus.NO_ANSWER, None, caller_present=True)
    _, elsewhere = advance(line.plan, CallState(first), ran_out, first)
    await line.tell(ran_out, first, answered=elsewhere.control)
    beep = await line.finish(elsewhere.control, 2, DialStatus.NO_ANSWER)
    await line.leave_message(beep.control, 0)
    await line.hang_up()
    return await _ended(line.run)


async def call_announced(news: Newsroom) -> Run:
    return await _ended((await news.ended_call(ROOM, TEXT)).run)


async def call_flow_failed(duty: Desk) -> Run:
    line: Line = duty.line(without_messages(duty.line().plan))
    try:
        await line.tell(CallStarted(await duty.now()))
    except Unavailable:
        await line.hang_up()
    return await _ended(line.run)


async def canary_still_open(duty: Desk) -> Run:
    for _ in range(2):
        await duty.door.ping("recorded")
    return duty.client.get_workflow_handle("canary-recorded")


# Recordings


async def recording_stored(house: Archive) -> Run:
    return await _ended(await house.start(voicemail()))


async def recording_given_up(house: Archive) -> Run:
    return await _ended(await house.start(voicemail(account="AC2")))


async def _refuses(account_of: str) -> Directory:
    raise ApplicationError(f"the configuration of {account_of} cannot be read", non_retryable=True)


# Incidents


async def incident_acknowledged_while_waiting(duty: Engine) -> Run:
    incident = await duty.open(policy(level("sms ana", escalate_after=120), level("phone ben")))
    run = await _begin(duty, incident)
    await _until_alerted(duty, incident, 1)
    await _act(duty, incident, IncidentAction.ACKNOWLEDGE)
    await _act(duty, incident, IncidentAction.RESOLVE)
    return await _ended(run)


async def incident_escalated(duty: Engine) -> Run:
    incident = await duty.open(policy(level("sms ana", "phone ana", escalate_after=2), level("sms ben")))
    run = await _begin(duty, incident)
    await _until_alerted(duty, incident, 3)
    await _act(duty, incident, IncidentAction.RESOLVE)
    return await _ended(run)


async def incident_repeated_to_the_end(duty: Engine) -> Run:
    incident = await duty.open(policy(level("sms ana", escalate_after=1), repeat=Repeat(2, 1)))
    run = await _begin(duty, incident)
    await _until_alerted(duty, incident, 3)
    # Nobody is left to alert: the run waits, and only a person ends it.
    await asyncio.sleep(3)
    await _act(duty, incident, IncidentAction.RESOLVE)
    return await _ended(run)


async def incident_acknowledgement_timed_out(duty: Engine) -> Run:
    incident = await duty.open(policy(level("sms ana"), ack_timeout_seconds=2))
    run = await _begin(duty, incident)
    await _until_alerted(duty, incident, 1)
    await _act(duty, incident, IncidentAction.ACKNOWLEDGE)
    await _until_alerted(duty, incident, 2)
    await _act(duty, incident, IncidentAction.RESOLVE)
    return await _ended(run)


async def incident_resolved_at_once(duty: Engine) -> Run:
    incident = await duty.open(policy(level("sms ana"), delay=0))
    await duty.actions.act(IncidentAction.RESOLVE, incident.id, BY_BEN, await duty.now())
    return await _ended(await _begin(duty, incident))


async def _begin(duty: Engine, incident: IncidentRow) -> WorkflowHandle[IncidentWorkflow, str]:
    await duty.door.start_incident(incident.id)
    return duty.client.get_workflow_handle_for(IncidentWorkflow.run, incident_workflow_id(incident.id))


async def _act(duty: Engine, incident: IncidentRow, action: IncidentAction) -> None:
    await duty.actions.act(action, incident.id, BY_BEN, await duty.now())
    await duty.tell(incident, action)
    # Each change gets a workflow task of its own, as people are slower than workers.
    await asyncio.sleep(1)


async def _until_alerted(duty: Engine, incident: IncidentRow, times: int) -> None:
    async with asyncio.timeout(30):
        while [alert.state for alert in await duty.alerts(incident)] != ["sent"] * times:  # noqa: ASYNC110 (a row sets no event)
            await asyncio.sleep(0.1)


async def _ended(run: Run) -> Run:
    await run.result()
    return run


# Schedules


async def shift_watch_until_deleted(duty: Watched) -> Run:
    """A handoff by the clock, an edit, and the end of the schedule."""
    handoff = (datetime.now(UTC) + timedelta(seconds=6)).replace(microsecond=0)
    duty.edit(replace(duty.schedule, layers=hourly(handoff - HOUR, "ana", "ben").layers))
    duty.add_webhook()
    await duty.tell()
    await _until_told(duty, "ana start", "ana end", "ben start")
    duty.edit(replace(duty.schedule, layers=hourly(handoff - HOUR, "ana").layers))
    await duty.tell()
    await _until_told(duty, "ana start", "ana end", "ben start", "ben end", "ana start")
    await duty.end()
    return duty.run


async def calendars_asked_for(house: Office) -> Run:
    """Two calendars are read because somebody asks, one of them twice; then the run waits for the night."""
    for calendar in ("holidays", "offsites", "holidays"):
        asked_at = datetime.now(UTC)
        await house.door.refresh_calendar(calendar)
        await _until_read(house, calendar, asked_at)
    return house.run


async def _until_read(house: Office, calendar: str, since: datetime) -> None:
    async with asyncio.timeout(30):
        while (state := await house.state(calendar)) is None or state.tried_at < since:  # noqa: ASYNC110 (no event)
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)


async def _until_told(duty: Watched, *texts: str) -> None:
    async with asyncio.timeout(30):
        while sorted(duty.texts()) != sorted(texts):  # noqa: ASYNC110 (a message sets no event)
            await asyncio.sleep(0.1)
    # Each change gets a workflow task of its own, as people are slower than workers.
    await asyncio.sleep(1)


# Recording


_CALLS = (
    call_answered,
    call_voicemail,
    call_caller_gone,
    call_nothing_more_heard,
    call_step_answered_elsewhere,
    call_flow_failed,
    canary_still_open,
)
_INCIDENTS = (
    incident_acknowledged_while_waiting,
    incident_escalated,
    incident_repeated_to_the_end,
    incident_acknowledgement_timed_out,
    incident_resolved_at_once,
)


async def _record_all(address: str, folder: Path, only: set[str]) -> None:
    client = await Client.connect(address)
    indexed = await register_search_attributes(client)
    environment = WorkflowEnvironment.from_client(client)

    async def record(scenario: Callable[[Any], Awaitable[Run]], place: Any) -> None:
        name = scenario.__name__.replace("_", "-")
        if only and name not in only:
            return
        run = await scenario(place)
        histories.write(name, await run.fetch_history())
        sys.stdout.write(f"recorded {name}\n")

    async with desk(environment, _made(folder / "calls"), keyring=None) as duty:
        duty.door.indexed = indexed
        await asyncio.gather(*(record(scenario, duty) for scenario in _CALLS))
    async with newsroom(environment, _made(folder / "announced"), keyring=None) as news:
        news.duty.door.indexed = indexed
        await record(call_announced, news)
    async with engine(environment, _made(folder / "incidents")) as incidents:
        incidents.door.indexed = indexed
        await asyncio.gather(*(record(scenario, incidents) for scenario in _INCIDENTS))
    async with archive(environment, _made(folder / "stored"), audio, keyring=None) as house:
        await record(recording_stored, house)
    async with archive(
        environment, _made(folder / "given-up"), audio, directory=lambda: _refuses("AC2"), keyring=None
    ) as house:
        await record(recording_given_up, house)
    async with watch(environment, _made(folder / "schedules")) as duty_of_schedules:
        duty_of_schedules.door.indexed = indexed
        await record(shift_watch_until_deleted, duty_of_schedules)
    if not only or "calendars-asked-for" in only:  # the office ends its run, so there must be one
        async with office(environment, _made(folder / "calendars"), keys=("holidays", "offsites")) as calendars:
            await record(calendars_asked_for, calendars)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        server = TemporalServer(Path(name))
        server.start()
        try:
            asyncio.run(
                asyncio.wait_for(_record_all(server.address, Path(name), set(sys.argv[1:])), _MOST.total_seconds())
            )
        finally:
            server.kill()
    sys.stdout.flush()
    # The SDK now and then aborts while an interpreter ends.
    os._exit(0)


_MOST = timedelta(minutes=5)


if __name__ == "__main__":
    main()
