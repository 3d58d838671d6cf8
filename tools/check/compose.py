"""``docker-compose.yml`` against the Compose Specification's own JSON schema.

The schema is not ours to keep: it comes with the Go module that is Compose's reference implementation, by Go's ordinary
client, whose checksum database vouches for it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
from ruamel.yaml import YAML

from tools.check.problems import Problem

_MODULE = "github.com/compose-spec/compose-go/v2@v2.16.2"
_FETCH_SECONDS = 120


class SchemaUnavailable(Exception):
    """The schema cannot be had on this machine; the message says why."""


def compose_file_is_valid(root: Path) -> Iterator[Problem]:
    """Raises :class:`SchemaUnavailable`."""
    yield from validate(root / "docker-compose.yml", schema())


def schema() -> dict[str, object]:
    """The Compose Specification's schema. Raises :class:`SchemaUnavailable`."""
    if (go := shutil.which("go")) is None:
        raise SchemaUnavailable("Go is not installed; it fetches the schema of compose files")
    try:
        # Outside any module, so that nothing of a surrounding go.mod is read.
        done = subprocess.run(
            [go, "mod", "download", "-json", _MODULE],
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=True,
            cwd="/",
            env={**os.environ, "GOFLAGS": "-mod=mod"},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise SchemaUnavailable(f"the schema of compose files could not be fetched: {error}") from error
    folder = Path(json.loads(done.stdout)["Dir"])
    loaded: dict[str, object] = json.loads((folder / "schema" / "compose-spec.json").read_text())
    return loaded


def validate(path: Path, compose_schema: dict[str, object]) -> Iterator[Problem]:
    """What the schema does not allow, each with the place in the file."""
    document = YAML(typ="safe").load(path)
    validator = jsonschema.validators.validator_for(compose_schema)(compose_schema)
    for error in sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path))):
        place = ".".join(str(part) for part in error.path) or "the file"
        yield Problem(Path(path.name), 0, f"{place}: {error.message}")
