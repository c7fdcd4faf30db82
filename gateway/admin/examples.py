"""Example answers of the OpenAPI document: real views, so that the types and the document cannot drift apart."""

from typing import Final

import msgspec

from gateway.wire.actions import MeView
from gateway.wire.explain import (
    AppliedView,
    ConsideredView,
    EndpointChoiceView,
    ExplainRequest,
    ExplanationView,
    FailedPredicateView,
    HeaderEditView,
    UpstreamChoiceView,
)
from gateway.wire.history import RecentView, SparksView
from gateway.wire.slo import BurnView, ObjectiveListView, ObjectiveStateView
from gateway.wire.upstream_views import CheckView, CircuitView, EndpointView, LimitView, UpstreamListView, UpstreamView
from gateway.wire.views import (
    ApplyResult,
    ConfigErrorView,
    ConfigView,
    FaultView,
    HealthView,
    LastChangeView,
    ListenerView,
    MatchView,
    NodeView,
    ObjectiveView,
    PlaceView,
    ProblemView,
    ProcessView,
    ReloadView,
    RetriesView,
    RouteEndpointView,
    RouteListView,
    RouteView,
    ShareView,
    StatusView,
    TrafficView,
    WorkerView,
)

_REVISION: Final = "3f2a9c0d81be"
_FILE: Final = "gateway.yaml"

OK: Final = HealthView(status="ok")
READY: Final = HealthView(status="ready")
NOT_READY: Final = HealthView(status="not_ready", reasons=["worker 1 is starting"])

METRICS: Final = """\
# HELP sightline_http_requests_total Requests, as the client saw them end.
# TYPE sightline_http_requests_total counter
sightline_http_requests_total{code="200",method="GET",route="orders",source="upstream"} 1042.0
"""

_RECENT: Final = RecentView(
    seconds=60,
    rate=120.0,
    error_ratio=0.0025,
    p50_ms=7.9,
    p95_ms=21.4,
    p99_ms=48.2,
    p999_ms=180.1,
    overhead_p99_ms=0.42,
    requests=7200,
    client_error_ratio=0.01,
    mean_ms=9.8,
    overhead_mean_ms=0.21,
)
_PREVIOUS: Final = RecentView(seconds=60, rate=118.0, error_ratio=0.0, p99_ms=31.0, requests=7080)

STATUS: Final = StatusView(
    version="0.1.0",
    service_name="sightline",
    pid=4711,
    started_at="2026-01-31T08:00:00.000Z",
    uptime_s=86.4,
    revision=_REVISION,
    sequence=3,
    source=f"file:{_FILE}",
    ready=True,
    not_ready_because=[],
    draining=False,
    workers=[
        WorkerView(
            index=1,
            pid=4712,
            state="serving",
            revision=_REVISION,
            sequence=3,
            in_flight=2,
            connections=31,
            started_at="2026-01-31T08:00:00.210Z",
            uptime_s=86.2,
            last_seen_s=0.14,
            sync="synced",
            rate=212.4,
            cpu_ratio=0.083,
            rss_bytes=46_882_816,
            fds=74,
            loop_lag_p99_ms=1.2,
        ),
        WorkerView(index=2, pid=4713, state="serving", revision=_REVISION, sequence=3, restarts=1, sync="synced"),
    ],
    listeners=[ListenerView(name="public", address="127.0.0.1:9080", connections=60, connection_limit=20_000)],
    last_reload=ReloadView(
        at="2026-01-31T08:01:10.250Z", trigger="file", result="applied", revision=_REVISION, duration_ms=4.2
    ),
    routes=1,
    upstreams=1,
    last_change=LastChangeView(revision=_REVISION, sequence=3, age_s=16.1, trigger="file"),
    incidents_last_hour={"config_applied": 2, "worker_died": 1},
    recent=_RECENT,
    previous=_PREVIOUS,
    sparks=SparksView(step_s=1, rate=[119.0, 121.0], error_ratio=[0.0, 0.005], p99_ms=[31.0, 48.2]),
    node=NodeView(name="gw-1", host="gw-1", cores=2, memory_limit_bytes=2_147_483_648),
    supervisor=ProcessView(pid=4711, cpu_ratio=0.021, rss_bytes=96_468_992, fds=31),
)

