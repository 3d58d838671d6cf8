"""What a running ``dutyline up`` tells the commands that are typed beside it: its addresses, in the data folder.

So ``dutyline ring`` and ``dutyline apply`` need no setting in the next terminal, whatever port was free.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

DATA_DIR_VARIABLE = "DUTYLINE_DATA_DIR"
DEFAULT_DATA_DIR = Path("data")


def data_dir() -> Path:
    """The folder of this installation: ``DUTYLINE_DATA_DIR``, else ``data`` where the command is typed."""
    return Path(os.environ.get(DATA_DIR_VARIABLE) or DEFAULT_DATA_DIR)


def announce(folder: Path, environment: Mapping[str, str]) -> None:
    """Writes down the environment of the processes that ``dutyline up`` starts. It holds addresses, no secrets."""
    path = _path(folder)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(dict(environment), indent=2) + "\n")
    beside.replace(path)


def adopt() -> None:
    """Takes over what the installation in the data folder announced. What is set in the environment stays as it is."""
    try:
        announced = json.loads(_path(data_dir()).read_text())
    except (FileNotFoundError, ValueError):
        return
    for name, value in announced.items():
        os.environ.setdefault(name, value)


def _path(folder: Path) -> Path:
    return folder / "installation.json"
