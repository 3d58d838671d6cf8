"""Running the generator beside the measurement."""

import asyncio
import json
import os
import sys

from bench.generator import Load
from bench.system import inherited_cores


async def push_events(
    port: int, *, connections: int, events: int = 0, seconds: int = 0, cores: set[int] | None = None
) -> Load:
    """``events`` in all, or for ``seconds``, as fast as they are accepted, from a process of its own."""
    arguments = [str(number) for number in (port, events, seconds, connections)]
    with inherited_cores(cores):
        running = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.generator", *arguments, stdout=asyncio.subprocess.PIPE, env=os.environ
        )
    try:
        output, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if running.returncode != 0:
        raise RuntimeError("the generator failed")
    return Load(**json.loads(output))
