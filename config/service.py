"""Reading and changing the configuration: what files, the API and the dashboard go through."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.compile import compile_directory
from config.concerned import concerned_schedules
from config.export import Exported, export_snapshot
from config.keys import Keyring
from config.loader import Document
from config.overrides import carried_out, new_overrides, notices_of, override_plan
from config.plan import Action, Change, Plan, make_plan, not_wanted
from config.preview import gaps_ahead
from config.resources import Body, Kind, User
from config.rotation_changes import PlannedChange, RotationChange, rotation_plan
from config.sealing import open_body, seal_body, unmasked_body
from config.snapshot import OverrideSource, Snapshot, StoredOverride, StoredResource, snapshot_of
from domain.commands import CommandKind
from domain.directory import Directory
from domain.notices import Notice
from storage import calendar_feeds, hotline_state, notices, outbox, verified_phones
from storage import resources as store
from storage.engine import Database
from storage.outbox import Command, Lane

#: fits every version of a resource that exists; versions begin at 1
ANY_VERSION = 0
_TRIES = 10
_READ_TRIES = 5
#: changing one of these means other calls than before: the hotline is pinned anew
_PINNED_BY = frozenset({"number", "provider", "auth_token"})


class UnknownResource(Exception):
    """There is no such resource or override."""


class VersionConflict(Exception):
    """The resource has changed since the caller looked. ``current`` is its version now, ``None`` when there is none."""

    def __init__(self, current: int | None) -> None:
        super().__init__("the resource was changed meanwhile; read it again and repeat the change")
        self.current = current


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ConfigService:
    """One per process. Every change is validated against the whole configuration at one version and written only when
    that version still holds, so two people never break each other's references.

    ``on_change`` is awaited after each change (the RouteBook's ``refresh``): what was written holds for the next call.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        on_change: Callable[[], Awaitable[object]] | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._on_change = on_change
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._directory: Directory | None = None

    async def version(self) -> int:
        async with self._database.read() as session:
            return await store.directory_version(session)

    async def snapshot(self) -> Snapshot:
        """The stored configuration, secrets in plain. Read again only when its version has changed."""
        async with self._database.read() as session:
            version = await store.directory_version(session)
        if self._snapshot is None or self._snapshot.version != version:
            self._snapshot = await self._read_snapshot()
        return self._snapshot

    async def directory(self) -> Directory:
        return self._compiled(await self.snapshot())

    async def list(self, kind: Kind) -> list[StoredResource]:
        """All of a kind by key, each as :meth:`get` gives it."""
        snapshot = await self.snapshot()
        return [_shown(snapshot, resource) for _, resource in sorted(snapshot.resources.get(kind, {}).items())]

    async def get(self, kind: Kind, key: str) -> StoredResource:
        """The resource in the shape of the file; a schedule with all its overrides. Secrets are in plain: mask them
        (``config.sealing.masked_body``) before showing. Raises :class:`UnknownResource`."""
        snapshot = await self.snapshot()
        stored = snapshot.get(kind, key)
        if stored is None:
            raise UnknownResource(f"there is no {kind}.{key}")
        return _shown(snapshot, stored)

    async def put(
        self, kind: Kind, key: str, body: object, if_match: int | None = None, actor: str | None = None
    ) -> StoredResource:
        """Create or replace. What ``body`` leaves out gets its default, except the token, and overrides: they stay, but
        those that a file made go when ``body`` lists overrides without them. A secret that is only its mask stays too.
        Whoever an override concerns is told, except the ``actor``.

        Raises :class:`InvalidResource`, and :class:`VersionConflict` when ``if_match`` is not the current version, or
        is ``ANY_VERSION`` and there is no such resource.
        """

        def plan(snapshot: Snapshot) -> Plan:
            stored = snapshot.get(kind, key)
            _match(stored, if_match)
            wanted = unmasked_body(body, stored.body) if stored is not None and isinstance(body, dict) else body
            return make_plan(snapshot, {kind: {key: wanted}}, source=OverrideSource.API)

        await self._carry_out(plan, actor)
        return await self.get(kind, key)

    async def delete(self, kind: Kind, key: str, if_match: int | None = None) -> None:
        """Raises :class:`InvalidResource`, which names those that refer to it, :class:`UnknownResource` and
        :class:`VersionConflict`."""

        def plan(snapshot: Snapshot) -> Plan:
            stored = snapshot.get(kind, key)
            if stored is None:
                raise UnknownResource(f"there is no {kind}.{key}")
            _match(stored, if_match)
            return make_plan(snapshot, {}, frozenset({(kind, key)}))

        await self._carry_out(plan)

    async def add_override(
        self, schedule: str, body: object, source: OverrideSource, actor: str | None = None
    ) -> StoredOverride:
        """The people involved are told, except the ``actor`` (a user's key; ``None`` when nobody knows who it was).

        Raises :class:`InvalidResource` (paths as if the override were the resource), :class:`UnknownResource`.
        """
        return (await self.add_overrides(schedule, lambda _directory: [body], source, actor))[0]

    async def add_overrides(
        self,
        schedule: str,
        bodies_for: Callable[[Directory], Sequence[object]],
        source: OverrideSource,
        actor: str | None = None,
    ) -> Sequence[StoredOverride]:
        """As :meth:`add_override`, all of them or none. ``bodies_for`` is asked with the very configuration that they
        are written to, again when somebody else wrote in between; what it raises comes through."""

        def plan(snapshot: Snapshot) -> Plan:
            stored = _schedule(snapshot, schedule)
            return override_plan(snapshot, stored, source, new=bodies_for(self._compiled(snapshot)))

        return await self._carry_out(plan, actor)

    async def change_rotation(
        self, schedule: str, layer: str, change: RotationChange, if_match: int | None = None
    ) -> tuple[StoredResource, Sequence[Body]]:
        """End the layer at a date and begin another there. Returns the schedule as it was written, and of its layers
        the one that ends and those that begin.

        Raises ``EditRefused``, :class:`InvalidResource` (paths as if the change were the resource),
        :class:`UnknownResource` and :class:`VersionConflict`.
        """
        before: list[Snapshot] = []
        planned: list[PlannedChange] = []

        def plan(snapshot: Snapshot) -> Plan:
            stored = _schedule(snapshot, schedule)
            _match(stored, if_match)
            before.append(snapshot)
            planned.append(rotation_plan(snapshot, stored, layer, change))
            return planned[-1].plan

        await self._carry_out(plan)
        # As it was written, whatever somebody else has made of it meanwhile.
        written = carried_out(before[-1], planned[-1].plan, ())
        stored = _shown(written, _schedule(written, schedule))
        return stored, [stored.body["layers"][position] for position in planned[-1].positions]

    async def delete_override(self, schedule: str, override_id: str, actor: str | None = None) -> None:
        """Whoever made it. The people involved are told, except the ``actor``. Raises :class:`UnknownResource`."""

        def plan(snapshot: Snapshot) -> Plan:
            stored = _schedule(snapshot, schedule)
            if all(override.id != override_id for override in snapshot.overrides_of(schedule)):
                raise UnknownResource(f"schedules.{schedule} has no override {override_id}")
            return override_plan(snapshot, stored, OverrideSource.API, gone=(override_id,))

        await self._carry_out(plan, actor)

    async def plan(self, document: Document, *, prune: bool = False) -> Plan:
        """What applying would change; the warnings name the coverage holes ahead, too.

        Raises :class:`InvalidResource`; ``document.locate`` finds the lines."""
        return _file_plan(await self.snapshot(), document, prune, self._clock())

    async def apply(self, document: Document, *, prune: bool = False) -> Plan:
        """Carry out what :meth:`plan` says, in one transaction, and return it."""
        plans: list[Plan] = []

        def plan(snapshot: Snapshot) -> Plan:
            plans.append(_file_plan(snapshot, document, prune, self._clock()))
            return plans[-1]

        await self._carry_out(plan)
        return plans[-1]

    async def export(self) -> Exported:
        return export_snapshot(await self.snapshot())

    def _compiled(self, snapshot: Snapshot) -> Directory:
        """The last one is kept: a change asks more than once for what it is based on."""
        directory = self._directory
        if directory is None or directory.version != snapshot.version:
            directory = self._directory = compile_directory(snapshot)
        return directory

    async def _read_snapshot(self) -> Snapshot:
        # PostgreSQL sees other people's commits between two statements, so the version is compared afterwards.
        for _ in range(_READ_TRIES):
            async with self._database.read() as session:
                version = await store.directory_version(session)
                rows = await store.all_resources(session)
                overrides = await store.all_overrides(session)
                if await store.directory_version(session) == version:
                    break
        known = set(Kind)
        return snapshot_of(
            version,
            (
                StoredResource(
                    Kind(row.kind), row.key, open_body(self._keyring, Kind(row.kind), row.key, row.body), row.version
                )
                for row in rows
                if row.kind in known
            ),
            (StoredOverride(row.id, row.schedule, row.body, row.source, row.created_at) for row in overrides),
        )

    async def _carry_out(
        self, plan_for: Callable[[Snapshot], Plan], actor: str | None = None
    ) -> Sequence[StoredOverride]:
        """Plan on the newest snapshot and write, again when somebody else wrote in between."""
        for _ in range(_TRIES):
            now = self._clock()
            # Beside the loop, where calls are answered, and before the transaction: SQLite has one writer.
            intent = await asyncio.to_thread(self._intent, await self.snapshot(), plan_for, actor, now)
            plan = intent.plan
            if not plan.changes:
                return []
            async with self._database.write() as session:
                if await store.lock_directory_version(session) != plan.version:
                    continue
                for change in plan.changes:
                    await self._write(session, plan, change, now)
                for override in intent.overrides:
                    await store.add_override(
                        session, override.id, override.schedule, override.body, override.source, override.created_at
                    )
                await notices.add(session, intent.notices, now)
                await _let_schedules_be_tended(session, intent.schedules, now)
                await store.set_directory_version(session, plan.version + 1)
            if self._on_change is not None:
                await self._on_change()
            return intent.overrides
        raise VersionConflict(None)

    def _intent(
        self, snapshot: Snapshot, plan_for: Callable[[Snapshot], Plan], actor: str | None, now: datetime
    ) -> "_Intent":
        plan = plan_for(snapshot)
        if not plan.changes:
            return _Intent(plan)
        overrides = tuple(new_overrides(plan, now))
        before, after = self._compiled(snapshot), compile_directory(carried_out(snapshot, plan, overrides))
        notices = tuple(notices_of(plan, before, after, overrides, actor, now))
        return _Intent(plan, overrides, notices, concerned_schedules(before, after))

    async def _write(self, session: AsyncSession, plan: Plan, change: Change, now: datetime) -> None:
        """Everything but new overrides."""
        kind, key = change.kind, change.key
        if change.action is Action.DELETE:
            await store.delete_resource(session, kind, key)
            if kind is Kind.SCHEDULES:
                await store.delete_overrides_of(session, key)
            if kind is Kind.HOTLINES:
                await store.delete_hotline_state(session, key)
            if kind is Kind.USERS:
                await verified_phones.forget(session, key)
                await calendar_feeds.revoke_all(session, key, now)
            return
        body = _with_token(change.body)
        sealed = seal_body(self._keyring, kind, key, body)
        await store.write_resource(session, kind, key, sealed, plan.version + 1, now)
        if kind is Kind.HOTLINES and _PINNED_BY.intersection(field.field for field in change.fields):
            await hotline_state.unpin(session, key)
        if kind is Kind.USERS:
            await verified_phones.forget(session, key, keep=User.model_validate(body).phone)
        await store.delete_overrides(session, *change.gone_overrides)


@dataclass(frozen=True, slots=True)
class _Intent:
    """What is going to be written."""

    plan: Plan
    overrides: Sequence[StoredOverride] = ()
    notices: Sequence[Notice] = ()
    #: those that the change concerns
    schedules: Collection[str] = ()


async def _let_schedules_be_tended(session: AsyncSession, schedules: Iterable[str], now: datetime) -> None:
    """Have each of the schedules looked at: people may have come or left by the change."""
    commands = (Command(CommandKind.TEND_SCHEDULE, key, {}, now, Lane.BULK) for key in sorted(schedules))
    await outbox.add(session, *commands)


def _shown(snapshot: Snapshot, stored: StoredResource) -> StoredResource:
    # A copy: callers may do with it what they like, the snapshot is shared.
    return StoredResource(stored.kind, stored.key, deepcopy(snapshot.shown_body(stored)), stored.version)


def _match(stored: StoredResource | None, if_match: int | None) -> None:
    current = None if stored is None else stored.version
    if if_match is not None and if_match != current and (if_match != ANY_VERSION or current is None):
        raise VersionConflict(current)


def _file_plan(snapshot: Snapshot, document: Document, prune: bool, now: datetime) -> Plan:
    deletions = not_wanted(snapshot, document.bodies) if prune else frozenset[tuple[Kind, str]]()
    plan = make_plan(snapshot, document.bodies, deletions)
    gaps = gaps_ahead(snapshot, plan, document.bodies.get(Kind.SCHEDULES, ()), now)
    return replace(plan, warnings=(*plan.warnings, *gaps))


def _with_token(body: Body) -> Body:
    if "token" in body and body["token"] is None:
        return {**body, "token": secrets.token_hex(16)}
    return body


def _schedule(snapshot: Snapshot, key: str) -> StoredResource:
    stored = snapshot.get(Kind.SCHEDULES, key)
    if stored is None:
        raise UnknownResource(f"there is no schedules.{key}")
    return stored
