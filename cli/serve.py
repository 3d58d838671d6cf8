"""The single processes: one api, one worker, and the one-time steps before them."""

import asyncio
import signal

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from storage.engine import Database

#: a worker that has just been started registers within seconds
_VERSION_PATIENCE_SECONDS = 60.0


def serve_api(role: str, host: str | None, port: int) -> None:
    """Serves until SIGTERM or Ctrl-C. Without ``host``: embedded on the loopback address, else on every address."""
    import uvicorn

    from api.app import create_app
    from cli.draining import draining_server

    settings = Settings()
    app = create_app(settings, role)
    config = uvicorn.Config(
        app,
        host=host or ("127.0.0.1" if settings.embedded else "0.0.0.0"),
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    # uvicorn sends itself the signal again when it has shut down; a stop that was asked for must end with code 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    server = draining_server(config, app.calls_on_the_line, settings.drain_seconds)
    server.run()
    if not server.started:
        raise SystemExit(1)


def run_worker() -> None:
    """Works until SIGTERM or Ctrl-C."""
    from worker.main import run

    run(Settings())


def upgrade_database() -> None:
    """Brings the database of the settings to the newest schema."""
    settings = Settings()
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    asyncio.run(_upgrade(Database(settings.database)))


async def _upgrade(database: Database) -> None:
    try:
        await database.upgrade()
    except (OSError, SQLAlchemyError) as error:
        address = make_url(database.url).render_as_string(hide_password=True)
        raise SystemExit(f"The database {address} could not be upgraded: {error}") from error
    finally:
        await database.close()


def set_up_temporal() -> None:
    """Registers our search attributes. Without them everything works, but the Temporal UI cannot search by them."""
    asyncio.run(_set_up_temporal(Settings()))


async def _set_up_temporal(settings: Settings) -> None:
    from temporal.client import connect, register_search_attributes

    try:
        client = await connect(settings)
    except RuntimeError as error:
        raise SystemExit(f"Temporal at {settings.temporal_address} cannot be reached: {error}") from error
    if not await register_search_attributes(client):
        raise SystemExit("Temporal refused the search attributes; calls and incidents run without them.")


def set_temporal_version() -> None:
    """Makes the build id of the settings the current version, waiting for its first worker up to a minute."""
    asyncio.run(_set_temporal_version(Settings()))


async def _set_temporal_version(settings: Settings) -> None:
    from temporalio.service import RPCError

    from temporal.client import connect
    from temporal.deployment import VersionUnknown, set_current_version

    if settings.build_id is None:
        raise SystemExit("DUTYLINE_BUILD_ID is not set: without it there are no versions, and workers take everything.")
    try:
        client = await connect(settings)
        await set_current_version(client, settings.build_id, _VERSION_PATIENCE_SECONDS)
    except VersionUnknown as reason:
        raise SystemExit(
            f"No worker with build id {settings.build_id} has registered. Start one, then try again. ({reason})"
        ) from None
    except (RPCError, RuntimeError) as error:
        raise SystemExit(f"Temporal at {settings.temporal_address} could not set the version: {error}") from error
    print(f"New calls and incidents go to build {settings.build_id}.")
