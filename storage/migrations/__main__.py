"""Writes the next revision from what the tables say: ``python -m storage.migrations "what changes"``.

Works against a throw-away SQLite file at the newest revision. What autogenerate cannot see (the journal on PostgreSQL,
moved data) is added by hand; a test compares tables and revisions on both databases.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from storage.migrations.runner import migration_config, upgrade_to_head


def main(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'newest.db'}")
        with engine.begin() as connection:
            upgrade_to_head(connection)
        with engine.begin() as connection:
            command.revision(migration_config(connection), message=message, autogenerate=True)
        engine.dispose()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
