"""Accounts of the same traffic, and whether they agree."""

from collections import Counter

import msgspec
import pytest

from gateway.demo.comparison import counts_of_lines, counts_of_metrics, counts_of_tally, differences
from gateway.demo.traffic import Count, Tally

SCRAPE = """\
# HELP sightline_http_requests_total Requests.
# TYPE sightline_http_requests_total counter
sightline_http_requests_total{code="200",method="GET",route="a",source="upstream"} 3.0
sightline_http_requests_total{code="502",method="GET",route="a",source="upstream"} 1.0
sightline_http_requests_total{code="502",method="GET",route="a",source="gateway"} 2.0
sightline_http_requests_total{code="200",method="GET",route="idle",source="upstream"} 0.0
# HELP sightline_http_failures_total Failures.
# TYPE sightline_http_failures_total counter
sightline_http_failures_total{reason="connect_refused",route="a"} 3.0
"""

LINE = b'{"route":"a","http.request.method":"GET","http.response.status_code":%d,"duration_ms":1.5}\n'


def test_a_scrape_is_summed_over_the_source_and_leaves_out_what_is_zero() -> None:
    assert counts_of_metrics(SCRAPE) == Counter({("a", "GET", "200"): 3, ("a", "GET", "502"): 3})


def test_lines_are_counted_by_route_method_and_code() -> None:
    assert counts_of_lines([LINE % 200, LINE % 200, LINE % 404]) == {("a", "GET", "200"): 2, ("a", "GET", "404"): 1}


def test_a_line_that_is_no_access_line_is_an_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        counts_of_lines([b"oops\n"])


def test_equal_accounts_have_no_differences() -> None:
    tally = Tally([Count("a", "GET", 200, 3), Count("a", "GET", 502, 3)], 0, [], {})
    assert differences(counts_of_tally(tally), counts_of_metrics(SCRAPE)) == []


def test_a_count_that_is_missing_or_too_many_or_elsewhere_is_a_difference() -> None:
    sent = Counter({("a", "GET", "200"): 2, ("b", "GET", "200"): 1})
    found = [str(difference) for difference in differences(sent, counts_of_metrics(SCRAPE))]
    assert found == [
        "a GET 200: 2 sent, 3 recorded",
        "a GET 502: 0 sent, 3 recorded",
        "b GET 200: 1 sent, 0 recorded",
    ]
