"""Operational logs: JSON where nobody looks, the same fields for libraries as for us, no secrets at any depth."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from gateway.telemetry.logs import configure_logs, redact


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    structlog.get_logger("gateway.runtime").warning("worker died\nhard", worker=2)
    [event] = logged(stream)
    assert event["@timestamp"].endswith("Z")
    del event["@timestamp"]
    assert event == {"event": "worker died\nhard", "worker": 2, "level": "warning", "logger": "gateway.runtime"}


def test_libraries_log_through_the_same_chain() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    logging.getLogger("some.library").error("got %s for %s", "Bearer abcdef123456", "http://user:pw@host/")
    [event] = logged(stream)
    assert event["event"] == "got Bearer REDACTED for http://REDACTED@host/"
    assert (event["level"], event["logger"]) == ("error", "some.library")


def test_less_than_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    configure_logs("warning", stream)
    structlog.get_logger("a").info("quiet")
    logging.getLogger("opentelemetry.sdk").warning("also quiet")
    assert stream.getvalue() == ""


def test_a_terminal_gets_readable_lines() -> None:
    stream = Terminal()
    configure_logs(stream=stream)
    structlog.get_logger("a").info("hello", token="abc")
    assert "hello" in stream.getvalue()
    assert "abc" not in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_an_exception_stays_on_its_line() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    try:
        int("Bearer abcdef123456")
    except ValueError:
        structlog.get_logger("a").exception("failed")
    [event] = logged(stream)
    assert "ValueError" in event["exception"]
    assert "Bearer REDACTED" in event["exception"]
    assert "abcdef123456" not in event["exception"]


def test_the_trace_of_a_live_span_is_named() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    with TracerProvider().get_tracer("test").start_as_current_span("reload") as span:
        structlog.get_logger("a").info("reloaded")
    [event] = logged(stream)
    assert event["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert event["span_id"] == f"{span.get_span_context().span_id:016x}"


def test_values_json_does_not_know_are_written_as_text() -> None:
    stream = io.StringIO()
    configure_logs(stream=stream)
    structlog.get_logger("a").info("odd", value={1: object}, raw=b"\xff")
    assert "object" in logged(stream)[0]["value"]["1"]


@pytest.mark.parametrize(
    "key",
    [
        "Authorization",
        "proxy-authorization",
        "Set-Cookie",
        "admin_token",
        "api-key",
        "x-api-key",
        "PASSWORD",
        "clientSecret",
    ],
)
def test_values_under_secret_looking_keys_are_redacted(key: str) -> None:
    assert redact(None, "", {key: "v", "in": {key: ["v"], "deep": [{key: 1}]}}) == {
        key: "REDACTED",
        "in": {key: "REDACTED", "deep": [{key: "REDACTED"}]},
    }


VALUES = st.recursive(
    st.just("c4n4ry-s3cret"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@given(VALUES)
def test_a_canary_under_a_secret_key_never_shows(value: Any) -> None:
    event = {"event": "x", "data": {"session_token": value, "list": [{"password": value}]}}
    assert "c4n4ry" not in str(redact(None, "", event))


@given(st.recursive(st.just({"a": 1}), lambda inner: st.dictionaries(st.just("n"), inner, min_size=1), max_leaves=30))
def test_any_depth_is_survived(value: dict[str, Any]) -> None:
    redact(None, "", {"event": "x", "data": value})


@pytest.mark.parametrize("as_json", [True, False])
def test_whoever_wants_the_records_gets_them_without_secrets_and_with_what_was_raised(*, as_json: bool) -> None:
    kept: list[dict[str, Any]] = []
    configure_logs(stream=io.StringIO(), as_json=as_json, keep=lambda event: kept.append(dict(event)))
    log = structlog.get_logger("sightline.test")
    log.info("called", token="abc", worker=2)
    try:
        int("no good: Bearer abcdef123456")
    except ValueError:
        log.exception("failed")
    logging.getLogger("some.library").warning("said %s", "so")
    called, failed, said = kept
    assert (called["event"], called["token"], called["worker"], called["level"]) == ("called", "REDACTED", 2, "info")
    assert (failed["level"], "no good: Bearer REDACTED" in failed["exception"]) == ("error", True)
    assert (said["event"], said["logger"], said["level"]) == ("said so", "some.library", "warning")
