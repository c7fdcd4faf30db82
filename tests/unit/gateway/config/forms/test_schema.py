"""The JSON Schema for editors: complete, described, and in agreement with what the loader accepts."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import json_schema
from gateway.config.forms.scalars import (
    DURATION_PATTERN,
    RATIO_PATTERN,
    SIZE_PATTERN,
    parse_duration,
    parse_ratio,
    parse_size,
)

SCHEMA: Final = json_schema()


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["$defs"][name]["properties"]
    return found


def test_it_says_what_it_is() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"] == "Sightline configuration"
    assert SCHEMA["required"] == ["listeners"]


def test_every_key_of_every_form_is_described_and_no_other_is_allowed() -> None:
    forms = [SCHEMA, *(form for name, form in SCHEMA["$defs"].items() if name.endswith("Form"))]
    assert len(forms) > 20
    for form in forms:
        assert form["additionalProperties"] is False
        for key, described in form["properties"].items():
            whole = SCHEMA["$defs"].get(described.get("$ref", "").removeprefix("#/$defs/"), {})
            assert described.get("description") or whole.get("description"), f"{form.get('title')}.{key}"


def test_defaults_read_as_they_are_written() -> None:
    assert properties("ListenerTimeoutsForm")["idle"]["default"] == "75s"
    assert properties("ListenerLimitsForm")["body"]["default"] == "none"
    assert properties("TracesForm")["sample"]["default"] == "1%"
    assert SCHEMA["properties"]["workers"]["default"] == "auto"


def test_nothing_may_be_null() -> None:
    assert not [node for node in nodes(SCHEMA) if node.get("type") == "null" or node.get("default", 0) is None]


def test_whatever_has_a_form_of_its_own_may_also_come_from_the_environment() -> None:
    reference = {"$ref": "#/$defs/Reference"}
    for form, key in (("ConnectionsForm", "max"), ("ListenerForm", "forwarded"), ("RouteForm", "trailers")):
        assert reference in properties(form)[key]["anyOf"]
    pattern = SCHEMA["$defs"]["Reference"]["pattern"]
    assert all(re.search(pattern, text) for text in ("${NAME}", "x-${NAME:-1}", "${file:/run/secrets/x}"))


def test_keys_that_exclude_each_other_are_told() -> None:
    assert SCHEMA["$defs"]["RouteForm"]["oneOf"] == [
        {"required": [key]} for key in ("upstream", "split", "redirect", "respond")
    ]
    assert {"required": ["path", "path_prefix"]} in SCHEMA["$defs"]["MatchForm"]["not"]["anyOf"]


def test_every_reference_leads_somewhere() -> None:
    references = {node["$ref"] for node in nodes(SCHEMA) if isinstance(node.get("$ref"), str)}
    assert references <= {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


@given(st.text(alphabet="0123456789hms", max_size=9) | st.text(max_size=5))
def test_the_pattern_of_durations_is_what_is_read(text: str) -> None:
    assert _reads(parse_duration, text) == _matches(DURATION_PATTERN, text)


@given(st.from_regex(r"[0-9]{1,3}(B|KiB|kB|MiB|GiB|)", fullmatch=True) | st.text(max_size=5))
def test_the_pattern_of_sizes_is_what_is_read(text: str) -> None:
    assert _reads(parse_size, text) == _matches(SIZE_PATTERN, text)


@given(st.from_regex(r"[0-9]{1,2}(\.[0-9]{0,7})?%?", fullmatch=True) | st.text(max_size=5))
def test_the_pattern_of_ratios_is_what_is_read(text: str) -> None:
    assert _reads(parse_ratio, text) == _matches(RATIO_PATTERN, text)


@pytest.mark.parametrize("pattern", [DURATION_PATTERN, SIZE_PATTERN, RATIO_PATTERN])
def test_patterns_use_only_what_every_editor_understands(pattern: str) -> None:
    assert not re.search(r"\\[dwsAZ]|\(\?P|\(\?<", pattern)


def _reads(parse: Any, text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _matches(pattern: str, text: str) -> bool:
    # ECMA's $ is the end of the text, Python's also the place before a last line break.
    return re.search(pattern, text) is not None and not text.endswith("\n")
