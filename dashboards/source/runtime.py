"""Runtime: whether the gateway itself has what it needs: loops that turn, processor, memory, descriptors, connections."""

from dashboards.source.parts import ANY_IS_BAD, FILLING, Dashboard, Kind, Panel, Query, Row, stat
from dashboards.source.promql import quantile, rate

_MEMORY_USED = (
    "sum by (job,instance) (sightline_process_resident_memory_bytes) / on (job,instance) sightline_memory_limit_bytes"
)
_FDS_USED = "sightline_process_open_fds / sightline_process_max_fds"

_NUMBERS = Row(
    "Has it what it needs?",
    (
        stat(
            "How late are the loops?",
            "99th percentile of how late a timer fires, of the worker where that is worst.",
            "s",
            f"max({quantile(0.99, 'event_loop_lag_seconds', 'instance,worker')})",
            steps=((0.1, "yellow"), (1, "red")),
        ),
        stat(
            "How busy is the busiest loop?",
            "Share of its time in which a worker was working; near 1 it is out of capacity.",
            "percentunit",
            "max(sightline_event_loop_busy_ratio)",
            steps=FILLING,
        ),
        stat(
            "How much memory is used?",
            "Of what is allowed; the worst instance.",
            "percentunit",
            f"max({_MEMORY_USED})",
            steps=FILLING,
        ),
        stat(
            "How many descriptors are used?",
            "Of those a process may open; the worst process.",
            "percentunit",
            f"max({_FDS_USED})",
            steps=FILLING,
        ),
        stat(
            "How full are the listeners?",
            "Connections of clients of those allowed; the worst listener.",
            "percentunit",
            "max(sightline_connections_active / sightline_connections_limit)",
            steps=FILLING,
        ),
        stat(
            "Did workers die?",
            "Workers started in place of one that ended, in the period shown.",
            "short",
            "round(sum(increase(sightline_worker_restarts_total[$__range])))",
            steps=((0.5, "red"),),
        ),
    ),
)

_LOOPS = Row(
    "Do the loops turn?",
    (
        Panel(
            "Which worker lags?",
            "99th percentile of how late a timer fires: all that a worker does waits this long.",
            Kind.TIMESERIES,
            "s",
            (Query(quantile(0.99, "event_loop_lag_seconds", "instance,worker"), "{{instance}} worker {{worker}}"),),
            steps=((0.1, "yellow"), (1, "red")),
        ),
        Panel(
            "Is work spread evenly?",
            "Share of its time in which each worker's loop was working.",
            Kind.TIMESERIES,
            "percentunit",
            (Query("sightline_event_loop_busy_ratio", "{{instance}} worker {{worker}}"),),
            maximum=1,
        ),
        Panel(
            "Who uses the processor?",
            "Processors used by each process.",
            Kind.TIMESERIES,
            "none",
            (Query(rate("process_cpu_seconds_total", by="instance,process"), "{{instance}} {{process}}"),),
            is_stacked=True,
        ),
        Panel(
            "Are all workers serving?",
            "Worker processes by state.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (instance,state) (sightline_workers) > 0", "{{instance}} {{state}}"),),
            is_stacked=True,
        ),
        Panel(
            "Why were workers replaced?",
            "Workers started in place of one that ended.",
            Kind.TIMESERIES,
            "short",
            (
                Query(
                    "sum by (instance,reason) (increase(sightline_worker_restarts_total[$__rate_interval]))",
                    "{{instance}} {{reason}}",
                ),
            ),
            steps=ANY_IS_BAD,
        ),
        Panel(
            "How many requests ran at once?",
            "In flight now, and the most in any 60 seconds, which a scrape alone would miss.",
            Kind.TIMESERIES,
            "short",
            (
                Query("sum by (instance) (sightline_http_requests_in_flight)", "{{instance}} now"),
                Query("sum by (instance) (sightline_http_requests_in_flight_peak)", "{{instance}} peak"),
            ),
        ),
    ),
)

_RESOURCES = Row(
    "What runs out first?",
    (
        Panel(
            "Who uses the memory?",
            "Resident memory of each process.",
            Kind.TIMESERIES,
            "bytes",
            (Query("sightline_process_resident_memory_bytes", "{{instance}} {{process}}"),),
            is_stacked=True,
        ),
        Panel(
            "Who holds descriptors?",
            "Open file descriptors of each process: connections, for the most part.",
            Kind.TIMESERIES,
            "short",
            (Query("sightline_process_open_fds", "{{instance}} {{process}}"),),
        ),
        Panel(
            "How many clients are connected?",
            "Open connections by listener.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (instance,listener) (sightline_connections_active)", "{{instance}} {{listener}}"),),
        ),
        Panel(
            "Are clients turned away?",
            "Connections per second: accepted, and rejected by reason.",
            Kind.TIMESERIES,
            "cps",
            (
                Query(rate("connections_accepted_total", by="listener"), "{{listener}} accepted"),
                Query(rate("connections_rejected_total", by="listener,reason"), "{{listener}} rejected: {{reason}}"),
            ),
        ),
        Panel(
            "Is a request stuck?",
            "Age of the oldest request in flight by route; tunnels are left out.",
            Kind.TIMESERIES,
            "s",
            (Query("max by (route) (sightline_http_oldest_request_age_seconds)", "{{route}}"),),
            steps=((300, "red"),),
        ),
        Panel(
            "How near are the limits?",
            "Memory and descriptors in use, of what is allowed.",
            Kind.BARGAUGE,
            "percentunit",
            (
                Query(_MEMORY_USED, "{{instance}} memory"),
                Query(_FDS_USED, "{{instance}} {{process}} descriptors"),
            ),
            steps=FILLING,
            maximum=1,
        ),
    ),
)

_OVERLOAD = Row(
    "Is it overloaded?",
    (
        Panel(
            "What are workers short of?",
            "Of each resource, against the mark above which requests or connections are turned away; at 1 they are.",
            Kind.TIMESERIES,
            "percentunit",
            (
                Query(
                    "max by (instance,worker,resource) (sightline_overload_pressure_ratio)",
                    "{{instance}} worker {{worker}} {{resource}}",
                ),
            ),
            steps=FILLING,
        ),
        Panel(
            "Is work turned away?",
            "By each worker and for want of what: 0 none, 1 some, 2 all.",
            Kind.TIMESERIES,
            "short",
            (
                Query(
                    "max by (instance,worker,resource) (sightline_overload_level)",
                    "{{instance}} worker {{worker}} {{resource}}",
                ),
            ),
            steps=((1, "yellow"), (2, "red")),
        ),
        Panel(
            "Did a loop stand still?",
            "Times in each step that an event loop stood still for longer than its watchdog allows; the log says in what.",
            Kind.TIMESERIES,
            "short",
            (
                Query(
                    "sum by (instance,process) (increase(sightline_event_loop_blocked_total[$__rate_interval]))",
                    "{{instance}} {{process}}",
                ),
            ),
            steps=ANY_IS_BAD,
        ),
    ),
)

RUNTIME = Dashboard(
    "runtime",
    "Sightline: runtime",
    "Has the gateway what it needs, and what runs out first?",
    (_NUMBERS, _LOOPS, _RESOURCES, _OVERLOAD),
)
