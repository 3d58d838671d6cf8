"""What a worker process is made of: the stores, the clients, the activities, and the loops beside the queues."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client

from activities.calendars import CalendarActivities
from activities.calls import CallActivities
from activities.delivery import DeliveryActivities
from activities.incidents import IncidentActivities
from activities.links import Links
from activities.notices import NoticeActivities
from activities.recordings import RecordingActivities
from activities.schedules import ScheduleActivities
from channels.egress import guarded_client
from channels.outward import TIMEOUT_SECONDS
from channels.registry import ChannelRegistry, Rooms, make_registry
from config.keys import Purpose
from config.route_book import RouteBook
from config.service import ConfigService
from config.settings import Settings
from domain.directory import Directory
from intake.own_reports import lost_runs_report
from intake.processor import Processor
from storage.engine import Database
from storage.journal import open_journal
from storage.recordings import RecordingStore
from telephony.rest_exchange import make_client
from temporal.calendar_watch import CalendarWatch
from temporal.dispatcher import Dispatcher
from temporal.door import Door
from temporal.reconciler import Reconciler

Activity = Callable[..., Any]


class Parts:
    """Made without touching database or Temporal, so that a worker starts while they are away.

    ``client`` may be a lazy one: the dispatcher and the reconciler speak to Temporal through it.
    """

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._database = Database(settings.database)
        self._journal = open_journal(self._database)
        self._config = ConfigService(self._database, settings.keyring(Purpose.SECRETS))
        self._route_book = RouteBook(
            self._database, self._config, settings.keyring(Purpose.ROUTE_BOOK), settings.data_dir / "route-book"
        )
        self._http = make_client()
        self._outward = guarded_client(settings.egress_allow, timeout_seconds=TIMEOUT_SECONDS)
        self.door = Door(client)
        self._dispatcher = Dispatcher(self._database, self.door)
        self._reconciler = Reconciler(self._database, self.door, on_lost_runs=self._report_lost_runs)
        self._processor = Processor(
            self._database,
            self._journal,
            lambda: self._route_book.directory,
            self._route_book.refresh,
            on_commands=self._dispatcher.poke,
        )
        self._calls = CallActivities(self._database, self._journal, settings.public_url)
        self._recordings = RecordingActivities(
            self._database,
            RecordingStore.at(settings.recordings_url or settings.data_dir / "recordings"),
            self._http,
            self._config.directory,
            settings.keyring(Purpose.SECRETS),
        )
        self._calendar_watch = CalendarWatch(self._database, self._config, self.door)
        self._calendars = CalendarActivities(self._database, self._outward, self._config.directory)
        self._incidents = IncidentActivities(self._database, self._config.directory)
        links = Links(settings.public_url, settings.keyring(Purpose.LINKS))
        self._delivery = DeliveryActivities(self._database, self._config.directory, self._channels, links)
        self._schedules = ScheduleActivities(self._database, self._config.directory, links)
        self._notices = NoticeActivities(self._database, self._config.directory, self._channels, self._outward, links)

    async def _report_lost_runs(self, count: int) -> None:
        await self._journal.append(lost_runs_report(count, self._route_book.directory, datetime.now(UTC)))

    def call_activities(self) -> Sequence[Activity]:
        return (self._calls.save_call, self._calls.hand_in_call, self._calls.announce_call)

    def incident_activities(self) -> Sequence[Activity]:
        return (
            self._recordings.note_recording,
            self._recordings.fetch_recording,
            self._recordings.give_up_recording,
            self._incidents.tend_incident,
            self._delivery.deliver_alert,
            self._calendars.list_calendars,
            self._calendars.refresh_calendar,
            self._schedules.tend_schedule,
            self._notices.deliver_notice,
        )

    def loops(self, stop: asyncio.Event) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs beside the queues; each goes on by itself when what it needs returns."""
        return [
            ("route book", self._route_book.run(stop)),
            ("intake", self._process()),
            ("dispatcher", self._dispatcher.run(stop)),
            ("reconciler", self._reconciler.run(stop)),
            ("calendars", self._calendar_watch.run(stop)),
        ]

    async def close(self) -> None:
        await self._http.aclose()
        await self._outward.aclose()
        await self._journal.close()
        await self._database.close()

    async def _process(self) -> None:
        # Without a configuration every event would look like one for an integration that is gone.
        await self._route_book.loaded.wait()
        await self._processor.run()

    def _channels(self, directory: Directory) -> ChannelRegistry:
        settings = self._settings
        rooms = Rooms(self._outward, directory.rooms.values())
        return make_registry(self._http, directory.carriers, settings.smtp_url, settings.smtp_from, rooms)
