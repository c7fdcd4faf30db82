"""Overview: is it well, and if not, whose doing is it? The first page; every other is a click away."""

from dashboards.source.parts import ALL_OR_NOTHING, ERRORS, Dashboard, Kind, Link, Panel, Query, Row, stat
from dashboards.source.promql import (
    IS_ATTEMPT_FAULT,
    IS_FAULT,
    by_class,
    caused_by,
    known,
    quantile,
    rate,
    requests,
    share,
    total,
)
from gateway.model.outcome import Source

_GOLDEN = Row(
    "Is it well?",
    (
        stat(
            "How many requests are served?",
            "Finished requests per second, refused and unmatched ones included.",
            "reqps",
            rate("http_requests_total"),
        ),
        stat(
            "What share of them fails?",
            "By the gateway's or an upstream's doing, answers that broke off after their head included. What clients did wrong or gave up is not in it.",
            "percentunit",
            share(rate("http_failures_total", IS_FAULT), requests()),
            steps=ERRORS,
        ),
        stat(
            "How long do the slowest wait?",
            "99th percentile of the period shown, from the first byte of a request to the last of its answer.",
            "s",
            quantile(0.99, "http_request_duration_seconds", window="$__range"),
            steps=((0.5, "yellow"), (2, "red")),
        ),
        stat(
            "How much of that is ours?",
            "99th percentile of the time that neither the client nor the upstream caused, in the period shown.",
            "s",
            quantile(0.99, "http_gateway_overhead_seconds", window="$__range"),
            steps=((0.01, "yellow"), (0.05, "red")),
        ),
        stat(
            "How many run right now?",
            "Requests in flight, over all workers and gateways.",
            "short",
            "sum(sightline_http_requests_in_flight)",
        ),
        stat(
            "Are all gateways reachable?",
            "Share of the instances whose last scrape succeeded.",
            "percentunit",
            "avg(up)",
            steps=ALL_OR_NOTHING,
        ),
    ),
)

_COURSE = Row(
    "What has changed?",
    (
        Panel(
            "How does traffic change?",
            "Answers per second by class of status. Vertical lines are changes of the configuration.",
            Kind.TIMESERIES,
            "reqps",
            (Query(by_class("http_requests_total"), "{{class}}"),),
            is_stacked=True,
            links=(Link.LOGS,),
        ),
        Panel(
            "Who is at fault?",
            "Requests per second that did not end in a plain answer, by who is the cause: the gateway's own decision, an upstream, or the client.",
            Kind.TIMESERIES,
            "reqps",
            tuple(Query(rate("http_failures_total", caused_by(source)), source.value) for source in Source),
            is_stacked=True,
            links=(Link.LOGS,),
        ),
        Panel(
            "How fast are the answers?",
            "Percentiles over all routes shown. A point is the exchange of a kept trace.",
            Kind.TIMESERIES,
            "s",
            tuple(
                Query(quantile(rank, "http_request_duration_seconds"), f"p{rank * 100:.0f}")
                for rank in (0.5, 0.95, 0.99)
            ),
            has_exemplars=True,
        ),
        Panel(
            "Where does the time go?",
            "Seconds of a mean request by phase. Waiting for the upstream is ttfb, waiting for the client is write.",
            Kind.TIMESERIES,
            "s",
            (
                Query(
                    total("http_phase_duration_seconds", "phase") + f" / on () group_left () ({requests()} > 0)",
                    "{{phase}}",
                ),
            ),
            is_stacked=True,
        ),
    ),
)

_WHERE = Row(
    "Where is it?",
    (
        Panel(
            "Which routes are worst?",
            "Over the period shown. Click a route for its own page.",
            Kind.TABLE,
            "none",
            (
                Query(rate("http_requests_total", by="route", window="$__range"), "Requests", "reqps"),
                Query(
                    share(
                        rate("http_failures_total", IS_FAULT, by="route", window="$__range"),
                        requests("route", "$__range"),
                    ),
                    "Failing",
                    "percentunit",
                    ERRORS,
                ),
                Query(known(quantile(0.5, "http_request_duration_seconds", "route", window="$__range")), "p50", "s"),
                Query(known(quantile(0.99, "http_request_duration_seconds", "route", window="$__range")), "p99", "s"),
                Query(
                    known(quantile(0.99, "http_gateway_overhead_seconds", "route", window="$__range")),
                    "Overhead p99",
                    "s",
                ),
            ),
            links=(Link.ROUTE,),
        ),
        Panel(
            "Which upstreams are worst?",
            "Attempts over the period shown. Click an upstream for its own page.",
            Kind.TABLE,
            "none",
            (
                Query(rate("upstream_requests_total", by="upstream", window="$__range"), "Attempts", "reqps"),
                Query(
                    share(
                        rate("upstream_requests_total", IS_ATTEMPT_FAULT, "upstream", "$__range"),
                        rate("upstream_requests_total", by="upstream", window="$__range"),
                    ),
                    "Failing",
                    "percentunit",
                    ERRORS,
                ),
                Query(
                    known(quantile(0.99, "upstream_request_duration_seconds", "upstream", window="$__range")),
                    "p99",
                    "s",
                ),
            ),
            links=(Link.UPSTREAM,),
        ),
        Panel(
            "Why do requests fail?",
            "By reason, whoever is the cause; a reason without a request is left out.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("http_failures_total", by="reason") + " > 0", "{{reason}}"),),
            is_stacked=True,
            links=(Link.LOGS,),
        ),
        Panel(
            "Which routes burn their error budget?",
            "Times faster than the objective allows, at this moment: 1 uses up the budget exactly in the period of the objective.",
            Kind.TIMESERIES,
            "none",
            (
                Query(
                    "("
                    + share(
                        rate("slo_requests_total", 'result="bad"', "route,sli"),
                        rate("slo_requests_total", by="route,sli"),
                    )
                    + ") / (1 - max by (route,sli) (sightline_slo_target_ratio))",
                    "{{route}} {{sli}}",
                ),
            ),
            steps=((1, "yellow"), (14.4, "red")),
            links=(Link.ROUTE,),
        ),
        Panel(
            "Does traffic come that matches no route?",
            "Requests per second that matched no route or were refused before one was looked for, by status.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("http_requests_total", 'route="_unmatched"', "code"), "{{code}}"),),
            is_stacked=True,
        ),
        Panel(
            "What runs where?",
            "Version and revision of each gateway; all should have the same.",
            Kind.TABLE,
            "none",
            (
                Query(
                    "max by (instance,version,revision) (sightline_build_info"
                    " * on (job,instance) group_left (revision) sightline_config_info)",
                    "Runs",
                    "none",
                ),
                Query(
                    "max by (instance,version,revision)"
                    " ((time() - sightline_config_last_applied_timestamp_seconds)"
                    " * on (job,instance) group_left (revision) sightline_config_info"
                    " * on (job,instance) group_left (version) sightline_build_info)",
                    "For",
                    "s",
                ),
            ),
        ),
    ),
)

OVERVIEW = Dashboard(
    "overview",
    "Sightline: overview",
    "Is the gateway well, and if not: is it the gateway, an upstream or a client?",
    (_GOLDEN, _COURSE, _WHERE),
)
