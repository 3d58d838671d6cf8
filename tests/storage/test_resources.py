"""The configuration as it is stored: overrides that are over are forgotten."""

import pytest

from storage import resources
from storage.engine import Database
from tests.storage.records import at


@pytest.fixture
async def stored(database: Database) -> Database:
    """Two overrides of the API and one of a file, at version 7."""
    async with database.write() as session:
        for override_id, source in (("ovr_1", "api"), ("ovr_2", "api"), ("ovr_file", "file")):
            await resources.add_override(session, override_id, "primary", {}, source, at(0))
        await resources.lock_directory_version(session)
        await resources.set_directory_version(session, 7)
    return database


async def _trim(database: Database, *override_ids: str) -> tuple[list[str], int]:
    """What is left, and the version."""
    async with database.write() as session:
        await resources.trim_overrides(session, override_ids, keep_source="file")
    async with database.read() as session:
        left = [row.id for row in await resources.all_overrides(session)]
        return left, await resources.directory_version(session)


async def test_forgetting_overrides_is_a_change_of_the_configuration(stored: Database) -> None:
    assert await _trim(stored, "ovr_1") == (["ovr_2", "ovr_file"], 8)


async def test_overrides_of_files_stay_for_the_file_would_bring_them_back(stored: Database) -> None:
    assert await _trim(stored, "ovr_1", "ovr_file") == (["ovr_2", "ovr_file"], 8)


async def test_when_nothing_is_forgotten_the_version_stays(stored: Database) -> None:
    assert await _trim(stored, "ovr_file", "ovr_of_old") == (["ovr_1", "ovr_2", "ovr_file"], 7)
