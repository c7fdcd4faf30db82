"""Every instrument of the gateway, once: its name, kind, labels and meaning. What is not listed here is not measured."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.telemetry.histogram import EDGES_NS, LAG_EDGES_NS

PREFIX: Final = "sightline_"


class Kind(StrEnum):
    """The values are the type names of the Prometheus exposition formats."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Instrument:
    """`name` as exposed, with prefix and unit; labels in the order of all label tuples; edges of a histogram's buckets."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    edges_ns: tuple[int, ...] = ()


def _counter(name: str, labels: tuple[str, ...], text: str) -> Instrument:
    return Instrument(f"{PREFIX}{name}_total", Kind.COUNTER, labels, text)


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Instrument:
    return Instrument(PREFIX + name, Kind.GAUGE, labels, text)


def _histogram(name: str, labels: tuple[str, ...], text: str, edges: list[int] = EDGES_NS) -> Instrument:
    return Instrument(PREFIX + name, Kind.HISTOGRAM, labels, text, tuple(edges))


HTTP_REQUESTS: Final = _counter(
    "http_requests",
    ("route", "method", "code", "source"),
    "Finished requests, those that matched no route or were refused included.",
)
HTTP_REQUEST_DURATION: Final = _histogram(
    "http_request_duration_seconds",
    ("route", "class"),
    "From the first byte of a request to the last byte of its answer.",
)
HTTP_FAILURES: Final = _counter(
    "http_failures", ("route", "reason"), "Requests that did not end in a plain answer, and why."
)
HTTP_OVERHEAD: Final = _histogram(
    "http_gateway_overhead_seconds",
    ("route",),
    "Time of a request that neither the client nor the upstream caused.",
)
HTTP_FAULTS_INJECTED: Final = _counter(
    "http_faults_injected",
    ("route", "fault"),
    "Requests that their route's configuration held back (delay) or answered by itself (abort), on purpose.",
)
HTTP_PHASE_DURATION: Final = _histogram(
    "http_phase_duration_seconds",
    ("phase", "upstream"),
    "Time spent in each phase; the upstream is _none for requests the gateway answered by itself.",
)
HTTP_REQUEST_BYTES: Final = _counter("http_request_bytes", ("route",), "Bytes of requests as read, heads included.")
HTTP_RESPONSE_BYTES: Final = _counter("http_response_bytes", ("route",), "Bytes of answers as written, heads included.")
HTTP_IN_FLIGHT: Final = _gauge("http_requests_in_flight", ("route",), "Requests running now.")
HTTP_IN_FLIGHT_PEAK: Final = _gauge(
    "http_requests_in_flight_peak", ("route",), "The most requests seen running at once in the last 60 seconds."
)
HTTP_OLDEST_AGE: Final = _gauge(
    "http_oldest_request_age_seconds", ("route",), "Age of the oldest request still running; tunnels are left out."
)
ROUTE_INFO: Final = _gauge("route_info", ("route", "upstream", "host", "path"), "1, with what a route leads to.")

UPSTREAM_REQUESTS: Final = _counter(
    "upstream_requests",
    ("upstream", "endpoint", "class", "reason"),
    "Attempts at an endpoint; reason is none when a plain answer came, class is none when no answer came.",
)
UPSTREAM_DURATION: Final = _histogram(
    "upstream_request_duration_seconds",
    ("upstream", "class"),
    "Of an attempt, from having a connection to the last byte of the answer.",
)
UPSTREAM_ENDPOINT_DURATION: Final = Instrument(
    f"{PREFIX}upstream_endpoint_duration_seconds",
    Kind.SUMMARY,
    ("upstream", "endpoint"),
    "The same per endpoint, count and sum only.",
)
UPSTREAM_IN_FLIGHT: Final = _gauge("upstream_in_flight", ("upstream", "endpoint"), "Attempts running now.")
UPSTREAM_PENDING: Final = _gauge("upstream_pending", ("upstream", "endpoint"), "Attempts waiting for a connection now.")
UPSTREAM_CONNECTIONS: Final = _gauge(
    "upstream_connections", ("upstream", "state"), "Open connections to the endpoints of an upstream, active or idle."
)
UPSTREAM_CONNECTIONS_LIMIT: Final = _gauge(
    "upstream_connections_limit", ("upstream",), "Connections allowed to the endpoints of an upstream, by all workers."
)
UPSTREAM_OPENED: Final = _counter(
    "upstream_connections_opened", ("upstream", "result"), "Attempts to open a connection, by ok or what went wrong."
)
UPSTREAM_CLOSED: Final = _counter(
    "upstream_connections_closed", ("upstream", "reason"), "Connections that were open and are no more."
)

UPSTREAM_RETRIES: Final = _counter(
    "upstream_retries",
    ("upstream", "reason", "result"),
    "Attempts after the first, by why the one before failed and how this one went; suppressed ones by why they were not made.",
)
UPSTREAM_RETRY_BUDGET: Final = _gauge(
    "upstream_retry_budget_remaining_ratio",
    ("route",),
    "Share of the retries a route may make in ten seconds that are left, of all workers together.",
)
UPSTREAM_ENDPOINT_UP: Final = _gauge(
    "upstream_endpoint_up", ("upstream", "endpoint"), "1 if requests may be sent to it."
)
UPSTREAM_ENDPOINTS: Final = _gauge("upstream_endpoints", ("upstream", "state"), "Endpoints of an upstream by state.")
UPSTREAM_TRANSITIONS: Final = _counter(
    "upstream_endpoint_transitions",
    ("upstream", "endpoint", "to", "reason"),
    "Changes of the state of an endpoint, and why.",
)

UPSTREAM_REJECTED: Final = _counter(
    "upstream_rejected", ("upstream", "reason"), "Requests refused before anything was sent to the upstream, and why."
)
UPSTREAM_CONCURRENCY_LIMIT: Final = _gauge(
    "upstream_concurrency_limit",
    ("upstream",),
    "Requests an upstream may have in flight by its adaptive limit, of all workers.",
)
CIRCUIT_BREAKER_STATE: Final = _gauge(
    "circuit_breaker_state",
    ("upstream", "state"),
    "1 for the state a circuit is in: closed, open or half_open; the worst of all workers.",
)
CIRCUIT_BREAKER_TRANSITIONS: Final = _counter(
    "circuit_breaker_transitions", ("upstream", "to", "reason"), "Changes of the state of a circuit, and why."
)
UPSTREAM_PANIC: Final = _gauge(
    "upstream_panic", ("upstream",), "1 while all endpoints are used because too few of them are usable."
)
HEALTH_CHECKS: Final = _counter(
    "health_checks",
    ("upstream", "endpoint", "kind", "result"),
    "Active checks by what came of them, and what passive ones decided: ejected, or spared for want of others.",
)

CONNECTIONS_ACTIVE: Final = _gauge("connections_active", ("listener",), "Open connections of clients.")
CONNECTIONS_LIMIT: Final = _gauge("connections_limit", ("listener",), "Connections of clients allowed, by all workers.")
CONNECTIONS_ACCEPTED: Final = _counter("connections_accepted", ("listener",), "Connections of clients accepted.")
CONNECTIONS_REJECTED: Final = _counter(
    "connections_rejected", ("listener", "reason"), "Connections of clients turned away."
)

EVENT_LOOP_LAG: Final = _histogram(
    "event_loop_lag_seconds", ("worker",), "How late a timer of a worker's loop fired.", LAG_EDGES_NS
)
EVENT_LOOP_BUSY: Final = _gauge(
    "event_loop_busy_ratio",
    ("worker",),
    "Share of a processor that a worker's loop used since its last report.",
)
EVENT_LOOP_BLOCKED: Final = _counter(
    "event_loop_blocked", ("process",), "Times an event loop stood still for longer than its watchdog allows."
)
OVERLOAD_PRESSURE: Final = _gauge(
    "overload_pressure_ratio",
    ("worker", "resource"),
    "How short a worker is of something, against the mark above which it turns requests or connections away: 1 is there.",
)
OVERLOAD_LEVEL: Final = _gauge(
    "overload_level",
    ("worker", "resource"),
    "Whether a worker turns requests or connections away for want of it: 0 none, 1 some, 2 all.",
)
PROCESS_MEMORY: Final = _gauge(
    "process_resident_memory_bytes", ("process",), "Resident memory of the supervisor and of each worker."
)
MEMORY_LIMIT: Final = _gauge(
    "memory_limit_bytes", (), "Memory all processes may use together: of the control group, or else of the machine."
)
PROCESS_OPEN_FDS: Final = _gauge("process_open_fds", ("process",), "Open file descriptors of a process.")
PROCESS_MAX_FDS: Final = _gauge("process_max_fds", ("process",), "File descriptors a process may open.")
PROCESS_CPU: Final = _counter("process_cpu_seconds", ("process",), "CPU time of a process, user and system.")
TELEMETRY_CPU: Final = _counter(
    "telemetry_cpu_seconds", ("process",), "CPU time a process spent on metrics, lines, spans and their delivery."
)
WORKERS: Final = _gauge("workers", ("state",), "Worker processes by state.")
WORKER_RESTARTS: Final = _counter(
    "worker_restarts", ("reason",), "Worker processes started in place of one that ended."
)

CONFIG_INFO: Final = _gauge("config_info", ("revision", "source"), "1 for the configuration that is running.")
CONFIG_LAST_RELOAD_SUCCESS: Final = _gauge(
    "config_last_reload_success", (), "Whether the source gave a configuration that could run when it was read last."
)
CONFIG_LAST_APPLIED: Final = _gauge(
    "config_last_applied_timestamp_seconds", (), "When the running configuration was applied."
)
CONFIG_SOURCE_LAST_READ: Final = _gauge(
    "config_source_last_read_timestamp_seconds", (), "When the source of the configuration was last found readable."
)
CONFIG_SOURCE_DIFFERS: Final = _gauge(
    "config_source_differs", (), "1 while the source does not give the configuration that is running."
)
CONFIG_HASH: Final = _gauge("config_hash", (), "The running revision as a number, to compare gateways by.")
CONFIG_RELOADS: Final = _counter("config_reloads", ("result",), "Configurations read after the first, by outcome.")
CONFIG_APPLY_DURATION: Final = Instrument(
    f"{PREFIX}config_apply_duration_seconds",
    Kind.SUMMARY,
    (),
    "From reading a configuration to every worker running it, count and sum only.",
)
CONFIG_OBJECTS: Final = _gauge("config_objects", ("kind",), "Objects of the running configuration.")

SLO_REQUESTS: Final = _counter(
    "slo_requests",
    ("route", "sli", "result"),
    "Requests judged against an objective of their route, exactly at its threshold.",
)
SLO_TARGET: Final = _gauge("slo_target_ratio", ("route", "sli"), "The share of good requests a route is to have.")

TELEMETRY_DROPPED: Final = _counter(
    "telemetry_dropped", ("signal", "sink", "reason"), "Lines and spans that were given up."
)
TELEMETRY_EXPORTED: Final = _counter("telemetry_exported", ("signal", "sink"), "Lines and spans that were delivered.")
TELEMETRY_QUEUE_LENGTH: Final = _gauge(
    "telemetry_queue_length", ("signal", "sink"), "Waiting to be delivered: bytes of lines, number of spans."
)
TELEMETRY_QUEUE_CAPACITY: Final = _gauge(
    "telemetry_queue_capacity", ("signal", "sink"), "How much may wait to be delivered."
)
TELEMETRY_LAST_SUCCESS: Final = _gauge(
    "telemetry_last_success_timestamp_seconds", ("signal", "sink"), "When a sink last took something."
)
TELEMETRY_EXPORT_DURATION: Final = Instrument(
    f"{PREFIX}telemetry_export_duration_seconds",
    Kind.SUMMARY,
    ("signal", "sink"),
    "Of one delivery to a sink, failed ones included, count and sum only.",
)
TELEMETRY_LABEL_OVERFLOW: Final = _counter(
    "telemetry_label_overflow", ("metric", "label"), "Observations counted under _overflow for want of room."
)
TAIL_SUBSCRIBERS: Final = _gauge("tail_subscribers", (), "Those who follow live exchanges now.")
TAIL_EVENTS: Final = _counter(
    "tail_events",
    ("result",),
    "Exchanges that matched a follower's filter: shown, sampled_out, or lost because it was slow.",
)
HISTORY_MEMORY: Final = _gauge("history_memory_bytes", (), "Memory the rolling windows take.")
HISTORY_MEMORY_LIMIT: Final = _gauge("history_memory_limit_bytes", (), "Memory the rolling windows may take.")
METRICS_BYTES: Final = _gauge("metrics_scrape_bytes", (), "Size of the scrape before this one.")
METRICS_RENDER: Final = _gauge("metrics_render_seconds", (), "How long rendering took for the scrape before this one.")
METRICS_SERIES: Final = _gauge("metrics_series", (), "Samples in the scrape before this one.")
TRACE_DECISIONS: Final = _counter(
    "trace_decisions", ("decision", "rule"), "Exchanges kept for their spans by rule, and those let go."
)
BUILD_INFO: Final = _gauge("build_info", ("version", "python", "compiled"), "1, with what is running.")

TRAFFIC: Final[tuple[Instrument, ...]] = (
    HTTP_REQUESTS,
    HTTP_REQUEST_DURATION,
    HTTP_FAILURES,
    HTTP_OVERHEAD,
    HTTP_FAULTS_INJECTED,
    HTTP_PHASE_DURATION,
    HTTP_REQUEST_BYTES,
    HTTP_RESPONSE_BYTES,
    HTTP_IN_FLIGHT,
    HTTP_IN_FLIGHT_PEAK,
    HTTP_OLDEST_AGE,
    ROUTE_INFO,
    UPSTREAM_REQUESTS,
    UPSTREAM_DURATION,
    UPSTREAM_ENDPOINT_DURATION,
    UPSTREAM_IN_FLIGHT,
    UPSTREAM_PENDING,
    UPSTREAM_CONNECTIONS,
    UPSTREAM_CONNECTIONS_LIMIT,
    UPSTREAM_OPENED,
    UPSTREAM_CLOSED,
    UPSTREAM_RETRIES,
    UPSTREAM_RETRY_BUDGET,
    UPSTREAM_ENDPOINT_UP,
    UPSTREAM_ENDPOINTS,
    UPSTREAM_TRANSITIONS,
    UPSTREAM_REJECTED,
    UPSTREAM_CONCURRENCY_LIMIT,
    CIRCUIT_BREAKER_STATE,
    CIRCUIT_BREAKER_TRANSITIONS,
    UPSTREAM_PANIC,
    HEALTH_CHECKS,
    CONNECTIONS_ACTIVE,
    CONNECTIONS_LIMIT,
    CONNECTIONS_ACCEPTED,
    CONNECTIONS_REJECTED,
    EVENT_LOOP_LAG,
    EVENT_LOOP_BUSY,
    EVENT_LOOP_BLOCKED,
    OVERLOAD_PRESSURE,
    OVERLOAD_LEVEL,
    PROCESS_MEMORY,
    PROCESS_OPEN_FDS,
    PROCESS_MAX_FDS,
    PROCESS_CPU,
    TELEMETRY_CPU,
    SLO_REQUESTS,
    SLO_TARGET,
    TELEMETRY_DROPPED,
    TELEMETRY_EXPORTED,
    TELEMETRY_QUEUE_LENGTH,
    TELEMETRY_QUEUE_CAPACITY,
    TELEMETRY_LAST_SUCCESS,
    TELEMETRY_EXPORT_DURATION,
    TELEMETRY_LABEL_OVERFLOW,
    TRACE_DECISIONS,
)
"""Filled from the reports of the workers and from the sinks; see telemetry.store."""

OWN: Final[tuple[Instrument, ...]] = (
    WORKERS,
    WORKER_RESTARTS,
    CONFIG_INFO,
    CONFIG_LAST_RELOAD_SUCCESS,
    CONFIG_LAST_APPLIED,
    CONFIG_SOURCE_LAST_READ,
    CONFIG_SOURCE_DIFFERS,
    CONFIG_HASH,
    CONFIG_RELOADS,
    CONFIG_APPLY_DURATION,
    CONFIG_OBJECTS,
    MEMORY_LIMIT,
    TAIL_SUBSCRIBERS,
    TAIL_EVENTS,
    HISTORY_MEMORY,
    HISTORY_MEMORY_LIMIT,
    METRICS_BYTES,
    METRICS_RENDER,
    METRICS_SERIES,
    BUILD_INFO,
)
"""The supervisor's own; see telemetry.instruments."""

INSTRUMENTS: Final = TRAFFIC + OWN
ANSWER_DURATION: Final = Instrument(
    "http_answer_duration_seconds",
    Kind.HISTOGRAM,
    ("route", "method", "code"),
    "Duration of HTTP server requests.",
    tuple(EDGES_NS),
)
"""Kept for the export by OTLP alone, whose conventions want it in such detail; no scrape shows it."""

BY_NAME: Final = {instrument.name: instrument for instrument in (*INSTRUMENTS, ANSWER_DURATION)}
