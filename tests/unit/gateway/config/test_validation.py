"""The operator's words for what is wrong with a value."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from gateway.config.forms.form import Form
from gateway.config.forms.schema import FileForm
from gateway.config.interpolation import Interpolated
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
