"""Probes: alive, ready, and what is counted."""

from tests.api.house import House


async def test_living_process_is_healthy(house: House) -> None:
    assert (await house.client().get("/healthz")).status_code == 200


async def test_process_is_ready_once_it_knows_the_configuration(house: House) -> None:
    probe = house.client()

    before = await probe.get("/readyz")
    await house.services.route_book.refresh()
    after = await probe.get("/readyz")

    assert (before.status_code, before.json()["ready"]) == (503, False)
    assert "route_book" in before.json()["parts"]
    assert (after.status_code, after.json()) == (200, {"ready": True, "parts": {"database": "ok", "route_book": "ok"}})


async def test_readiness_names_the_part_that_cannot(house: House) -> None:
    await house.services.route_book.refresh()
    await house.services.database.close()
    house.services.settings.data_dir.joinpath("dutyline.db").write_bytes(b"no database")

    answer = await house.client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["parts"]["route_book"] == "ok"
    assert answer.json()["parts"]["database"].startswith("It cannot be used")


async def test_metrics_are_in_the_format_of_prometheus(house: House) -> None:
    answer = await house.client().get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "dutyline_live_calls" in answer.text or "python_info" in answer.text
