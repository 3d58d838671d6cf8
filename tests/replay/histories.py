"""Recorded histories as files: free of everything that names the machine they were recorded on."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

FOLDER = Path(__file__).parents[1] / "histories"
_OF_THE_MACHINE = frozenset({"identity", "stackTrace", "workerInstanceKey"})


def write(name: str, history: WorkflowHistory) -> None:
    FOLDER.mkdir(exist_ok=True)
    document = _without_machine(json.loads(history.to_json()))
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return loaded


def read(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, document(name))


def workflow_type(name: str) -> str:
    started = document(name)["events"][0]["workflowExecutionStartedEventAttributes"]
    found: str = started["workflowType"]["name"]
    return found


def texts(node: Any) -> Iterator[str]:
    """Everything in a history that can be read, the contents of its payloads included."""
    match node:
        case {"data": str(data), "metadata": dict()}:
            yield base64.b64decode(data).decode(errors="replace")
        case dict():
            for value in node.values():
                yield from texts(value)
        case list():
            for value in node:
                yield from texts(value)
        case str():
            yield node


def _without_machine(node: Any) -> Any:
    match node:
        case {"data": str(data), "metadata": {"encoding": str(encoding)}} if _is_json(encoding):
            content = json.loads(base64.b64decode(data))
            if not isinstance(content, dict) or "stack_trace" not in content:
                return node
            # A failure, whose message stands in a payload too; the trace names files of the machine.
            cleaned = json.dumps(content | {"stack_trace": ""}, ensure_ascii=False)
            return node | {"data": base64.b64encode(cleaned.encode()).decode()}
        case {"name": str(), "normalName": str(queue)}:
            # A sticky queue is named after a worker's process.
            return {**node, "name": queue}
        case dict():
            return {key: _without_machine(value) for key, value in node.items() if key not in _OF_THE_MACHINE}
        case list():
            return [_without_machine(value) for value in node]
        case _:
            return node


def _is_json(encoding: str) -> bool:
    return base64.b64decode(encoding).startswith(b"json/")


def phone_numbers(text: str) -> set[str]:
    return set(re.findall(r"\+\d{8,15}", text))
