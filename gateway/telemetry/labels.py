"""The label values that telemetry may take from a request: closed lists, so that no client can make series."""

from typing import Final

from gateway.model.outcome import STATUS_OF, Reason
from gateway.model.route import PathKind, Route

UNMATCHED: Final = "_unmatched"
"""The route of requests that matched none, or were refused before one was looked for."""
OVERFLOW: Final = "_overflow"
"""The route of all routes beyond `metrics.max_routes`."""
NO_UPSTREAM: Final = "_none"
"""The upstream of exchanges that needed none."""
OTHER_METHOD: Final = "_OTHER"
SUPERVISOR: Final = "supervisor"
"""The process that is no worker."""
SUCCESS: Final = "success"
FAILURE: Final = "failure"
SUPPRESSED: Final = "suppressed"

METHODS: Final = {
    method: method for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
}
"""RFC 9110 section 9.3 and RFC 5789; any other method is counted as OTHER_METHOD."""

STATUS_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
NO_STATUS_CLASS: Final = "none"
"""The class of an exchange or attempt without a status."""

FAULTS: Final = frozenset(reason for reason, status in STATUS_OF.items() if status >= 500)
"""Reasons that are an error whatever status the client saw, as when an answer broke off after its head."""

_CLASS_OF: Final = dict(enumerate(STATUS_CLASSES, start=1))


def worker_label(worker: int) -> str:
    """The process label of a worker."""
    return f"worker-{worker}"


def status_class(status: int) -> str:
    return _CLASS_OF.get(status // 100, NO_STATUS_CLASS)


def http_route(route: Route | None) -> str:
    """The path template of a route, of low cardinality, as `http.route` wants it; empty without a route."""
    if route is None:
        return ""
    match = route.match
    if match.path_kind is PathKind.ANY:
        return "/*"
    if match.path_kind is PathKind.PREFIX:
        return match.path.rstrip("/") + "/*"
    return match.path


def is_fault(status: int, reason: Reason) -> bool:
    """Whether an exchange counts as an error of the gateway or of the upstream."""
    return status >= 500 or reason in FAULTS
