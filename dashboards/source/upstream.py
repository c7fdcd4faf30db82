"""Upstreams and endpoints: which one is bad, how attempts end, and whether there are connections enough."""

from dashboards.source.parts import ALL_OR_NOTHING, ERRORS, FILLING, Dashboard, Kind, Link, Panel, Query, Row, stat
from dashboards.source.promql import IS_ATTEMPT_FAULT, mean, quantile, rate, share

_ATTEMPTS = rate("upstream_requests_total")
_USED = (
    'sum by (upstream) (sightline_upstream_connections{state="active"})'
    " / sum by (upstream) (sightline_upstream_connections_limit)"
)

_HEALTH = Row(
    "Which upstream is bad?",
    (
        stat(
            "How many attempts are made?", "Tries at an endpoint per second, further ones included.", "reqps", _ATTEMPTS
        ),
        stat(
            "What share of attempts fails?",
            "Answers of the class 5xx and attempts without an answer; what a client broke off is not the upstream's.",
            "percentunit",
            share(rate("upstream_requests_total", IS_ATTEMPT_FAULT), _ATTEMPTS),
            steps=ERRORS,
        ),
        stat(
            "What share is tried once more?",
            "Attempts after the first, of all attempts.",
            "percentunit",
            share(rate("upstream_retries_total", 'result!="suppressed"'), _ATTEMPTS),
            steps=((0.05, "yellow"), (0.2, "red")),
        ),
        stat(
            "How long do the slowest take?",
            "99th percentile of an attempt in the period shown, from having a connection to the last byte of the answer.",
            "s",
            quantile(0.99, "upstream_request_duration_seconds", window="$__range"),
        ),
        stat(
            "How full is the fullest pool?",
            "Connections in use of those allowed, of the upstream where that is highest.",
            "percentunit",
            f"max({_USED})",
            steps=FILLING,
        ),
        stat(
            "May every endpoint be used?",
            "Share of the endpoints to which requests may be sent.",
            "percentunit",
            "avg(sightline_upstream_endpoint_up)",
            steps=ALL_OR_NOTHING,
        ),
        Panel(
            "Which endpoint is the bad one?",
            "Each endpoint over the period shown; one that fails or answers slower than its siblings is an outlier.",
            Kind.TABLE,
            "none",
            (
                Query("min by (upstream,endpoint) (sightline_upstream_endpoint_up)", "Up", "none", ALL_OR_NOTHING),
                Query(rate("upstream_requests_total", by="upstream,endpoint", window="$__range"), "Attempts", "reqps"),
                Query(
                    share(
                        rate("upstream_requests_total", IS_ATTEMPT_FAULT, "upstream,endpoint", "$__range"),
                        rate("upstream_requests_total", by="upstream,endpoint", window="$__range"),
                    ),
                    "Failing",
                    "percentunit",
                    ERRORS,
                ),
                Query(
                    mean("upstream_endpoint_duration_seconds", "upstream,endpoint", "$__range"),
                    "Mean",
                    "s",
                ),
                Query("sum by (upstream,endpoint) (sightline_upstream_pending)", "Waiting", "short"),
            ),
            width=24,
            links=(Link.UPSTREAM,),
        ),
    ),
)

_COURSE = Row(
    "How do attempts end?",
    (
        Panel(
            "What do upstreams answer?",
            "Attempts per second by class of status; none is an attempt without an answer.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("upstream_requests_total", by="upstream,class") + " > 0", "{{upstream}} {{class}}"),),
            is_stacked=True,
        ),
        Panel(
            "Why do attempts fail?",
            "Attempts per second by reason.",
            Kind.TIMESERIES,
            "reqps",
            (
                Query(
                    rate("upstream_requests_total", 'reason!="none"', "upstream,endpoint,reason") + " > 0",
                    "{{upstream}} {{endpoint}} {{reason}}",
                ),
            ),
            is_stacked=True,
            links=(Link.LOGS,),
        ),
        Panel(
            "How fast do upstreams answer?",
            "Percentiles of an attempt over the upstreams chosen.",
            Kind.TIMESERIES,
            "s",
            tuple(
                Query(quantile(rank, "upstream_request_duration_seconds"), f"p{rank * 100:.0f}")
                for rank in (0.5, 0.95, 0.99)
            ),
            has_exemplars=True,
        ),
        Panel(
            "Does one endpoint stand out?",
            "Mean duration of an attempt by endpoint.",
            Kind.TIMESERIES,
            "s",
            (
                Query(
                    mean("upstream_endpoint_duration_seconds", "upstream,endpoint"),
                    "{{upstream}} {{endpoint}}",
                ),
            ),
        ),
        Panel(
            "What is tried again, and does it help?",
            "Attempts after the first per second, by why the one before failed and how this one went; suppressed ones by why not made.",
            Kind.TIMESERIES,
            "reqps",
            (
                Query(
                    rate("upstream_retries_total", by="upstream,reason,result") + " > 0",
                    "{{upstream}} {{reason}}: {{result}}",
                ),
            ),
        ),
        Panel(
            "Did endpoints come and go?",
            "Endpoints by state; a state without one is left out.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (upstream,state) (sightline_upstream_endpoints) > 0", "{{upstream}} {{state}}"),),
        ),
    ),
)

