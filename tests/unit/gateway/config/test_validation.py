"""The operator's words for what is wrong with a value."""

import pytest

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
