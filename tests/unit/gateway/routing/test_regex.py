"""Patterns: linear time, whole text, refused with words, and sorted by how they begin."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.regex import (
    MAX_PATTERN_CHARACTERS,
    PatternSet,
    check_regex,
    compile_regex,
    pattern_size,
    reach_of,
)


@pytest.mark.parametrize("pattern", [r"/v1/orders/\d+", ".*", "", "(?i)/a", "[^/]+", "a{2,30}", r"\bx", "(?P<n>a)"])
def test_a_pattern_of_re2_is_accepted(pattern: str) -> None:
    assert check_regex(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "missing"),
        (r"(a)\1", "escape"),
        ("(?=a)", "perl"),
        ("a{2000}", "repetition"),
        ("caf\u00e9", "ASCII"),
        ("a" * (MAX_PATTERN_CHARACTERS + 1), "at most"),
        ("(.{1,500}){2}", "instructions"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(pattern: str, words: str) -> None:
    problem = check_regex(pattern)
    assert problem is not None
    assert words in problem
    with pytest.raises(ValueError, match=words):
        compile_regex(pattern)
    with pytest.raises(ValueError, match=words):
        pattern_size(pattern)


def test_the_whole_text_has_to_match() -> None:
    pattern = compile_regex("a|ab+")
    assert [pattern.matches(text) for text in ("a", b"abb", "xa", "ax", "", "a\n")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_bytes_that_are_no_utf8_are_bytes() -> None:
    assert compile_regex("[^a]+").matches(b"\xff\xfe")


def test_a_set_tells_which_patterns_match() -> None:
    patterns = PatternSet(["/a/.*", "/b", "/a/b"])
    assert sorted(patterns.matching("/a/b")) == [0, 2]
    assert patterns.matching("/c") == []


def test_a_set_of_a_bad_pattern_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        PatternSet(["/a", "("])


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+", "(.*)*b", "(a|b|ab)*c"])
def test_no_pattern_takes_exponential_time(pattern: str) -> None:
    compiled = compile_regex("/" + pattern)
    text = "/" + "a" * 10_000 + "!"
    started = time.process_time()
    assert not compiled.matches(text)
    assert time.process_time() - started < 5  # Of milliseconds; an exponential one would not come to an end.


@pytest.mark.parametrize(
    ("pattern", "base"),
    [
        (r"/v1/orders/\d+", "/v1/orders"),
        ("/v1/orders/.*", "/v1/orders"),
        ("/v1/orders", "/v1"),
        ("/v1/orders?", "/v1"),
        ("^/a/b/.+$", "/a/b"),
        ("/a/b|/a/c", "/a"),
        ("/a/(b|c)/d", "/a"),
        ("/a|/b", ""),
        (".*/a/b", ""),
        ("(?i)/a/b", ""),
        ("/a(/b)?", ""),
        (r"/a\.b/c", "/a.b"),
        ("", ""),
    ],
)
def test_the_segments_every_match_begins_with_are_known(pattern: str, base: str) -> None:
    assert reach_of(pattern).base == base


@pytest.mark.parametrize(
    ("pattern", "has_paths"),
    [
        ("orders/.*", False),
        ("", False),
        ("[a-z]+", False),
        ("/.*", True),
        (".*", True),
        ("(/a)?", True),
        ("[^a]+", True),
    ],
)
def test_a_pattern_without_a_slash_to_begin_with_has_no_paths(pattern: str, has_paths: bool) -> None:
    assert reach_of(pattern).has_paths is has_paths


_atoms = st.sampled_from(["/", "a", "b", ".", "[ab]", "/a", "(a|/b)", r"\.", "[^/]", "(?i:a)"])
_patterns = st.lists(
    st.tuples(_atoms, st.sampled_from(["", "", "", "*", "+", "?", "|"])).map("".join), min_size=1, max_size=5
).map("".join)
_texts = st.text("/abA.", max_size=6).map(lambda text: "/" + text)


@given(_patterns, st.lists(_texts, max_size=20))
def test_what_is_told_of_a_pattern_is_true_of_its_matches(pattern: str, texts: list[str]) -> None:
    compiled, reach = compile_regex(pattern), reach_of(pattern)
    for text in texts:
        if compiled.matches(text):
            assert reach.has_paths
            assert text.startswith(reach.base + "/")
