"""``dutyline ring``: one simulated call, printed as it happens."""

from pathlib import Path
from typing import Annotated, Literal

import typer

HotlineKey = Annotated[str, typer.Argument(metavar="HOTLINE", help="The key of the hotline, as in the configuration.")]
Caller = Annotated[str | None, typer.Option("--from", help="Who calls: a number such as +14155550116, or 'withheld'.")]
ScriptFile = Annotated[
    Path | None,
    typer.Option("--script", help="What happens on the call: a file, or the name of a script that comes along."),
]
Carrier = Annotated[
    Literal["twilio", "plivo"] | None, typer.Option(help="Speak as this carrier; default: the hotline's own.")
]
Speed = Annotated[float, typer.Option(min=0, help="Times as fast as life; 0 does not wait at all.")]
Url = Annotated[str | None, typer.Option(help="The address of the api; default: the one of the settings.")]


def register(app: typer.Typer) -> None:
    app.command("ring")(ring)


def ring(
    hotline: HotlineKey,
    caller: Caller = None,
    script: ScriptFile = None,
    carrier: Carrier = None,
    speed: Speed = 1.0,
    url: Url = None,
) -> None:
    """Ring a hotline with a simulated caller and simulated phones, and print what happens. No carrier is needed."""
    from cli.simulated_call import CannotRing, RingOptions, ring_hotline

    options = RingOptions(hotline, caller, script, carrier, speed or None, url)
    try:
        ring_hotline(options)
    except CannotRing as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(1) from None
