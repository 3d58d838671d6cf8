"""The servers that tests talk to, one of each per run. Where one is missing, see :mod:`tests.support.needs`."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from temporal.server import ServerNotFound, find_test_server
from tests.support.needs import missing
from tests.support.postgres import PostgresCluster
from tests.support.temporal_server import TemporalServer

#: Java starts slowly on a machine that is busy with other tests
_JVM_START = timedelta(seconds=60)


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """Temporal's development server, shared: leave it running. To freeze or kill one, start your own."""
    server = TemporalServer(tmp_path_factory.mktemp("temporal"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def quiet_temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A server of the module's own: on the shared one the workers of the stories' house would take its tasks."""
    server = TemporalServer(tmp_path_factory.mktemp("temporal"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def impatient_temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A server that asks runs to begin anew after a few dozen events."""
    folder = tmp_path_factory.mktemp("temporal")
    server = TemporalServer(folder, "limit.historyCount.suggestContinueAsNew=40")
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def time_skipping_env() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which hours take milliseconds. One clock for all: a test must not leave a workflow behind."""
    try:
        program = find_test_server()
    except ServerNotFound as reason:
        missing(str(reason))
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(program), test_server_startup_timeout=_JVM_START
    )
    yield environment
    await environment.shutdown()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A PostgreSQL of the run's own."""
    cluster = PostgresCluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """A database of the test's own, with today's schema."""
    url = postgres_cluster.new_database()
    yield url
    postgres_cluster.drop(url)


@pytest.fixture
def empty_postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """A database of the test's own, without any table."""
    url = postgres_cluster.new_empty_database()
    yield url
    postgres_cluster.drop(url)
