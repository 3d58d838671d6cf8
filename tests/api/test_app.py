"""The api process, put together from its settings."""

from pathlib import Path

import httpx2
import pytest

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


@pytest.mark.parametrize(
    ("role", "knows_the_door"), [("all", True), ("intake", True), ("voice", False), ("app", False)]
)
async def test_webhooks_of_incident_io_are_for_the_intake_role(tmp_path: Path, role: str, knows_the_door: bool) -> None:
    settings = Settings(data_dir=tmp_path, secret_key=["a key"], temporal_address="127.0.0.1:1")
    await _configure(settings, tmp_path)
    front = create_app(settings, role)

    async with (
        front.app.router.lifespan_context(front.app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=front), base_url="http://127.0.0.1") as sender,
    ):
        answer = await sender.post("/hooks/incident-io/nobody", json={})

    assert answer.status_code == 404
    assert ("No integration has this token." in answer.text) is knows_the_door
