"""Runs the migrations on a connection that the caller owns: its transaction, its lock, its commit."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_FOLDER = Path(__file__).parent


def migration_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade_to_head(connection: Connection) -> None:
    command.upgrade(migration_config(connection), "head")


def downgrade_to_base(connection: Connection) -> None:
    command.downgrade(migration_config(connection), "base")
