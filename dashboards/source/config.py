"""Configuration and telemetry: does every gateway run what was meant, and can what it tells be trusted?"""

from dashboards.source.parts import ALL_OR_NOTHING, ANY_IS_BAD, FILLING, Dashboard, Kind, Panel, Query, Row, stat
from dashboards.source.promql import mean, rate, share

_STALE = ((300, "red"),)
_QUEUE_FILL = "sightline_telemetry_queue_length / (sightline_telemetry_queue_capacity > 0)"
_CPU_SHARE = share(rate("telemetry_cpu_seconds_total", by="instance"), rate("process_cpu_seconds_total", by="instance"))


def _with_revision(expr: str) -> str:
    """A value of each gateway beside what it runs."""
    return (
        f"max by (instance,revision,source) (({expr})"
        " * on (job,instance) group_left (revision,source) sightline_config_info)"
    )


_NUMBERS = Row(
    "Can it be trusted?",
    (
        stat(
            "How many revisions run?",
            "Different configurations over all gateways shown; 1 unless a rollout is under way.",
            "short",
            "count(count by (revision) (sightline_config_info))",
            steps=((2, "red"),),
        ),
        stat(
            "Was the last configuration accepted?",
            "1 if the configuration read last was accepted by every gateway.",
            "none",
            "min(sightline_config_last_reload_success)",
            steps=ALL_OR_NOTHING,
        ),
        stat(
            "When was the source last seen?",
            "Age of the last time the source of the configuration was found readable; the worst gateway.",
            "s",
            "max(time() - sightline_config_source_last_read_timestamp_seconds)",
            steps=_STALE,
        ),
        stat(
            "Is telemetry lost?",
            "Lines and spans given up per second.",
            "ops",
            rate("telemetry_dropped_total"),
            steps=ANY_IS_BAD,
        ),
        stat(
            "How full is the fullest queue?",
            "What waits to be delivered, of what may wait.",
            "percentunit",
            f"max({_QUEUE_FILL})",
            steps=FILLING,
        ),
        stat(
            "What does telemetry cost?",
            "Its share of all processor time the gateway uses; the worst gateway.",
            "percentunit",
            f"max({_CPU_SHARE})",
            steps=((0.3, "yellow"), (0.5, "red")),
        ),
    ),
)

_APPLIED = Row(
    "Does every gateway run what was meant?",
    (
        Panel(
            "Which gateway runs which revision?",
            "Since when, and whether its source holds another configuration by now (1).",
            Kind.TABLE,
            "none",
            (
                Query(_with_revision("time() - sightline_config_last_applied_timestamp_seconds"), "For", "s"),
                Query(_with_revision("sightline_config_source_differs"), "Source differs", "none", ((1, "yellow"),)),
                Query(_with_revision("sightline_config_last_reload_success"), "Accepted", "none", ALL_OR_NOTHING),
            ),
            width=24,
            height=6,
        ),
        Panel(
            "How do reloads end?",
            "Configurations read, by outcome.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (result) (increase(sightline_config_reloads_total[$__rate_interval]))", "{{result}}"),),
            is_stacked=True,
        ),
        Panel(
            "How long does it take to apply one?",
            "Mean time in the period shown, from reading a configuration to every worker running it.",
            Kind.BARGAUGE,
            "s",
            (
                Query(
                    mean("config_apply_duration_seconds", "instance", "$__range"),
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            "Do gateways differ?",
            "The running revision as a number: lines on top of each other are the same configuration.",
            Kind.TIMESERIES,
            "none",
            (Query("sightline_config_hash", "{{instance}}"),),
            minimum=None,
        ),
        Panel(
            "How large is the configuration?",
            "Objects by kind.",
            Kind.TIMESERIES,
            "short",
            (Query("max by (kind) (sightline_config_objects)", "{{kind}}"),),
        ),
    ),
)

