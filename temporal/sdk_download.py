"""``python -m temporal.sdk_download dev-server|test-server FOLDER``: has the Temporal SDK download a server.

The SDK downloads when it starts one, so this starts it and stops it again. A process of its own, because the SDK now
and then aborts while an interpreter ends.
"""

import asyncio
import os
import sys

from temporalio.testing import WorkflowEnvironment


async def _download(kind: str, folder: str) -> None:
    if kind == "dev-server":
        environment = await WorkflowEnvironment.start_local(download_dest_dir=folder)
    else:
        environment = await WorkflowEnvironment.start_time_skipping(download_dest_dir=folder)
    await environment.shutdown()


def main() -> None:
    try:
        asyncio.run(_download(*sys.argv[1:3]))
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
