"""Example answers of the calls about live traffic."""

from typing import Final

import msgspec

from gateway.wire.live import InFlightListView, InFlightView, UnmatchedListView, UnmatchedView
from gateway.wire.views import ExchangeListView, ProblemView

EXAMPLE_ID: Final = "0c1b7a4de25f4c7e"
_LINE: Final = msgspec.Raw(
    b'{"@timestamp":"2026-01-31T08:01:26.001Z","request_id":"%b","http.request.method":"GET",'
    b'"url.path":"/v1/orders/7","route":"orders","http.response.status_code":502,"source":"upstream",'
    b'"reason":"connect_refused","duration_ms":3.41}' % EXAMPLE_ID.encode()
)

EXCHANGES: Final = ExchangeListView(
    exchanges=[_LINE],
    filter="route:orders status:5xx",
    scanned=812,
    since="2026-01-31T08:01:02.417Z",
    remarkable_since="2026-01-31T07:12:44.090Z",
    next="1204.0.17",
)
EXCHANGE: Final = ExchangeListView(exchanges=[_LINE], scanned=3000, since="2026-01-31T08:01:02.417Z")

UNMATCHED: Final = UnmatchedListView(
    seen=1207,
    distinct=2,
    is_exact=True,
    paths=[
        UnmatchedView(
            host="api.example.com",
            path="/v1/oders/*",
            reason="no_route",
            count=1190,
            last_method="GET",
            last_at="2026-01-31T08:01:26.001Z",
        ),
        UnmatchedView(
            host="api.example.com",
            path="/favicon.ico",
            reason="no_route",
            count=17,
            last_method="GET",
            last_at="2026-01-31T08:00:03.530Z",
        ),
    ],
)

IN_FLIGHT: Final = InFlightListView(
    total=31,
    known=31,
    is_complete=True,
    filter="latency:>5s",
    exchanges=[
        InFlightView(
            request_id=EXAMPLE_ID,
            trace_id="0c1b7a4de25f4c7e8d1f2a3b4c5d6e7f",
            route="orders",
            method="GET",
            host="api.example.com",
            path="/v1/orders/7",
            client="192.0.2.7",
            started_at="2026-01-31T08:01:12.001+00:00",
            age_ms=14012.5,
            phase="ttfb",
            upstream="orders",
            endpoint="10.0.1.7:9001",
            attempt=1,
            status=0,
            bytes_in=412,
            bytes_out=0,
            worker=1,
        )
    ],
)

STREAM: Final = """\
event: hello
data: {"version":1,"topics":["exchanges"],"filter":"status:5xx","rate":50,"epoch":"5d3c1f"}

event: exchange
id: 5d3c1f;exchanges=1204.0.17
data: {"weight":1,"exchange":{"request_id":"0c1b7a4de25f4c7e","http.response.status_code":502}}

event: counts
data: {"scanned":5012,"matched":1,"estimated":1.0,"shown":1,"sampled_out":0,"lost":0,"lost_weight":0.0}

"""
TOO_MANY: Final = ProblemView(
    title="Service Unavailable",
    status=503,
    reason="too_many_followers",
    detail="as many follow live traffic as can; try again when one of them has gone",
)

FILTER_INVALID: Final = ProblemView(
    title="Bad Request",
    status=400,
    reason="filter_invalid",
    detail="column 12: expected a unit: us, ms, s, m; did you mean 50ms?",
)
NOT_KEPT: Final = ProblemView(
    title="Not Found",
    status=404,
    reason="not_found",
    detail="none of the 3000 exchanges kept, back to 2026-01-31T08:01:02.417Z, has this id",
)
