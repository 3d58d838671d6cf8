"""The ``dutyline`` command. Each command imports what it needs when it runs, so that the help is quick."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import configuration, import_schedules, inspect, installation, ring
from cli.exit import end_with_parent, run_and_leave

app = typer.Typer(
    name="dutyline",
    help="A phone number that reaches whoever is on call, and an incident engine that does not let go.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
database = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(database, name="db")
temporal = typer.Typer(help="The Temporal server.", no_args_is_help=True)
app.add_typer(temporal, name="temporal")

#: these are told everything by their environment; the others ask the installation in the data folder
_PROCESSES = {"up", "api", "worker"}


@app.callback()
def _before_every_command(context: typer.Context) -> None:
    if context.invoked_subcommand != "up":
        end_with_parent()
    if context.invoked_subcommand not in _PROCESSES:
        installation.adopt()


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Add example data and the simulated carrier.")] = False,
    config: Annotated[Path | None, typer.Option(help="Apply this configuration file at the start.")] = None,
    data_dir: Annotated[
        Path, typer.Option(envvar=installation.DATA_DIR_VARIABLE, help="Where everything is kept.")
    ] = installation.DEFAULT_DATA_DIR,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port of the api and the dashboard.")] = 8080,
) -> None:
    """Run the whole system on this machine: database, Temporal, worker and api."""
    # Another program in this process, for it stays as long as the installation, and what reads the command line is
    # larger than all the rest of it.
    arguments = [str(data_dir), str(port), str(int(demo)), *([str(config)] if config else [])]
    os.execv(sys.executable, [sys.executable, "-P", "-m", "cli.up", *arguments])  # noqa: S606 (it needs no shell)


@app.command()
def api(
    role: Annotated[Literal["all", "voice", "intake", "app"], typer.Option(help="Which addresses it serves.")] = "all",
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8080,
) -> None:
    """Run one api process."""
    from cli.serve import serve_api

    serve_api(role, host, port)


@app.command()
def worker() -> None:
    """Run one worker process."""
    from cli.serve import run_worker

    run_worker()


@database.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the newest schema."""
    from cli.serve import upgrade_database

    upgrade_database()


@temporal.command("setup")
def set_up_temporal() -> None:
    """Register the search attributes by which the Temporal UI finds calls and incidents."""
    from cli.serve import set_up_temporal

    set_up_temporal()


@temporal.command("set-version")
def set_temporal_version() -> None:
    """Give new calls and incidents to the workers with this build id (DUTYLINE_BUILD_ID), once one of them runs."""
    from cli.serve import set_temporal_version

    set_temporal_version()


@app.command(hidden=True)
def welcome() -> None:
    """Print the addresses of a running installation, and what to try."""
    from cli.screen import print_screen

    print_screen()


configuration.register(app)
import_schedules.register(app)
inspect.register(app)
ring.register(app)


def run() -> None:
    """The console script."""
    run_and_leave(app)


if __name__ == "__main__":
    run()
