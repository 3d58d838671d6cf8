"""Fixtures for every ring: the servers. Everything else a test arranges itself."""

from hypothesis import settings

from tests.support.servers import (
    empty_postgres_url,
    impatient_temporal_server,
    postgres_cluster,
    postgres_url,
    quiet_temporal_server,
    temporal_server,
    time_skipping_env,
)

__all__ = [
    "empty_postgres_url",
    "impatient_temporal_server",
    "postgres_cluster",
    "postgres_url",
    "quiet_temporal_server",
    "temporal_server",
    "time_skipping_env",
]

# How fast a machine is says nothing of the code.
settings.register_profile("dutyline", deadline=None)
settings.load_profile("dutyline")