_TELEMETRY = Row(
    "Is telemetry complete?",
    (
        Panel(
            "What was given up, and why?",
            "Lines and spans per second. A gap in logs or traces is explained here or not at all.",
            Kind.TIMESERIES,
            "ops",
            (Query(rate("telemetry_dropped_total", by="signal,sink,reason"), "{{signal}} {{sink}} {{reason}}"),),
            steps=ANY_IS_BAD,
        ),
        Panel(
            "What was delivered?",
            "Lines and spans per second.",
            Kind.TIMESERIES,
            "ops",
            (Query(rate("telemetry_exported_total", by="signal,sink"), "{{signal}} {{sink}}"),),
        ),
        Panel(
            "Are queues filling?",
            "What waits to be delivered, of what may wait; a full queue drops.",
            Kind.TIMESERIES,
            "percentunit",
            (Query(_QUEUE_FILL, "{{instance}} {{signal}} {{sink}}"),),
            steps=FILLING,
            maximum=1,
        ),
        Panel(
            "Does a sink hang?",
            "Time since a sink last took something.",
            Kind.TIMESERIES,
            "s",
            (Query("time() - sightline_telemetry_last_success_timestamp_seconds", "{{instance}} {{signal}} {{sink}}"),),
            steps=_STALE,
        ),
        Panel(
            "How long do deliveries take?",
            "Mean time of one delivery to a sink, failed ones included.",
            Kind.TIMESERIES,
            "s",
            (
                Query(
                    mean("telemetry_export_duration_seconds", "signal,sink"),
                    "{{signal}} {{sink}}",
                ),
            ),
        ),
        Panel(
            "Which exchanges are kept as traces?",
            "Exchanges per second by what kept their spans; none was let go.",
            Kind.TIMESERIES,
            "ops",
            (Query(rate("trace_decisions_total", by="decision,rule"), "{{decision}} {{rule}}"),),
            is_stacked=True,
        ),
        Panel(
            "Do live followers see everything?",
            "Exchanges per second that matched a follower's filter: shown, left out by sampling, or lost because it was slow.",
            Kind.TIMESERIES,
            "ops",
            (Query(rate("tail_events_total", by="result"), "{{result}}"),),
        ),
        Panel(
            "Who follows live?",
            "Followers of live exchanges.",
            Kind.TIMESERIES,
            "short",
            (Query("sum by (instance) (sightline_tail_subscribers)", "{{instance}}"),),
        ),
    ),
)

_COST = Row(
    "At what price?",
    (
        Panel(
            "How much processor time does telemetry take?",
            "Its share of all processor time the gateway uses.",
            Kind.TIMESERIES,
            "percentunit",
            (Query(_CPU_SHARE, "{{instance}}"),),
        ),
        Panel(
            "How long does a scrape take?",
            "Rendering in the gateway, and the whole scrape as Prometheus sees it.",
            Kind.TIMESERIES,
            "s",
            (
                Query("sightline_metrics_render_seconds", "{{instance}} rendering"),
                Query("scrape_duration_seconds", "{{instance}} scrape"),
            ),
            steps=((2, "red"),),
        ),
        Panel(
            "How many series are there?",
            "Samples of the scrape before the last.",
            Kind.TIMESERIES,
            "short",
            (Query("sightline_metrics_series", "{{instance}}"),),
        ),
        Panel(
            "Does cardinality hit its cap?",
            "Observations per second that share the label _overflow, because metrics.max_routes is reached.",
            Kind.TIMESERIES,
            "ops",
            (Query(rate("telemetry_label_overflow_total", by="metric,label"), "{{metric}} {{label}}"),),
            steps=ANY_IS_BAD,
        ),
        Panel(
            "How large is a scrape?",
            "Bytes of the scrape before the last.",
            Kind.TIMESERIES,
            "bytes",
            (Query("sightline_metrics_scrape_bytes", "{{instance}}"),),
        ),
        Panel(
            "How much memory has the history?",
            "Memory of the rolling windows, of what they may take; when it is full the quietest series lose their longest windows.",
            Kind.TIMESERIES,
            "percentunit",
            (Query("sightline_history_memory_bytes / sightline_history_memory_limit_bytes", "{{instance}}"),),
            maximum=1,
        ),
    ),
)

CONFIG = Dashboard(
    "config",
    "Sightline: configuration and telemetry",
    "Does every gateway run what was meant, and can what it tells be trusted?",
    (_NUMBERS, _APPLIED, _TELEMETRY, _COST),
)
