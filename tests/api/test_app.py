"""The api process, put together from its settings."""

from pathlib import Path

import httpx2

from api.app import create_app
from config.keys import Keyring, Purpose
from config.loader import load_files
from config.service import ConfigService
from config.settings import Settings
from storage.engine import Database
from tests.config.example import ENVIRONMENT, EXAMPLE


async def _configure(settings: Settings, folder: Path) -> None:
    file = folder / "example.yaml"
    file.write_text(EXAMPLE)
    database = Database(settings.database)
    await database.upgrade()
    await ConfigService(database, Keyring(settings.secret_keys(), Purpose.SECRETS)).apply(
        load_files([file], ENVIRONMENT)
    )
    await database.close()


async def test_operators_limit_of_events_holds_for_each_integration(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, secret_key=["a key"], temporal_address="127.0.0.1:1", push_events_per_minute=2
    )
    await _configure(settings, tmp_path)
    front = create_app(settings, "intake")

    async with (
        front.app.router.lifespan_context(front.app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=front), base_url="http://127.0.0.1") as sender,
    ):
        answers = [await sender.post("/demo-payments/push-events", json={"title": "x"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