ROUTE: Final = RouteView(
    name="orders",
    index=0,
    priority=0,
    place=PlaceView(file=_FILE, line=12),
    match=MatchView(path_kind="template", path="/v1/orders/{id}", hosts=["api.example.com"], methods=["GET", "PUT"]),
    action="forward",
    upstreams=[ShareView(upstream="orders", weight=1)],
    request_timeout_ms=None,
    first_byte_timeout_ms=15_000.0,
    upstream_idle_timeout_ms=60_000.0,
    retries=RetriesView(
        attempts=3,
        on=["connect_error", "reset", "502", "503"],
        methods="idempotent",
        backoff_first_ms=25.0,
        backoff_max_ms=250.0,
        budget_ratio=0.2,
        budget_left=0.86,
        body_buffer=65_536,
    ),
    traffic=TrafficView(requests=1042, failures=3, in_flight=2, bytes_in=210_040, bytes_out=1_820_113),
    recent=_RECENT,
    previous=_PREVIOUS,
    spark=[119.0, 121.0],
    slo=ObjectiveView(availability=0.999, latency_target=0.99, latency_under_ms=300.0),
    faults=[FaultView(kind="delay", share=0.01, delay_ms=200.0)],
    policies=["retries", "faults"],
    changed_in=3,
    phases={"pool_wait": 0.01, "connect": 0.08, "send": 0.03, "ttfb": 9.2, "transfer": 0.2},
    endpoints=[RouteEndpointView(upstream="orders", address="orders.internal:9001", recent=_RECENT)],
    shared_with=["orders-export"],
)
ROUTES: Final = RouteListView(
    revision=_REVISION, routes=[msgspec.structs.replace(ROUTE, phases={}, endpoints=[], shared_with=[])]
)

UPSTREAM: Final = UpstreamView(
    name="orders",
    balance="least_request",
    hash_on=None,
    max_connections=256,
    max_pending=512,
    connect_timeout_ms=1_000.0,
    idle_timeout_ms=30_000.0,
    endpoints=[
        EndpointView(
            address="orders.internal:9001",
            weight=1,
            resolved=["127.0.0.2"],
            in_flight=2,
            connections_active=2,
            connections_idle=6,
            requests=1044,
            failures=3,
            recent=_RECENT,
            spark=[119.0, 121.0],
            reason="bad_status",
            note="200 in 3.21 ms",
            since="2026-01-31T07:58:02Z",
            checks=["active"],
            last_check=CheckView(at="2026-01-31T08:00:09Z", result="ok", evidence="200 in 2.87 ms"),
        )
    ],
    recent=_RECENT,
    previous=_PREVIOUS,
    spark=[119.0, 121.0],
    panic_below=0.5,
    circuit=CircuitView(
        state="open",
        reason="failure_ratio",
        evidence="worker 2: 57% of 124 requests failed",
        since="2026-01-31T08:00:10Z",
        workers=1,
    ),
    limits=[LimitView(kind="requests", limit=200, used=2)],
)
UPSTREAMS: Final = UpstreamListView(revision=_REVISION, upstreams=[UPSTREAM])

OBJECTIVES: Final = ObjectiveListView(
    revision=_REVISION,
    objectives=[
        ObjectiveStateView(
            route="orders",
            sli="availability",
            target=0.999,
            state="page",
            because="16.7x over 1h, 25.0x over 5m; above 14.4x is a page",
            burns=[
                BurnView(window_s=300, seconds=300, good=35_100, bad=900, burn=25.0),
                BurnView(window_s=1800, seconds=1800, good=214_200, bad=1800, burn=8.3333),
                BurnView(window_s=3600, seconds=3600, good=424_800, bad=7200, burn=16.6667),
                BurnView(window_s=21_600, seconds=21_600, good=2_584_656, bad=7344, burn=2.8333),
            ],
            budget_left=-1.8333,
            budget_window_s=21_600,
            empty_in_s=0.0,
            since="2026-01-31T08:00:10Z",
        )
    ],
    routes=1,
)

