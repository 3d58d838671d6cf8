"""``dutyline plan``, ``apply`` and ``export``: the configuration as files."""

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Configuration files; several are read as one.")]
Prune = Annotated[
    bool, typer.Option("--prune", help="Also delete what is missing in the sections that the files have.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]


def register(app: typer.Typer) -> None:
    app.command("plan")(plan)
    app.command("apply")(apply)
    app.command("export")(export)


def plan(files: Files, prune: Prune = False) -> None:
    """Print what applying the files would change. Exit code 0: nothing, 2: something, 1: it cannot be done."""
    from cli import config_files

    config_files.plan(files, prune=prune)


def apply(files: Files, prune: Prune = False) -> None:
    """Make the configuration equal to the files. All or nothing; sections that are not in the files stay."""
    from cli import config_files

    config_files.apply(files, prune=prune)


def export(output: Output = None) -> None:
    """Print the configuration as a file that can be applied again; secrets as ${NAME}."""
    from cli import config_files

    config_files.export(output)
