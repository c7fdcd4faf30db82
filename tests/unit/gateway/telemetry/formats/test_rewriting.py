"""Blocks of lines in another form: line by line, and none of them lost."""

import json

from gateway.model.snapshot import LogFormat
from gateway.telemetry.formats.rewriting import rewriter
from tests.unit.gateway.telemetry.lines import success


def test_our_own_form_needs_no_rewriting() -> None:
    assert rewriter(LogFormat.JSON, "edge") is None


def test_each_line_of_a_block_is_rewritten() -> None:
    in_ecs, in_clf = rewriter(LogFormat.ECS, "edge"), rewriter(LogFormat.CLF, "edge")
    assert in_ecs is not None
    assert in_clf is not None
    block = success(1) + success(2)
    assert [json.loads(line)["http"]["request"]["id"] for line in in_ecs(block).splitlines()] == ["req-1", "req-2"]
    assert [b"GET /v1/orders/" in line for line in in_clf(block).splitlines()] == [True, True]


def test_a_line_that_cannot_be_read_stays_as_it_is() -> None:
    for form in (LogFormat.ECS, LogFormat.CLF):
        rewrite = rewriter(form, "edge")
        assert rewrite is not None
        assert rewrite(b"not a line\n") == b"not a line\n"
