"""``python -m bench [schedule] [voice] [intake] [alert] [memory]``: everything without arguments, seven minutes."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Sequence
from pathlib import Path

from bench import alert, intake, machine, memory, schedule, voice
from bench.figures import Row, Verdict, table
from bench.provider import provider
from bench.system import whole_system
from cli.exit import run_and_leave

_SECTIONS = ("schedule", "voice", "intake", "alert", "memory")
#: these need the whole system; memory is looked at after the others, for it grows with work
_WHOLE = ("alert", "voice", "memory")


def main() -> None:
    """Exits with 0 whatever was measured: a missed target is a result."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Dutyline on this machine.")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"some of: {', '.join(_SECTIONS)}")
    parser.add_argument("--folder", type=Path, help="where the data is kept meanwhile; default: the temporary folder")
    asked = parser.parse_args()
    if unknown := set(asked.sections) - set(_SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(_SECTIONS)}")
    with tempfile.TemporaryDirectory(prefix="dutyline-bench-", dir=asked.folder) as folder:
        asyncio.run(_measure(Path(folder), asked.sections or _SECTIONS))


async def _measure(folder: Path, sections: Sequence[str]) -> None:
    for line in machine.describe(folder):
        print(line, flush=True)
    rows: list[Row] = []
    if "schedule" in sections:
        rows += schedule.measure()
    if "intake" in sections:
        rows += await _try("intake", intake.measure(_subfolder(folder, "intake")))
    if "voice" in sections:
        rows += await _try("voice without Temporal", voice.stateless(_subfolder(folder, "stateless")))
    if any(section in _WHOLE for section in sections):
        rows += await _try("the whole system", _measure_whole(_subfolder(folder, "whole"), sections))
    print(f"load      {machine.load_average()} when it ended\n\n{table(rows)}", flush=True)


async def _measure_whole(folder: Path, sections: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    async with provider() as sms, whole_system(folder, sms.url) as installation:
        if "alert" in sections:
            rows += await _try("alert", alert.measure(installation, sms))
        if "voice" in sections:
            rows += await _try("voice", voice.through_the_workflow(installation))
        if "memory" in sections:
            rows += memory.measure(installation)
    return rows


async def _try(name: str, section: Awaitable[list[Row]]) -> list[Row]:
    """A section that fails is said to have failed, and the others are still measured."""
    print(f"... {name}", file=sys.stderr, flush=True)
    try:
        return await section
    except Exception as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return [Row(name, f"{type(error).__name__}: {error}".splitlines()[0], "", Verdict.NOT_MEASURED)]


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


if __name__ == "__main__":
    run_and_leave(main)
