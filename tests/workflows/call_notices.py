"""A hotline that tells of its calls: the call desk, and beside it a worker that sends; only the network is not real."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.links import Links
from activities.notices import NoticeActivities
from channels.registry import ChannelRegistry, Rooms, make_registry
from config.keys import Keyring, Purpose
from domain.directory import Directory, NotifyTarget, Room
from domain.ids import call_id
from domain.notices import call_topic
from storage import notices
from storage.notice_tables import NoticeRow
from tests.support.fake_carrier import FakeCarrier
from tests.workflows.calls import KEYRING, Desk, Line, idle_desk
from tests.workflows.schedules import TWILIO, accepting
from worker.queues import Activity
from workflows.policies import INCIDENTS_QUEUE

ROOM = NotifyTarget("slack", "#hotline")
TEXT = NotifyTarget("sms", "+15550100002")
_HOTLINE_ROOM = Room("hotline", "slack", "#hotline", "https://hooks.slack.example/services/2")


@dataclass
class Newsroom:
    """``web`` and ``carrier`` say what went out."""

    duty: Desk
    web: FakeCarrier
    carrier: FakeCarrier

    async def ended_call(self, *targets: NotifyTarget) -> Line:
        """A call that the caller has left, on a hotline that tells these."""
        line = self.duty.line(notify=targets)
        await line.begin()
        await line.hang_up()
        return line

    async def notices(self, line: Line) -> list[NoticeRow]:
        topic = call_topic(call_id(line.plan.provider, line.provider_call_id))
        async with self.duty.database.read() as session:
            return list((await notices.of_topic(session, topic, limit=200)).items)

    async def states(self, line: Line) -> list[str]:
        return sorted(f"{row.channel} {row.state}" for row in await self.notices(line))

    async def pass_time(self, **time: float) -> None:
        await self.duty.environment.sleep(timedelta(**time))


@asynccontextmanager
async def newsroom(
    environment: WorkflowEnvironment,
    folder: Path,
    *,
    web: FakeCarrier | None = None,
    carrier: FakeCarrier | None = None,
    keyring: Keyring | None = KEYRING,
    of_calls: Sequence[Activity] | None = None,
    delivering: Callable[[Desk, NoticeActivities], Activity] = lambda _, ours: ours.deliver_notice,
) -> AsyncIterator[Newsroom]:
    """At work on a server; no call may be left open at the end on the time-skipping one. ``of_calls`` and what
    ``delivering`` makes take the place of our own activities."""
    web, carrier = web or accepting(200), carrier or accepting()
    async with idle_desk(environment, folder, keyring) as duty, web.client() as rooms, carrier.client() as carriers:
        deliver = delivering(duty, _sender(duty, rooms, carriers))
        async with (
            duty.at_work(of_calls),
            Worker(
                duty.client,
                task_queue=INCIDENTS_QUEUE,
                activities=[deliver],
                graceful_shutdown_timeout=timedelta(seconds=1),
            ),
        ):
            yield Newsroom(duty, web, carrier)


def _sender(duty: Desk, web: httpx2.AsyncClient, carrier: httpx2.AsyncClient) -> NoticeActivities:
    async def directory() -> Directory:
        return Directory(carriers={"twilio": TWILIO}, rooms={"hotline": _HOTLINE_ROOM})

    def channels(found: Directory) -> ChannelRegistry:
        return make_registry(carrier, found.carriers, None, "", Rooms(web, found.rooms.values()))

    links = Links("https://duty.example", Keyring(["a-test-key"], Purpose.LINKS))
    return NoticeActivities(duty.database, directory, channels, web, links)