_PROTECTION = Row(
    "What does the gateway do about those that fail?",
    (
        Panel(
            "Why did endpoints come and go?",
            "Changes of state in each step: to which state, and by which check, traffic, name or operator.",
            Kind.TIMESERIES,
            "short",
            (
                Query(
                    "sum by (upstream,endpoint,to,reason)"
                    " (increase(sightline_upstream_endpoint_transitions_total[$__rate_interval])) > 0",
                    "{{upstream}} {{endpoint}} {{to}}: {{reason}}",
                ),
            ),
        ),
        Panel(
            "What do health checks find?",
            "Checks per second by result; passive ones are decisions about traffic: ejected, or spared for want of others.",
            Kind.TIMESERIES,
            "ops",
            (
                Query(
                    rate("health_checks_total", by="upstream,kind,result") + " > 0",
                    "{{upstream}} {{kind}}: {{result}}",
                ),
            ),
        ),
        Panel(
            "Which circuits are not closed?",
            "1 while the circuit of an upstream is open or half-open in any worker.",
            Kind.TIMESERIES,
            "short",
            (
                Query(
                    'max by (upstream,state) (sightline_circuit_breaker_state{state!="closed"})',
                    "{{upstream}} {{state}}",
                ),
            ),
            steps=((1, "red"),),
        ),
        Panel(
            "Why do circuits change?",
            "Changes of state in each step, by reason.",
            Kind.TIMESERIES,
            "short",
            (
                Query(
                    "sum by (upstream,to,reason)"
                    " (increase(sightline_circuit_breaker_transitions_total[$__rate_interval])) > 0",
                    "{{upstream}} {{to}}: {{reason}}",
                ),
            ),
        ),
        Panel(
            "What is refused before it is tried?",
            "Requests per second that the gateway refused to protect the upstream: an open circuit, a limit.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("upstream_rejected_total", by="upstream,reason"), "{{upstream}} {{reason}}"),),
            is_stacked=True,
        ),
        Panel(
            "How much may run at once?",
            "The adaptive limit of an upstream, of all workers, and what runs beside it.",
            Kind.TIMESERIES,
            "short",
            (
                Query("sum by (upstream) (sightline_upstream_concurrency_limit)", "{{upstream}} limit"),
                Query(
                    "sum by (upstream) (sightline_upstream_in_flight)"
                    " and on (upstream) sum by (upstream) (sightline_upstream_concurrency_limit)",
                    "{{upstream}} running",
                ),
            ),
        ),
    ),
)

_POOLS = Row(
    "Are there connections enough?",
    (
        Panel(
            "How full are the pools?",
            "Connections in use of those allowed.",
            Kind.TIMESERIES,
            "percentunit",
            (Query(_USED, "{{upstream}}"),),
            steps=FILLING,
            maximum=1,
        ),
        Panel(
            "Do requests wait for a connection?",
            "Attempts that wait for a place in the pool of their endpoint.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (upstream) (sightline_upstream_pending)", "{{upstream}}"),),
            steps=((1, "yellow"),),
        ),
        Panel(
            "Are connections in use or idle?",
            "Open connections by state.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (upstream,state) (sightline_upstream_connections)", "{{upstream}} {{state}}"),),
            is_stacked=True,
        ),
        Panel(
            "Can connections be opened?",
            "Attempts to open a connection per second, by ok or what went wrong.",
            Kind.TIMESERIES,
            "cps",
            (
                Query(
                    rate("upstream_connections_opened_total", by="upstream,result") + " > 0", "{{upstream}} {{result}}"
                ),
            ),
        ),
        Panel(
            "Why do connections end?",
            "Connections closed per second. Many beside few requests: keep-alive does not work.",
            Kind.TIMESERIES,
            "cps",
            (Query(rate("upstream_connections_closed_total", by="upstream,reason"), "{{upstream}} {{reason}}"),),
        ),
        Panel(
            "How much runs at each endpoint?",
            "Attempts in flight; under least_request even, unless one endpoint is slow.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (upstream,endpoint) (sightline_upstream_in_flight)", "{{upstream}} {{endpoint}}"),),
        ),
    ),
)

UPSTREAM = Dashboard(
    "upstream",
    "Sightline: upstreams and endpoints",
    "Which upstream or endpoint is bad, why do attempts fail, and are there connections enough?",
    (_HEALTH, _COURSE, _PROTECTION, _POOLS),
)
