"""On which line a predicate stands, however the file is written."""

from collections.abc import Callable

from gateway.config import Configuration
from gateway.config.explaining.key_lines import line_of

Load = Callable[..., Configuration]


def test_keys_have_lines_of_their_own_also_where_they_come_from_an_anchor(load: Load) -> None:
    text = """routes:
  - name: a
    match: &both
      path: /a
      headers:
        X-One: "1"
    upstream: orders
  - name: b
    match:
      <<: *both
      path: /b
    upstream: orders
"""
    configuration = load(text)
    first, second = configuration.match_lines
    assert (line_of(first, "path"), line_of(first, "headers.x-one")) == (6, 8)
    assert (line_of(second, "path"), line_of(second, "headers.x-one")) == (13, 8)


def test_a_key_that_is_not_written_has_the_line_of_the_one_above_it_or_none(load: Load) -> None:
    configuration = load("routes:\n  - name: a\n    match:\n      headers: {x: '1'}\n    upstream: orders\n")
    (lines,) = configuration.match_lines
    assert line_of(lines, "headers.y") == 6
    assert line_of(lines, "methods") == 0
