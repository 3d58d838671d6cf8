"""Rules over Python sources, each a function from a parsed file to what is wrong in it."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.check.problems import Problem

MAX_LINES = 450
_OUR_FOLDERS = (
    "activities", "api", "bench", "channels", "cli", "config", "domain", "intake", "storage", "telephony", "temporal",
    "tests", "tools", "worker", "workflows",
)  # fmt: skip

# An allow-list, for the list of what can do I/O has no end.
_PURE = frozenset(
    {
        "__future__", "abc", "base64", "bisect", "calendar", "collections", "contextlib", "dataclasses", "datetime",
        "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html", "itertools", "json", "math",
        "operator", "re", "string", "struct", "textwrap", "types", "typing", "unicodedata", "urllib.parse", "zlib",
        "zoneinfo", "domain", "phonenumbers", "whenever",
    }
)  # fmt: skip
_PURE_IN_WORKFLOWS = _PURE | {"asyncio", "temporalio", "workflows"}
_IMPURE_BUILTINS = frozenset({"open", "print", "input", "exec", "eval", "__import__", "breakpoint"})
_CLOCKS = frozenset({"now", "utcnow", "today"})

_ACTIVITY_CALLS = frozenset(
    f"{verb}_{kind}"
    for verb in ("execute", "start")
    for kind in ("activity", "activity_method", "activity_class", "local_activity", "local_activity_method")
)
_TIME_OUTS = frozenset({"start_to_close_timeout", "schedule_to_close_timeout"})
_NAMED_DECORATORS = frozenset(
    {"workflow.defn", "workflow.signal", "workflow.update", "workflow.query", "activity.defn"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file; ``path`` is relative to the root."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        return self.path.parts[0]


Rule = Callable[[Source], Iterator[Problem]]


def our_sources(root: Path) -> Iterator[Source]:
    for folder in _OUR_FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text()
            yield Source(path.relative_to(root), text, ast.parse(text))


def pure_folders_do_no_io(source: Source) -> Iterator[Problem]:
    """``domain`` and ``workflows`` import nothing that could do I/O, and ask no clock but the workflow's."""
    if source.folder not in {"domain", "workflows"}:
        return
    allowed = _PURE if source.folder == "domain" else _PURE_IN_WORKFLOWS
    for node in ast.walk(source.tree):
        for module in _imported_modules(node):
            if not _is_allowed(module, allowed):
                yield Problem(source.path, _line(node), f"imports {module}, which is not known to be pure")
        if isinstance(node, ast.Call) and (impure := _impure_call(node)) is not None:
            yield Problem(
                source.path, node.lineno, f"calls {impure}(); {source.folder}/ does no I/O and reads no clock"
            )


def _imported_modules(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0, names=names):
            # ``from urllib import parse`` is the import of urllib.parse.
            return [f"{module}.{alias.name}" for alias in names]
        case _:
            return []


def _is_allowed(module: str, allowed: frozenset[str]) -> bool:
    parts = module.split(".")
    return any(".".join(parts[:length]) in allowed for length in range(1, len(parts) + 1))


def _impure_call(call: ast.Call) -> str | None:
    match call.func:
        case ast.Name(id=name) if name in _IMPURE_BUILTINS:
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=attr) if attr in _CLOCKS and owner != "workflow":
            return f"{owner}.{attr}"
        case _:
            return None


def activities_are_asked_for_with_limits(source: Source) -> Iterator[Problem]:
    """Temporal's default is to retry for ever: each call says how often, how long, and what it is for."""
    if source.folder in {"tests", "bench"}:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or (name := _called(node)) not in _ACTIVITY_CALLS:
            continue
        given = {keyword.arg for keyword in node.keywords}
        for lacking in _lacking(given):
            yield Problem(source.path, node.lineno, f"{name} without {lacking}")


def _lacking(given: set[str | None]) -> Iterator[str]:
    if "retry_policy" not in given:
        yield "retry_policy"
    if not given & _TIME_OUTS:
        yield "a time-out (start_to_close_timeout or schedule_to_close_timeout)"
    if "summary" not in given:
        yield "summary, which the Temporal UI shows"


def _called(call: ast.Call) -> str | None:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def definitions_have_names(source: Source) -> Iterator[Problem]:
    """A renamed class or function must not break an open run."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
            given = {keyword.arg for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else set()
            if name in _NAMED_DECORATORS and not given & {"name", "dynamic"}:
                yield Problem(source.path, node.lineno, f"@{name} of {node.name} without name=")


def files_are_short(source: Source) -> Iterator[Problem]:
    lines = source.text.count("\n")
    if lines > MAX_LINES:
        yield Problem(source.path, 0, f"has {lines} lines; split it by topic (at most {MAX_LINES})")


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


RULES: tuple[Rule, ...] = (
    pure_folders_do_no_io,
    activities_are_asked_for_with_limits,
    definitions_have_names,
    files_are_short,
)
