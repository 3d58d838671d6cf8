"""Bringing recordings under our roof: fetched with the carrier's credentials, measured, hashed, and kept."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
from temporalio import activity
from temporalio.exceptions import ApplicationError

from config.keys import Keyring
from domain.call_messages import FetchRecording
from domain.delivery import Refused, TryLater
from domain.directory import CarrierAccount, Directory
from domain.events import RecordingKind
from domain.ids import derived_id
from storage import calls
from storage.call_recordings import RecordingRecord, RecordingState, upsert_recording
from storage.engine import Database
from storage.recordings import RecordingStore
from telephony.rest import carrier_rest

Directories = Callable[[], Awaitable[Directory]]

_EXTENSIONS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav"}
_NOT_HAD = {"needs_credentials": RecordingState.NEEDS_CREDENTIALS}


class RecordingActivities:
    def __init__(
        self,
        database: Database,
        store: RecordingStore,
        client: httpx2.AsyncClient,
        directory: Directories,
        keyring: Keyring,
    ) -> None:
        self._database = database
        self._store = store
        self._client = client
        self._directory = directory
        self._keyring = keyring

    @activity.defn(name="note_recording")
    async def note_recording(self, request: FetchRecording) -> None:
        """Show that there is a recording, or that the carrier says there is none.

        Idempotency: (provider, reference). Time-out 10 s; retried until the database takes it.
        """
        await self._write(self._record(request, RecordingState.ABSENT if request.absent else RecordingState.PENDING))

    @activity.defn(name="fetch_recording")
    async def fetch_recording(self, request: FetchRecording) -> str:
        """Fetch and store the audio; the resulting state.

        Idempotency: (provider, reference); fetched again, the same object is overwritten. Time-out 5 min; retried with
        back-off for about an hour while the file is not ready, not at all when the carrier refuses. For want of
        credentials the workflow asks again.
        """
        if not await self._is_wanted(request):
            return await self._settle(request, RecordingState.DISCARDED)
        if request.absent or request.url is None:
            return RecordingState.ABSENT
        account = account_for(await self._directory(), request)
        try:
            return await self._fetch(request, request.url, account)
        except Refused as refusal:
            return await self._settle(request, _NOT_HAD.get(refusal.code, RecordingState.GONE))
        except TryLater as error:
            raise ApplicationError(str(error), type="TryLater") from error

    @activity.defn(name="give_up_recording")
    async def give_up_recording(self, request: FetchRecording) -> None:
        """Write down that the recording could not be had.

        Idempotency: (provider, reference). Time-out 10 s; retried until the database takes it.
        """
        await self._settle(request, RecordingState.GONE)

    async def _is_wanted(self, request: FetchRecording) -> bool:
        """A recording of an attempt that nobody accepted is not kept. Decided by the finished log."""
        if request.recording is RecordingKind.VOICEMAIL:
            return True
        async with self._database.read() as session:
            row = await calls.get(session, request.call_id)
        if row is None or row.outcome is None:
            raise ApplicationError("the call's log is not complete yet", type="TryLater")
        if request.order is None:
            return row.outcome == "answered"
        return any(
            attempt["order"] == request.order and attempt["outcome"] == "answered" for attempt in row.body["attempts"]
        )

    async def _fetch(self, request: FetchRecording, url: str, account: CarrierAccount | None) -> str:
        rest = carrier_rest(request.provider, self._client)
        record = self._record(request, RecordingState.STORED)
        async with rest.fetch_recording(url, account) as stream:
            extension = _EXTENSIONS.get(stream.content_type.partition(";")[0].strip().lower(), "audio")
            key = f"{request.call_id}/{record.id}.{extension}"
            stored = await self._store.put(key, stream.chunks)
        kept = await self._write(
            replace(record, object_key=key, length=stored.length, sha256=stored.sha256, stored_at=datetime.now(UTC))
        )
        if not kept:
            await self._store.delete(key)
            return RecordingState.GONE
        return RecordingState.STORED

    async def _settle(self, request: FetchRecording, state: RecordingState) -> str:
        """The state, written down; ``gone`` when the call was deleted meanwhile, for then nothing is left to do."""
        kept = await self._write(self._record(request, state))
        return state if kept else RecordingState.GONE

    async def _write(self, record: RecordingRecord) -> bool:
        async with self._database.write() as session:
            return await upsert_recording(session, record)

    def _record(self, request: FetchRecording, state: RecordingState) -> RecordingRecord:
        sealed = self._keyring.seal_text(request.url.encode(), request.reference) if request.url else None
        return RecordingRecord(
            id=derived_id("rec", request.provider, request.reference),
            call_id=request.call_id,
            kind=request.recording,
            provider=request.provider,
            reference=request.reference,
            state=state,
            created_at=datetime.now(UTC),
            seconds=request.seconds,
            source_url=sealed,
        )


def account_for(directory: Directory, request: FetchRecording) -> CarrierAccount | None:
    """The account that sent the webhook; else the hotline's own; never one of another provider."""
    accounts = [account for account in directory.carriers.values() if account.provider is request.provider]
    for account in accounts:
        if account.account_id == request.account:
            return account
    hotline = directory.hotlines.get(request.hotline)
    named = directory.carriers.get(hotline.carrier) if hotline is not None and hotline.carrier else None
    if named is not None and named.provider is request.provider:
        return named
    return accounts[0] if len(accounts) == 1 and request.account is None else None
