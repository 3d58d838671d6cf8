"""YAML text to plain values with the line of each, by the YAML 1.2 core schema.

Differences that are meant: an unquoted ``+15550100001`` is a text (a phone number), dates and times are texts, and the
keys of a mapping are always texts. Whatever the text is, the outcome is values or :class:`UnreadableYaml`.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.problems import Path

#: far beyond any real file; a few lines of anchors can mean billions of values
_MOST_VALUES = 200_000
_LONGEST_TEXT = 4_000_000
_DEEPEST = 50

_CORE_TAGS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
}
_STR_TAG = "tag:yaml.org,2002:str"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_PHONE = re.compile(r"\+[0-9]{4,}")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}\.[0-9]{0,18})([eE][-+]?[0-9]{1,2})?")


class UnreadableYaml(Exception):
    """A sentence, and the line it is about (from 1)."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """``lines`` has an entry for every mapping key and every list item."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)


def read_yaml(text: str) -> YamlDocument:
    if len(text) > _LONGEST_TEXT:
        raise UnreadableYaml("the file is too large for a configuration")
    node = _compose(text)
    if node is None:
        return YamlDocument(None)
    builder = _Builder()
    return YamlDocument(builder.build(node, ()), builder.lines)


def _compose(text: str) -> Node | None:
    if _deepest_flow(text) > _DEEPEST:
        raise UnreadableYaml(f"brackets are nested more than {_DEEPEST} deep")
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except ReaderError as error:
        raise UnreadableYaml(f"the file contains a character that YAML does not allow ({error.reason})") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableYaml(_sentence(error), None if mark is None else mark.line + 1) from None
    except RecursionError:
        raise UnreadableYaml("the file is nested too deeply") from None
    except (YAMLError, ValueError, AssertionError, LookupError, AttributeError, TypeError) as error:
        # The parser has corners where hostile text meets an internal error.
        raise UnreadableYaml(f"the file is not YAML ({type(error).__name__})") from None
    return node


def _deepest_flow(text: str) -> int:
    # The parser's own depth is bounded by Python's stack only; each bracket costs it several frames.
    deepest = depth = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _sentence(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "it cannot be read")
    if "'\\t'" in problem:
        return "YAML does not allow tabs for indentation; use spaces"
    if "single document" in problem or "another document" in problem:
        return "the file has more than one YAML document; give each its own file"
    if "undefined alias" in problem:
        return problem.replace("found undefined alias", "there is no anchor for the alias")
    if "but got '{'" in problem:
        return f"this is not valid YAML: {problem}; inside brackets write ${{NAME}} in quotes"
    return f"this is not valid YAML: {problem}"


class _Builder:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self._count = 0

    def build(self, node: Node, path: Path) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:
            raise UnreadableYaml(
                f"the file means more than {_MOST_VALUES} values; are its anchors nested?", _line(node)
            )
        if len(path) > _DEEPEST:
            raise UnreadableYaml(
                f"the file is nested more than {_DEEPEST} deep; does an anchor contain itself?", _line(node)
            )
        if node.tag is not None and str(node.tag) not in _CORE_TAGS:
            raise UnreadableYaml(f"the tag {_shown_tag(node)} has no meaning here; remove it", _line(node))
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return self._sequence(node, path)
            case ScalarNode():
                return _scalar(node)
            case _:
                raise UnreadableYaml("this is neither a mapping, nor a list, nor a value", _line(node))

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key in mapping:
                raise UnreadableYaml(
                    f"the key {key!r} is here twice; the first is in line {self.lines[*path, key]}", _line(key_node)
                )
            self.lines[*path, key] = _line(key_node)
            mapping[key] = self.build(value_node, (*path, key))
        return mapping

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        items = []
        for number, item in enumerate(node.value):
            self.lines[*path, number] = _line(item)
            items.append(self.build(item, (*path, number)))
        return items


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _shown_tag(node: Node) -> str:
    return str(node.tag).replace("tag:yaml.org,2002:", "!!")


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise UnreadableYaml("a key must be a single word; is a value in braces missing its quotes?", _line(node))
    if node.value == "<<" and node.style is None:
        raise UnreadableYaml("merge keys (<<) are not part of YAML 1.2; repeat the values", _line(node))
    return str(node.value)


def _scalar(node: ScalarNode) -> str | int | float | bool | None:
    text = str(node.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UnreadableYaml("half of a surrogate pair (\\ud800 to \\udfff) is no character", _line(node))
    # A quoted text, and a plain one that the author marked as !!str, stay what they are.
    if node.style is not None or (str(node.tag) == _STR_TAG and text not in _NULL):
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _PHONE.fullmatch(text):
        return text
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
