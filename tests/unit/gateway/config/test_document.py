"""Plain values that know their lines."""

from typing import Any

import pytest

from gateway.config.document import Document, path_text
from gateway.config.interpolation import Interpolation


def read(text: str, **environ: str) -> Document:
    return Document(text, "f.yaml", Interpolation(environ, "/"))


def errors(text: str, **environ: str) -> list[str]:
    return [str(error) for error in read(text, **environ).broken.values()]


def test_values_are_plain() -> None:
    document = read('a: 1\nb: [x, true, 1.5, "2"]\nc: {d: 0x10, e: 0o10, on: no}\n')
    assert document.value == {"a": 1, "b": ["x", True, 1.5, "2"], "c": {"d": 16, "e": 8, "on": "no"}}
    assert document.broken == {}


def test_json_is_yaml() -> None:
    assert read('{"a": [1, "x\\u0041\\n"], "b": {}}').value == {"a": [1, "xA\n"], "b": {}}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("1: a\ntrue: b\nnull: c\n").value == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ["f.yaml:4: b.c: a key that is already there; expected each key once"]),
        ("a:\n", ["f.yaml:1: a: no value; expected one, or the key left out ({} or [] where it shall be empty)"]),
        ("a: [1,\n null]\n", ["f.yaml:2: a[1]: no value; expected one, or the key left out ({} or [] where it shall be empty)"]),
        ("[a]: 1\n", ["f.yaml:1: a key that is a list or a mapping; expected text"]),
        ("a: !!python/name:os.system x\n", ["f.yaml:1: a: a tag that is not known; expected a value without a tag"]),
        ("a: !!int x\n", ["f.yaml:1: a: a value that its tag does not fit; expected it without the tag"]),
        ("a: !!int [1]\n", ["f.yaml:1: a: a value that its tag does not fit; expected it without the tag"]),
        (f"a: {'1' * 5000}\n", ["f.yaml:1: a: a value that its tag does not fit; expected it without the tag"]),
        ("a: ${X}\nb:\n- ${Y}\n", [
            "f.yaml:1: a: the environment variable X is not set; expected it, or ${X:-default}",
            "f.yaml:3: b[0]: the environment variable Y is not set; expected it, or ${Y:-default}",
        ]),
        ("a: 1\n<<: 5\n", ['f.yaml:2: ["<<"]: `<<` merges a mapping or a list of mappings; expected one']),
        ("", ["f.yaml:1: the file is empty; expected at least `listeners`"]),
        ("a: [\n", ["f.yaml:2: not valid YAML: while parsing a flow node, did not find expected node content"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, found: list[str]) -> None:
    assert errors(text) == found


def test_an_alias_stands_for_its_anchor_and_a_merge_key_for_a_mapping() -> None:
    document = read("a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd:\n  <<: [{x: 4}, *a]\n")
    assert document.value["b"] == {"x": 1, "y": 2}
    assert document.value["c"] == {"x": 1, "y": 3}
    assert document.value["d"] == {"x": 4, "y": 2}
    assert document.line_of(("c", "x")) == 1


def test_a_billion_laughs_are_cut_short() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert errors("\n".join(lines)) == ["f.yaml:1: aliases repeat more than 2000000 values; expected a configuration"]


def test_an_alias_for_what_it_is_part_of_is_cut_short() -> None:
    assert errors("a: &a [*a]\n") == ["f.yaml:1: aliases repeat more than 2000000 values; expected a configuration"]
    assert len(errors("a: &a {<<: *a}\n")) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("b",), 2),
        (("b", 0), 3),
        (("b", 1), 4),
        (("b", 1, "d"), 5),
        (("b", 9), 2),
        (("x", "y"), 1),
    ],
)
def test_a_line_is_that_of_the_key_or_of_what_is_nearest_above(path: tuple[Any, ...], line: int) -> None:
    assert read("a: 1\nb:\n- 1\n- c: 1\n  d: 2\n").line_of(path) == line


def test_the_lines_of_a_list_come_at_once() -> None:
    document = read("a:\n- 1\n- [2,\n  3]\n- 4\n")
    assert document.lines_of(("a",)) == [2, 3, 5]
    assert document.lines_of(("b",)) == []


def test_a_path_reads_as_it_would_be_written_in_a_query() -> None:
    assert path_text(("routes", 2, "match", "x-tenant")) == "routes[2].match.x-tenant"
    assert path_text(("upstreams", "a.b", "endpoints", 0)) == 'upstreams["a.b"].endpoints[0]'


def test_a_path_is_known_as_far_as_the_text_goes() -> None:
    document = read("a: {b: text}\n")
    assert document.known_part(("a", "b", "exact")) == ("a", "b")
    assert document.known_part(("a", "c")) == ("a", "c")
    assert document.known_part(("a", "c", "d")) == ("a", "c")
