"""The operator's words for what is wrong with a value."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from gateway.config.errors import ConfigInvalid
from gateway.config.forms.form import Form
from gateway.config.forms.schema import FileForm
from gateway.config.interpolation import Interpolated
from gateway.config.load import load_text
from gateway.config.validation import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "'x'"),
        ("x" * 100, f"'{'x' * 60}...'"),
        ("a\nb", "'a\\nb'"),
        (5, "5"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (10**100, "1" + "0" * 59),
        ([], "an empty list"),
        ([1], "a list"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        (Interpolated.of("secret", "${NAME}"), "a value that is not shown"),
    ],
)
def test_a_value_is_repeated_briefly_and_never_if_it_was_interpolated(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("tls: {}", "tls"),
        ("policies: []", "policies"),
        ("cluster: {name: a}", "cluster"),
        ("listeners: [{name: a, address: '127.0.0.1:80', tls: {}}]", "listeners[0].tls"),
        ("upstreams: {a: {endpoints: ['127.0.0.1:1'], protocol: h2}}", "upstreams.a.protocol"),
        ("routes: [{name: a, respond: {}, rate_limit: 5}]", "routes[0].rate_limit"),
        ("routes: [{name: a, respond: {}, auth: {}}]", "routes[0].auth"),
        ("routes: [{name: a, respond: {}, cors: {}}]", "routes[0].cors"),
        ("admin: {tls: {}}", "admin.tls"),
    ],
)
def test_a_key_of_a_later_version_is_refused_as_not_yet_supported(more: str, key: str) -> None:
    listeners = "" if more.startswith("listeners") else "listeners: [{name: p, address: '127.0.0.1:1'}]\n"
    with pytest.raises(ConfigInvalid) as invalid:
        load_text(f"{listeners}{more}\n", "api", 1, {})
    told = "not yet supported by this version; expected the key to be left out"
    assert [(error.key, error.message) for error in invalid.value.errors] == [(key, told)]


@pytest.mark.parametrize(
    ("key", "meant"), [("retry", "retries"), ("matches", "match"), ("path", None), ("amtch", "match"), ("cache", None)]
)
def test_another_key_is_suggested_only_where_it_is_near(key: str, meant: str | None) -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        load_text(f"listeners: []\nroutes: [{{name: a, respond: {{}}, {key}: 1}}]\n", "api", 1, {})
    (told,) = [error.message for error in invalid.value.errors if error.key == f"routes[0].{key}"]
    assert told.startswith(f"unknown key, perhaps {meant} was meant; " if meant else "unknown key; expected one of")


def forms(annotation: Any) -> Iterator[type[Form]]:
    """Those that a type is made of, and those within them."""
    for part in get_args(annotation):
        yield from forms(part)
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield annotation
        for field in annotation.model_fields.values():
            yield from forms(field.annotation)


def test_what_is_missing_is_described_by_words_that_go_on_after_expected() -> None:
    described = {
        f"{form.__name__}.{key}": field.description or ""
        for form in forms(FileForm)
        for key, field in form.model_fields.items()
        if field.is_required()
    }
    assert described["AbortForm.share"] == "Share of the requests that is answered so."
    opening = ("of", "for", "at", "by", "from", "in", "with", "only", "how many")
    assert {
        key for key, words in described.items() if words.lower().startswith(tuple(f"{each} " for each in opening))
    } == set()
    assert all(described.values())
