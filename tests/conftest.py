"""Fixtures for every ring: the servers. Everything else a test arranges itself."""

from tests.support.servers import (
    empty_postgres_url,
    postgres_cluster,
    postgres_url,
    quiet_temporal_server,
    temporal_server,
    time_skipping_env,
)

__all__ = [
    "empty_postgres_url",
    "postgres_cluster",
    "postgres_url",
    "quiet_temporal_server",
    "temporal_server",
    "time_skipping_env",
]
