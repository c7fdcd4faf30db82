"""Route: rate, errors and durations of the routes chosen, where their time goes, and the way to a single exchange."""

from dashboards.source.parts import ERRORS, Dashboard, Kind, Link, Panel, Query, Row, stat
from dashboards.source.promql import IS_FAULT, by_class, known, quantile, rate, requests, share, total

_NUMBERS = Row(
    "How does the route do?",
    (
        stat("How often is it asked?", "Finished requests per second.", "reqps", rate("http_requests_total")),
        stat(
            "What share fails?",
            "By the gateway's or the upstream's doing.",
            "percentunit",
            share(rate("http_failures_total", IS_FAULT), requests()),
            steps=ERRORS,
        ),
        stat(
            "How long does half of it take?",
            "Median duration in the period shown.",
            "s",
            quantile(0.5, "http_request_duration_seconds", window="$__range"),
        ),
        stat(
            "How long does the slowest 1 % take?",
            "99th percentile of the period shown.",
            "s",
            quantile(0.99, "http_request_duration_seconds", window="$__range"),
        ),
        stat(
            "How many clients give up?",
            "Share of the requests whose client closed the connection or timed out before the end.",
            "percentunit",
            share(rate("http_failures_total", 'reason=~"client_disconnect|client_timeout"'), requests()),
            steps=((0.01, "yellow"), (0.05, "red")),
        ),
        stat(
            "How long has the oldest been running?",
            "Age of the oldest request in flight; tunnels are left out.",
            "s",
            "max(sightline_http_oldest_request_age_seconds)",
            steps=((30, "yellow"), (300, "red")),
        ),
    ),
)

_RED = Row(
    "Rate, errors, duration: what happened when?",
    (
        Panel(
            "Which answers does it give?",
            "Requests per second by class of status.",
            Kind.TIMESERIES,
            "reqps",
            (Query(by_class("http_requests_total", "route"), "{{route}} {{class}}"),),
            is_stacked=True,
            links=(Link.LOGS,),
        ),
        Panel(
            "Why do its requests fail?",
            "By reason, the same word as in the access line and the span.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("http_failures_total", by="route,reason") + " > 0", "{{route}} {{reason}}"),),
            is_stacked=True,
            links=(Link.LOGS,),
        ),
        Panel(
            "How fast is it?",
            "Percentiles of the routes chosen together. A point is the exchange of a kept trace: click it.",
            Kind.TIMESERIES,
            "s",
            tuple(
                Query(quantile(rank, "http_request_duration_seconds"), f"p{rank * 100:.0f}")
                for rank in (0.5, 0.95, 0.99)
            ),
            has_exemplars=True,
        ),
        Panel(
            "Is there more than one speed?",
            "How many requests took how long. Two bands are two kinds of requests, or a cache, or a timeout. Needs classic buckets.",
            Kind.HEATMAP,
            "s",
            (
                Query(
                    "sum by (le) (increase(sightline_http_request_duration_seconds_bucket[$__rate_interval]))", "{{le}}"
                ),
            ),
            has_exemplars=True,
        ),
        Panel(
            "Are failures slow or fast?",
            "Median duration by class of status: fast 5xx are refused, slow ones ran into a timeout.",
            Kind.TIMESERIES,
            "s",
            (Query(known(quantile(0.5, "http_request_duration_seconds", "class")), "{{class}}"),),
        ),
        Panel(
            "Which routes are slowest?",
            "99th percentile of the period shown.",
            Kind.BARGAUGE,
            "s",
            (
                Query(
                    f"topk(10, {known(quantile(0.99, 'http_request_duration_seconds', 'route', window='$__range'))})",
                    "{{route}}",
                ),
            ),
            links=(Link.ROUTE,),
        ),
    ),
)

_TIME = Row(
    "Where does its time go?",
    (
        Panel(
            "Which phase takes the time?",
            "Seconds spent per second by phase, at the upstreams the routes chosen lead to, with what other routes send there.",
            Kind.TIMESERIES,
            "none",
            (
                Query(
                    f"sum by (phase) ({total('http_phase_duration_seconds', 'job,instance,upstream,phase')}"
                    " * on (job,instance,upstream) group_left ()"
                    " max by (job,instance,upstream) (sightline_route_info))",
                    "{{phase}}",
                ),
            ),
            is_stacked=True,
        ),
        Panel(
            "How much is the gateway's own?",
            "Time that neither the client nor the upstream caused.",
            Kind.TIMESERIES,
            "s",
            tuple(Query(quantile(rank, "http_gateway_overhead_seconds"), f"p{rank * 100:.0f}") for rank in (0.5, 0.99)),
        ),
        Panel(
            "How many ran at once?",
            "Requests in flight now, and the most there were in any 60 seconds.",
            Kind.TIMESERIES,
            "short",
            (
                Query("sum by (route) (sightline_http_requests_in_flight)", "{{route}} now"),
                Query("sum by (route) (sightline_http_requests_in_flight_peak)", "{{route}} peak"),
            ),
        ),
        Panel(
            "How much is sent?",
            "Bytes per second with heads, as read from and written to clients.",
            Kind.TIMESERIES,
            "Bps",
            (
                Query(rate("http_request_bytes_total"), "requests"),
                Query(rate("http_response_bytes_total"), "answers"),
            ),
        ),
        Panel(
            "How many more retries may it make?",
            "What is left of its budget of retries of the last ten seconds; at 0 failures reach the client at once.",
            Kind.TIMESERIES,
            "percentunit",
            (Query("min by (route) (sightline_upstream_retry_budget_remaining_ratio)", "{{route}}"),),
            maximum=1,
        ),
        Panel(
            "Does it fail on purpose?",
            "Requests per second that its configuration holds back or answers by itself: a game day.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("http_faults_injected_total", by="route,fault"), "{{route}} {{fault}}"),),
        ),
        Panel(
            "Where does it lead?",
            "Routes and what is behind them; an empty host is any host. Click an upstream for its own page.",
            Kind.TABLE,
            "none",
            (Query("max by (route,upstream,host,path) (sightline_route_info)", "Configured", "none"),),
            links=(Link.UPSTREAM,),
        ),
        Panel(
            "Who asks how?",
            "Requests per second by method; what is not a standard method is _OTHER.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("http_requests_total", by="method"), "{{method}}"),),
            is_stacked=True,
        ),
    ),
)

ROUTE = Dashboard(
    "route",
    "Sightline: route",
    "What does a route do, how fast, and why do its requests fail?",
    (_NUMBERS, _RED, _TIME),
)
