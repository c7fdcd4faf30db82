"""Every call about live traffic, as rows of the catalog."""

from typing import Final

from gateway.admin.live import examples, logs, reads, stream
from gateway.admin.operations import Answer, Operation, Parameter
from gateway.config.configuration import Role
from gateway.wire.live import InFlightListView, UnmatchedListView
from gateway.wire.views import ExchangeListView, ProblemView

_PROBLEM: Final = "application/problem+json"

FILTER: Final = Parameter(
    "filter",
    "query",
    'In the filter language: `status:5xx`, `latency:>500ms`, `path~"^/v1/"`, `err | slow`, `!route:health*`.',
    {"type": "string", "maxLength": 1000},
    "route:orders status:5xx",
)
_BAD_FILTER: Final = Answer(
    400, "The filter or a parameter cannot be understood.", ProblemView, examples.FILTER_INVALID, _PROBLEM
)

_FILTERS: Final = (
    FILTER,
    Parameter(
        "limit",
        "query",
        "Most lines to return.",
        {"type": "integer", "minimum": 1, "maximum": reads.EXCHANGE_LIMIT, "default": 100},
        20,
    ),
    Parameter(
        "before", "query", "The `next` of an earlier answer, to go on from there.", {"type": "string"}, "1204.0.17"
    ),
    Parameter("route", "query", "Name of a route, or `_unmatched`.", {"type": "string"}, "orders"),
    Parameter(
        "status",
        "query",
        "Three digits, or a class.",
        {"type": "string", "pattern": "^([1-5]xx|[0-9]{3})$"},
        "5xx",
    ),
    Parameter("reason", "query", "Why the exchange ended as it did.", {"type": "string"}, "connect_refused"),
    Parameter("min_duration_ms", "query", "Slower ones only.", {"type": "number", "minimum": 0}, 250),
)

_EXCHANGES: Final = Operation(
    "GET",
    "/api/v1/exchanges",
    "exchanges",
    "Recent access lines, newest first; of failed, slow and retried exchanges more are kept than of others.",
    reads.exchanges,
    Role.VIEWER,
    (Answer(200, "The lines.", ExchangeListView, examples.EXCHANGES), _BAD_FILTER),
    _FILTERS,
)
_EXCHANGE: Final = Operation(
    "GET",
    "/api/v1/exchanges/{id}",
    "exchange",
    "The access lines of one request, or of all requests of one trace.",
    reads.exchange,
    Role.VIEWER,
    (
        Answer(200, "The lines.", ExchangeListView, examples.EXCHANGE),
        Answer(404, "None that is kept has this id.", ProblemView, examples.NOT_KEPT, _PROBLEM),
    ),
    (Parameter("id", "path", "A request id or a trace id.", {"type": "string"}, examples.EXAMPLE_ID),),
)
_UNMATCHED: Final = Operation(
    "GET",
    "/api/v1/unmatched",
    "unmatched",
    "Where requests go that no route takes: the most frequent hosts and paths since the start.",
    reads.unmatched,
    Role.VIEWER,
    (Answer(200, "The paths.", UnmatchedListView, examples.UNMATCHED),),
    (
        Parameter(
            "limit",
            "query",
            "Most paths to return.",
            {"type": "integer", "minimum": 1, "maximum": reads.UNMATCHED_LIMIT, "default": 50},
            10,
        ),
    ),
)

_IN_FLIGHT: Final = Operation(
    "GET",
    "/api/v1/inflight",
    "inflight",
    "Exchanges that are running, oldest first: what each waits for, and for how long.",
    reads.in_flight,
    Role.VIEWER,
    (Answer(200, "The exchanges.", InFlightListView, examples.IN_FLIGHT), _BAD_FILTER),
    (
        FILTER,
        Parameter(
            "limit",
            "query",
            "Most exchanges to return.",
            {"type": "integer", "minimum": 1, "maximum": reads.EXCHANGE_LIMIT, "default": 100},
            20,
        ),
        Parameter("route", "query", "Name of a route.", {"type": "string"}, "orders"),
        Parameter("min_duration_ms", "query", "Older ones only.", {"type": "number", "minimum": 0}, 250),
    ),
)
_STREAM: Final = Operation(
    "GET",
    "/api/v1/stream",
    "stream",
    "Server-sent events: exchanges as they end (failed, slow and retried ones all, others sampled, with weights), and more.",
    stream.stream,
    Role.VIEWER,
    (
        Answer(200, "Events, until either side has enough.", None, examples.STREAM, stream.MEDIA_TYPE),
        _BAD_FILTER,
        Answer(503, "As many follow as can.", ProblemView, examples.TOO_MANY, _PROBLEM),
    ),
    (
        Parameter(
            "topics",
            "query",
            "Separated by commas: exchanges, status, inflight, history, incidents, logs.",
            {"type": "string", "default": "exchanges"},
            "exchanges,incidents",
        ),
        FILTER,
        Parameter(
            "rate",
            "query",
            "Plain exchanges shown a second.",
            {"type": "integer", "minimum": 1, "maximum": stream.HIGHEST_RATE, "default": stream.DEFAULT_RATE},
            20,
        ),
        Parameter(
            "last",
            "query",
            "Begin with the newest that satisfy the filter.",
            {"type": "integer", "minimum": 0, "maximum": stream.MOST_LAST, "default": 0},
            10,
        ),
        Parameter(
            "Last-Event-ID", "header", "Go on behind this event.", {"type": "string"}, "5d3c1f;exchanges=1204.0.17"
        ),
        Parameter(
            "last_event_id", "query", "The same, for those who cannot set a field.", {"type": "string"}, "5d3c1f"
        ),
    ),
)

OPERATIONS: Final = (_EXCHANGES, _EXCHANGE, _IN_FLIGHT, _UNMATCHED, logs.OPERATION, _STREAM)
