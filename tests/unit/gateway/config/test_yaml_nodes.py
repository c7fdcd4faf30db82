"""YAML as this program reads it: the 1.2 core schema, and bounded. libyaml and PyYAML's own parser must agree."""

from typing import Any

import pytest
from yaml.nodes import ScalarNode

from gateway.config import yaml_nodes
from gateway.config.yaml_nodes import BOOL, FLOAT, INT, MERGE, NULL, TEXT, YamlError, compose, resolve_plain


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def composer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(yaml_nodes, "_composer", yaml_nodes._PythonComposer)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *((text, NULL) for text in ("", "~", "null")),
        *((text, BOOL) for text in ("true", "False", "TRUE")),
        *((text, INT) for text in ("0", "010", "-7", "+7", "0x1F", "0o17")),
        *((text, FLOAT) for text in ("1.5", ".5", "1e3", "-.inf", ".nan")),
        *((text, TEXT) for text in ("on", "yes", "no", "1:30", "1_000", "2001-01-01", "=", "1.2.3", "-", "a")),
        ("<<", MERGE),
    ],
)
def test_a_scalar_without_quotes_is_what_yaml_1_2_says(text: str, tag: str) -> None:
    assert resolve_plain(text) == tag


def test_quotes_make_text_of_anything() -> None:
    node = compose('["1", \'true\', "null"]')
    assert node is not None
    assert [item.tag for item in node.value] == [TEXT] * 3


def test_an_empty_text_has_no_node() -> None:
    assert compose("# nothing but a comment\n") is None


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused_before_the_stack_is_full(opening: str, depth: int) -> None:
    with pytest.raises(YamlError):
        compose(opening * depth)


def test_a_text_of_too_many_values_is_refused_before_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "MAX_NODES", 100)
    compose("[" + "1," * 98 + "]")
    with pytest.raises(YamlError, match="more than 100 keys and values"):
        compose("[" + "1," * 101 + "]")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1\n", 3),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: *nobody\n", 1),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\nb: \x07\n", 2),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(YamlError) as refused:
        compose(text)
    assert refused.value.line == line


def test_json_is_read_with_all_its_escapes() -> None:
    node: Any = compose('{\n  "a\\/b": "\\ud83d\\ude00",\n  "c": "\\\\ud83d\\\\ude00"}')
    (first, second) = node.value
    assert (first[0].value, first[1].value) == ("a/b", "\U0001f600")
    assert second[1].value == "\\ud83d\\ude00"


def test_nodes_know_where_they_begin() -> None:
    node: Any = compose("a:\n  b: [1,\n      2]\n")
    inner = node.value[0][1].value[0][1]
    assert [item.start_mark.line for item in inner.value] == [1, 2]
    assert isinstance(inner.value[0], ScalarNode)
