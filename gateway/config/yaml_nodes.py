"""YAML text to PyYAML's nodes: the core schema of YAML 1.2, bounded in depth, with nothing constructed.

The nodes keep the place of every key and value; `gateway.config.document` makes plain values of them.
"""

import re
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

MAX_DEPTH: Final = 64
"""Of nested collections. libyaml's composer recurses on the C stack and would overrun it without a word."""

MAX_NODES: Final = 1_000_000
"""Keys and values; a configuration of 10,000 routes has about a fifth of it. Each takes some 500 bytes for a while."""

NULL: Final = "tag:yaml.org,2002:null"
BOOL: Final = "tag:yaml.org,2002:bool"
INT: Final = "tag:yaml.org,2002:int"
FLOAT: Final = "tag:yaml.org,2002:float"
TEXT: Final = "tag:yaml.org,2002:str"
SEQUENCE: Final = "tag:yaml.org,2002:seq"
MAPPING: Final = "tag:yaml.org,2002:map"
MERGE: Final = "tag:yaml.org,2002:merge"

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), BOOL),
    "<<": MERGE,
}
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_SURROGATES: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""How JSON escapes a character beyond 16 bits, which YAML does not take over."""
_NUMBER_STARTS: Final = frozenset("0123456789+-.")


class YamlError(Exception):
    """Text that is not one YAML document; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def resolve_plain(text: str) -> str:
    """The tag of a scalar without quotes, by the core schema (YAML 1.2 section 10.3.2), and `<<` as a merge key.

    So `on` and `no` stay text, and 010 is ten: what YAML 1.1 makes of them has surprised every operator once.
    """
    tag = _WORDS.get(text)
    if tag is not None:
        return tag
    if text[0] in _NUMBER_STARTS:
        if _INT.fullmatch(text):
            return INT
        if _FLOAT.fullmatch(text):
            return FLOAT
    return TEXT


class _CoreSchema:
    """The three questions PyYAML's composers ask; both of them call these and nothing else of a resolver."""

    _depth = 0
    _nodes = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        if kind is ScalarNode:
            return resolve_plain(value or "") if implicit[0] else TEXT
        return MAPPING if kind is MappingNode else SEQUENCE

    def descend_resolver(self, parent: Node | None, _index: object) -> None:
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            line = parent.start_mark.line + 1 if parent is not None else 1
            what = f"{MAX_DEPTH} levels" if self._depth > MAX_DEPTH else f"{MAX_NODES} keys and values"
            raise YamlError(line, f"more than {what}; expected a configuration")

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _PythonComposer(_CoreSchema, Reader, Scanner, Parser, Composer):
    """Where PyYAML was built without libyaml: reads the same (tabs in JSON apart), some fifteen times slower."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


_composer: Any = _PythonComposer
if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _LibyamlComposer(_CoreSchema, CParser):
        pass

    _composer = _LibyamlComposer


def compose(text: str) -> Node | None:
    """The root node of the one document in a text; None for an empty one. Raises YamlError."""
    try:
        node: Node | None = _composer(without_surrogates(text)).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 0, _describe(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(line, "a control character is not allowed; expected printable text") from None
    return node


def without_surrogates(text: str) -> str:
    """JSON as YAML can read it; other text as it is."""
    return _SURROGATES.sub(_to_code_point, text) if text.lstrip().startswith("{") else text


def _to_code_point(pair: re.Match[str]) -> str:
    code_point = 0x10000 + ((int(pair[2], 16) - 0xD800) << 10) + int(pair[3], 16) - 0xDC00
    return f"{pair[1]}\\U{code_point:08x}"


def _describe(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return f"not valid YAML: {', '.join(parts)}"
