"""What endpoints did between two readings."""

from console.state.endpoint_counts import EndpointCounts, Recently
from gateway.wire.upstream_views import UpstreamListView
from tests.support.situations import endpoint, upstream


def view(requests: int, failures: int) -> UpstreamListView:
    return UpstreamListView(
        revision="a", upstreams=[upstream("up", endpoint("h:1", requests=requests, failures=failures))]
    )


def test_two_readings_tell_what_came_between() -> None:
    counts = EndpointCounts()
    counts.take(view(100, 1), 10.0)
    assert counts.recently("up", "h:1") is None
    counts.take(view(120, 9), 12.0)
    assert counts.recently("up", "h:1") == Recently(2.0, 20, 8)


def test_only_the_last_seconds_count() -> None:
    counts = EndpointCounts()
    for at_s, failures in ((0.0, 0), (5.0, 50), (10.0, 50)):
        counts.take(view(int(at_s) * 10, failures), at_s)
    assert counts.recently("up", "h:1") == Recently(5.0, 50, 0)


def test_a_gateway_that_began_anew_begins_anew_here() -> None:
    counts = EndpointCounts()
    counts.take(view(100, 9), 1.0)
    counts.take(view(5, 0), 2.0)
    assert counts.recently("up", "h:1") is None


def test_where_hardly_anything_comes_one_looks_back_for_some_attempts_but_not_for_ever() -> None:
    counts = EndpointCounts()
    for second in range(70):
        counts.take(view(second // 5, min(second // 5, 9)), float(second))
    recently = counts.recently("up", "h:1")
    assert recently is not None
    assert (recently.requests, recently.failures, recently.seconds) == (3, 0, 15.0)
    for second in range(70, 140):
        counts.take(view(13, 9), float(second))
    assert counts.recently("up", "h:1") == Recently(60.0, 0, 0)
