"""The fingerprint of everything that a run's course depends on: ``workflows/``, and what it uses of ``domain/``.

Open runs are replayed by today's code. A change there that alters the order of activities and timers wedges them, and
no other test needs to notice. So each change is stopped once, to be thought about. ``python -m tools.fingerprint``
(``make fingerprints``, which replays the recorded histories first) accepts the code as it is.

Counted is code, not text: comments, docstrings and layout may change. Of a module of ``domain/`` only the definitions
count that workflows can reach by name; what the rest of Dutyline uses may change freely.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.check.problems import Problem

PATH = Path("workflows/fingerprints.json")
_FOLDERS = ("workflows", "domain")
#: where a module's statements stand that define nothing
_STATEMENTS = "<statements>"

#: a definition by module and name
Name = tuple[str, str]
#: what a module defines, and which imported name stands for which definition
Definitions = dict[Name, list[ast.stmt]]
Imports = dict[Name, Name]


def workflow_fingerprints_are_current(root: Path) -> Iterator[Problem]:
    """A rule for ``python -m tools.check``."""
    recorded, found = _recorded(root), fingerprints(root)
    changed = sorted(name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name))
    if changed:
        yield Problem(
            PATH,
            0,
            f"workflow code has changed ({', '.join(changed)}). Open runs are replayed by it: if it asks for other "
            "activities or timers, or in another order, put the change behind workflow.patched(). Then, and when it "
            "does not, run: make fingerprints",
        )


def fingerprints(root: Path) -> dict[str, str]:
    """``domain.call_flow.advance`` and so on, each with a short hash of its code."""
    definitions, imports = _parsed(root)
    reached = _reachable(definitions, imports)
    return {f"{module}.{name}": _hash(definitions[module, name]) for module, name in sorted(reached)}


def _recorded(root: Path) -> dict[str, str]:
    path = root / PATH
    loaded: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return loaded


def _parsed(root: Path) -> tuple[Definitions, Imports]:
    definitions: Definitions = {}
    imports: Imports = {}
    for folder in _FOLDERS:
        for path in sorted((root / folder).glob("*.py")):
            module = f"{folder}.{path.stem}"
            for statement in _top_level(ast.parse(path.read_text()).body):
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    imports |= _imported(module, statement)
                for name in _defined(statement):
                    definitions.setdefault((module, name), []).append(statement)
    return definitions, imports


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those of a ``with`` among them (imports that pass the sandbox)."""
    for statement in body:
        if isinstance(statement, ast.With):
            yield from statement.body
        else:
            yield statement


def _imported(module: str, statement: ast.Import | ast.ImportFrom) -> Imports:
    if isinstance(statement, ast.Import) or statement.module is None or statement.module.split(".")[0] not in _FOLDERS:
        return {}
    source = statement.module
    if source in _FOLDERS:
        # ``from workflows import ask`` stands for the whole module.
        return {(module, alias.asname or alias.name): (f"{source}.{alias.name}", "*") for alias in statement.names}
    return {(module, alias.asname or alias.name): (source, alias.name) for alias in statement.names}


def _defined(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return []
        case _:
            return [_STATEMENTS]


def _reachable(definitions: Definitions, imports: Imports) -> set[Name]:
    """From every definition in ``workflows/``, by the names that each uses."""
    reached: set[Name] = set()
    waiting = [name for name in definitions if name[0].startswith("workflows.")]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        if name in definitions:
            reached.add(name)
            waiting += _used_by(name, definitions[name], definitions, imports)
    return reached


def _used_by(name: Name, code: list[ast.stmt], definitions: Definitions, imports: Imports) -> Iterator[Name]:
    module = name[0]
    yield module, _STATEMENTS
    for statement in code:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                used = module, node.id
                source, wanted = imports.get(used, used)
                if wanted == "*":
                    yield from (other for other in definitions if other[0] == source)
                else:
                    yield source, wanted


def _hash(code: list[ast.stmt]) -> str:
    return hashlib.sha256("\n".join(_canonical(statement) for statement in code).encode()).hexdigest()[:16]


def _canonical(node: object) -> str:
    """The same text in every version of Python, for the same code with other comments, docstrings and layout."""
    match node:
        case ast.AST():
            fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
            inner = ",".join(f"{name}={_canonical(_without_docstring(name, value))}" for name, value in fields)
            return f"{type(node).__name__}({inner})"
        case list():
            return f"[{','.join(map(_canonical, node))}]"
        case _:
            return repr(node)


def _without_docstring(field: str, value: object) -> object:
    match value:
        case [ast.Expr(value=ast.Constant(value=str())), *rest] if field == "body":
            return rest
        case _:
            return value


def write(root: Path, found: Mapping[str, str]) -> None:
    (root / PATH).write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


def main() -> int:
    root = Path(__file__).parents[1]
    found = fingerprints(root)
    write(root, found)
    print(f"{PATH}: {len(found)} definitions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
