"""Configuration texts to what comes of them."""

import re
import tempfile
from pathlib import Path

from config.loader import Document, load_files
from config.plan import Plan, make_plan
from config.problems import InvalidFiles, InvalidResource
from config.snapshot import Snapshot
from tests.config.example import ENVIRONMENT


def document_of(*texts: str | bytes, environment: dict[str, str] | None = None) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(texts):
            paths.append(Path(folder) / f"{'abc'[number]}.yaml")
            paths[-1].write_bytes(text.encode() if isinstance(text, str) else text)
        return load_files(paths, ENVIRONMENT if environment is None else environment)


def plan_of(text: str) -> Plan:
    return make_plan(Snapshot(), document_of(text).bodies)


def errors_of(*texts: str | bytes) -> list[str]:
    """Everything that is wrong with the files, each as ``a.yaml:<line>: …``; empty when they are accepted."""
    try:
        document = document_of(*texts)
    except InvalidFiles as invalid:
        return [_short(str(problem)) for problem in invalid.problems]
    try:
        make_plan(Snapshot(), document.bodies)
    except InvalidResource as invalid:
        return [_short(str(document.locate(problem))) for problem in invalid.problems]
    return []


def warnings_of(text: str) -> list[str]:
    document = document_of(text)
    return [_short(str(document.locate(problem))) for problem in make_plan(Snapshot(), document.bodies).warnings]


def _short(sentence: str) -> str:
    """Without the temporary folder."""
    return re.sub(r"/\S*/([abc]\.yaml)", r"\1", sentence)