CONFIG: Final = ConfigView(
    revision=_REVISION,
    sequence=3,
    source=f"file:{_FILE}",
    config={
        "listeners": [{"name": "public", "address": "127.0.0.1:9080"}],
        "upstreams": {"orders": {"endpoints": ["orders.internal:9001"]}},
        "routes": [{"name": "orders", "match": {"path": "/v1/orders/{id}"}, "upstream": "orders"}],
    },
)

EXPLAIN: Final = ExplainRequest(method="GET", url="http://api.example.com/v1/orders/7", headers=[("Accept", "*/*")])
EXPLANATION: Final = ExplanationView(
    revision=_REVISION,
    method="GET",
    host="api.example.com",
    path="/v1/orders/7",
    route="orders",
    status=None,
    reason="none",
    detail="orders is the only route that takes the request",
    action="forward",
    parameters={"id": "7"},
    upstreams=[ShareView(upstream="orders", weight=1)],
    forwarded_path="/v1/orders/7",
    forwarded_host="api.example.com",
    considered=[
        ConsideredView(
            route="orders",
            place=PlaceView(file=_FILE, line=12),
            matched=True,
            because="orders is the only route that takes the request",
        ),
        ConsideredView(
            route="orders-write",
            place=PlaceView(file=_FILE, line=28),
            matched=False,
            because="method: expected PUT, got GET",
            failed=FailedPredicateView(
                key="match.methods", place=PlaceView(file=_FILE, line=31), expected="PUT", actual="GET"
            ),
        ),
    ],
    listener="public",
    place=PlaceView(file=_FILE, line=12),
    applied=AppliedView(
        request_headers=HeaderEditView(set={"authorization": "REDACTED"}),
        first_byte_timeout_ms=15_000.0,
        upstream_idle_timeout_ms=60_000.0,
        limits={"body": None, "headers": 100},
        trace_sample_ratio=0.01,
        trace_keep=["error", "slow", "retried"],
        slo_availability=0.999,
    ),
    choices=[
        UpstreamChoiceView(
            upstream="orders",
            share=1.0,
            place=PlaceView(file=_FILE, line=5),
            balance="least_request",
            rule="of 2 endpoints the one with the fewest requests in flight for its weight, in each worker",
            endpoints=[
                EndpointChoiceView(
                    address="orders.internal:9001",
                    weight=1,
                    eligible=True,
                    because="nothing speaks against it",
                    in_flight=2,
                    connections=8,
                    pending=0,
                ),
                EndpointChoiceView(
                    address="orders.internal:9002",
                    weight=1,
                    eligible=False,
                    because="the name orders.internal has no address; an attempt ends with dns_error",
                    in_flight=0,
                    connections=0,
                    pending=0,
                ),
            ],
        )
    ],
)

APPLIED: Final = ApplyResult(
    outcome="applied", revision=_REVISION, running_revision=_REVISION, running_sequence=4, errors=[]
)

ME: Final = MeView(name="grafana", role="viewer", read_only=True, because="the token grafana has the role viewer")

UNAUTHORIZED: Final = ProblemView(
    title="Unauthorized",
    status=401,
    reason="unauthorized",
    detail="this call needs a token: Authorization: Bearer TOKEN",
)
NOT_FOUND: Final = ProblemView(
    title="Not Found",
    status=404,
    reason="not_found",
    detail="the running configuration has no route of this name",
)
CONFLICT: Final = ProblemView(
    title="Precondition Failed",
    status=412,
    reason="conflict",
    detail="the running configuration has sequence 4; read it again before changing it",
    sequence=4,
)
INVALID: Final = ProblemView(
    title="Unprocessable Content",
    status=422,
    reason="config_invalid",
    detail="1 errors; nothing was changed",
    errors=[
        ConfigErrorView(file="body", line=9, key="routes[0].upstream", message="no upstream is named 'ordrs'"),
    ],
)
