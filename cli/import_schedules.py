"""``dutyline import``: another tool's export files to a configuration file of ours. Offline, and nothing is applied."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from config.importers.draft import Imported
    from config.importers.source import ExportFile

ToolName = Annotated[
    Literal["pagerduty", "opsgenie", "grafana-oncall"], typer.Argument(help="The tool that made the export.")
]
Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Export files in JSON, or folders with them.")]
Output = Annotated[Path | None, typer.Option("--out", help="Write the configuration here, not to standard output.")]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write the report here, not to standard error.")]


def register(app: typer.Typer) -> None:
    app.command("import")(import_schedules)


def import_schedules(tool: ToolName, files: Files, out: Output = None, report: ReportFile = None) -> None:
    """Make a configuration file from the users and schedules that another tool exported, and a report about it.

    Nothing is sent anywhere, and nothing is applied. Exit code 0: it was made, 1: it cannot be done.
    """
    from config.importers.source import UnreadableExport, read_exports

    try:
        imported = _converter(tool)(read_exports(files), datetime.now(UTC))
        if out is not None:
            out.write_text(imported.text, encoding="utf-8")
        if report is not None:
            report.write_text(imported.report, encoding="utf-8")
    except UnreadableExport as error:
        raise _failed(str(error)) from None
    except OSError as error:
        raise _failed(f"{error.filename}: the file cannot be written: {error.strerror}.") from None
    if out is None:
        typer.echo(imported.text, nl=False)
    if report is None:
        typer.echo(imported.report, nl=False, err=True)


def _converter(tool: str) -> "Callable[[Sequence[ExportFile], datetime], Imported]":
    from config.importers import grafana_oncall, opsgenie, pagerduty
    from config.importers.source import Tool

    converters = {
        Tool.PAGERDUTY: pagerduty.convert,
        Tool.OPSGENIE: opsgenie.convert,
        Tool.GRAFANA_ONCALL: grafana_oncall.convert,
    }
    return converters[Tool(tool)]


def _failed(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)
