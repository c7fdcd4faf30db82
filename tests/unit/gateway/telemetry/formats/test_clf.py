"""The combined log format: what analysers read, our own facts behind it, and nothing that could break a line."""

import re
from typing import Final

import pytest

from gateway.telemetry.formats.clf import clf_line
from tests.unit.gateway.telemetry.lines import failure, success, written
from tests.unit.gateway.telemetry.samples import make_exchange, refused_exchange

COMBINED: Final = re.compile(
    r'(\S+) \S+ \S+ \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)" (.*)\n'
)
"""What analysers expect of the combined log format, with anything behind it."""


def parts(line: bytes) -> tuple[str, ...]:
    found = COMBINED.fullmatch(clf_line(line).decode())
    assert found is not None, clf_line(line)
    return found.groups()


def test_the_line_is_in_the_combined_format() -> None:
    client, time, request, status, size, referer, agent, _ = parts(success(7))
    assert (client, request, status, size) == ("203.0.113.7", "GET /v1/orders/7 HTTP/1.1", "200", "340")
    assert (referer, agent) == ("-", "curl/8.11")
    assert time == "21/Sep/2026:14:13:20 +0000"


def test_our_own_facts_follow_as_keys_and_values() -> None:
    facts = dict(pair.split("=", 1) for pair in parts(failure(7))[-1].split(" "))
    assert (facts["route"], facts["source"], facts["reason"]) == ("orders", "gateway", "pool_exhausted")
    assert (facts["upstream"], facts["attempts"], facts["request_id"]) == ("orders", "1", "req-7")
    assert facts["duration_ms"] == "15.0"


def test_the_query_is_part_of_the_request_and_redacted() -> None:
    assert parts(written(make_exchange(query="token=s3cret")))[2] == "GET /v1/orders/7?token=REDACTED HTTP/1.1"


@pytest.mark.parametrize("agent", ['a"b', "a\\b", "a\x00b", "a\x9bb", "a\u2028b", 'x" 200 1 "-" "'])
def test_a_text_of_the_client_cannot_leave_its_quotes(agent: str) -> None:
    *_, status, size, _, found, _ = parts(written(make_exchange(user_agent=agent)))
    assert (status, size) == ("200", "340")
    assert '"' not in found
    assert found.isascii()


def test_a_host_with_a_space_stays_one_word() -> None:
    facts = parts(written(make_exchange(host="a b=c", query="x")))[-1]
    assert facts.split(" ")[0] == "host=a\\x20b=c"


def test_what_was_refused_before_it_had_a_path_is_a_line_too() -> None:
    assert parts(written(refused_exchange(status=400, path="")))[2] == "-"


def test_an_exchange_that_is_still_open_has_no_line() -> None:
    assert clf_line(b'{"@timestamp":"2026-11-21T02:53:56.002Z","event":"start"}\n') == b""
