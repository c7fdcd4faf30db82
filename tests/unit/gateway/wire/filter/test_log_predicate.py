"""Filters of log records: what they refuse, and that what is written down again means the same."""

import pytest

from gateway.wire.filter import LOGS, FilterError, compile_log_filter, parse_filter, render
from gateway.wire.logs import LogRecordView

RECORD = LogRecordView(
    id=1, at="", level="warning", event="sink_dropping", logger="sightline.sinks", fields={"lines": 12, "at": [1, "a"]}
)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("level:loud", 7, "expected debug, info, warning, error or critical"),
        ("level:w*", 7, "expected debug, info, warning, error or critical"),
        ("level~warn", 7, "one of a few words"),
        ("level:>info", 7, "has no order"),
        ("worker:>2", 8, "has no order"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, column: int, words: str) -> None:
    with pytest.raises(FilterError, match=words) as caught:
        parse_filter(text, LOGS)
    assert caught.value.position + 1 == column


@pytest.mark.parametrize(
    "text",
    ["level:warning", "!audit err | lines:12", 'event~"^sink_"', '"slow"', "a.b:c,d*", '"audit"', "-logger:x text"],
)
def test_what_is_written_down_again_means_the_same(text: str) -> None:
    parsed = parse_filter(text, LOGS)
    assert parse_filter(render(parsed), LOGS) == parsed


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("level:info", True),
        ("level:error", False),
        ("lines:12", True),
        ("logger:sightline.*", True),
        ("lines:13", False),
        ("nothing:x", False),
        ('nothing:""', True),
        ("SINKS", True),
        ("12", True),
        ("audit", False),
        ('at~"a"', True),
    ],
)
def test_it_says_whether_a_record_satisfies_it(text: str, holds: bool) -> None:
    assert compile_log_filter(parse_filter(text, LOGS))(RECORD) is holds
