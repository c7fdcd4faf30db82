"""Durations, sizes and ratios: what is read, what is refused, and that both ways agree."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.forms.scalars import (
    format_duration,
    format_ratio,
    format_size,
    parse_duration,
    parse_ratio,
    parse_size,
)
from gateway.model.clock import MILLISECOND_NS, NEVER_NS, SECOND_NS


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("250ms", 250 * MILLISECOND_NS),
        ("5s", 5 * SECOND_NS),
        ("2m", 120 * SECOND_NS),
        ("1h", 3600 * SECOND_NS),
        ("0s", 0),
        ("1h30m", 5400 * SECOND_NS),
        ("1m500ms", 60 * SECOND_NS + 500 * MILLISECOND_NS),
    ],
)
def test_a_duration_is_its_units_added_up(text: str, duration_ns: int) -> None:
    assert parse_duration(text) == duration_ns


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 s", "-5s", "1.5s", "5S", "5s5s", "5s1m", "5us", "\u0665s", "5s\n", "100000h"]
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=99_999 * 3600 * 1000).map(lambda ms: ms * MILLISECOND_NS))
def test_every_duration_reads_back_as_it_was_written(duration_ns: int) -> None:
    assert parse_duration(format_duration(duration_ns)) == duration_ns


def test_a_duration_is_written_in_the_largest_unit_that_divides_it() -> None:
    written = [format_duration(ns) for ns in (75 * SECOND_NS, 60 * SECOND_NS, 0, 1500 * MILLISECOND_NS, NEVER_NS)]
    assert written == ["75s", "1m", "0s", "1500ms", "none"]


@given(st.text(max_size=8))
def test_no_text_makes_the_parsers_do_anything_but_read_or_refuse(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_ratio):
        with contextlib.suppress(ValueError):
            assert parse(text) >= 0


@pytest.mark.parametrize(("text", "size"), [("512B", 512), ("64KiB", 65536), ("10MiB", 10 << 20), ("1GiB", 1 << 30)])
def test_a_size_is_in_powers_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1", "1KB", "1kib", "1.5MiB", " 1KiB", "-1B", "KiB", "1KiB\n"])
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


@given(st.integers(min_value=0, max_value=999_999_999_999))
def test_every_size_reads_back_as_it_was_written(size: int) -> None:
    assert parse_size(format_size(size)) == size


def test_no_limit_is_written_none() -> None:
    assert format_size(None) == "none"


@pytest.mark.parametrize(("text", "ratio"), [("1%", 0.01), ("99.9%", 0.999), ("0%", 0.0), ("100%", 1.0), ("50%", 0.5)])
def test_a_ratio_is_a_percentage(text: str, ratio: float) -> None:
    assert parse_ratio(text) == ratio


@pytest.mark.parametrize("text", ["", "1", "0.01", "101%", "-1%", "1 %", "100.000001%", "%", "1%\n"])
def test_what_is_not_a_ratio_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ratio(text)


@given(st.integers(min_value=0, max_value=100_000_000).map(lambda millionths: millionths / 100_000_000))
def test_every_ratio_reads_back_as_it_was_written(ratio: float) -> None:
    assert parse_ratio(format_ratio(ratio)) == ratio
