"""Every call of the admin API, once: the router and the OpenAPI document are made from this table."""

from typing import Final

from gateway.admin import actions, examples, reads
from gateway.admin import history as history_calls
from gateway.admin.acting import catalog as acting
from gateway.admin.changes import catalog as changes
from gateway.admin.live import catalog as live
from gateway.admin.operations import CONFIG_OPTIONS, Answer, Body, Operation, Parameter
from gateway.config.configuration import Role
from gateway.telemetry.history.look import LONGEST_S, SHORTEST_S
from gateway.wire.actions import MeView
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.slo import ObjectiveListView
from gateway.wire.upstream_views import UpstreamListView, UpstreamView
from gateway.wire.views import ApplyResult, ConfigView, HealthView, ProblemView, RouteListView, RouteView, StatusView

PROBLEM: Final = "application/problem+json"
METRICS_TYPE: Final = "text/plain"

UNAUTHORIZED: Final = Answer(
    401, "A token is configured and none, or an unknown one, was sent.", ProblemView, examples.UNAUTHORIZED, PROBLEM
)
OTHERWISE: Final = Answer(0, "Any other refusal, with its reason.", ProblemView, None, PROBLEM)

_NOT_FOUND: Final = Answer(404, "No object has this name.", ProblemView, examples.NOT_FOUND, PROBLEM)
_NAME: Final = Parameter("name", "path", "The name in the configuration.", {"type": "string"}, "orders")

_LOOK: Final = (
    Parameter(
        "window",
        "query",
        "Seconds that the figures are of: the last so many, moved to whole tens (whole minutes further back).",
        {"type": "integer", "minimum": SHORTEST_S, "maximum": LONGEST_S, "default": 60},
        300,
    ),
    Parameter("at", "query", "When the window ends, in Unix seconds; now if absent.", {"type": "integer"}, 1769846400),
)

HEALTH: Final = (
    Operation(
        "GET",
        "/healthz",
        "healthz",
        "Whether the supervisor answers at all.",
        reads.healthz,
        None,
        (Answer(200, "It does.", HealthView, examples.OK),),
    ),
    Operation(
        "GET",
        "/readyz",
        "readyz",
        "Whether every worker serves the current revision and none drains.",
        reads.readyz,
        None,
        (
            Answer(200, "Ready.", HealthView, examples.READY),
            Answer(503, "Not ready, and why.", HealthView, examples.NOT_READY),
        ),
    ),
    Operation(
        "GET",
        "/metrics",
        "metrics",
        "All metrics, merged over the workers, in the exposition format the Accept field asks for.",
        reads.metrics,
        Role.VIEWER,
        (Answer(200, "The exposition.", None, examples.METRICS, METRICS_TYPE),),
    ),
)

VIEWS: Final = (
    Operation(
        "GET",
        "/api/v1/me",
        "me",
        "Who asks, and whether they may change something.",
        reads.me,
        Role.VIEWER,
        (Answer(200, "The caller.", MeView, examples.ME),),
    ),
    Operation(
        "GET",
        "/api/v1/status",
        "status",
        "The gateway at a glance: revision, workers, listeners, the last reload.",
        reads.status,
        Role.VIEWER,
        (Answer(200, "The state.", StatusView, examples.STATUS),),
        _LOOK,
    ),
    Operation(
        "GET",
        "/api/v1/routes",
        "routes",
        "All routes in the order of the configuration, with their traffic.",
        reads.routes,
        Role.VIEWER,
        (Answer(200, "The routes.", RouteListView, examples.ROUTES),),
        _LOOK,
    ),
    Operation(
        "GET",
        "/api/v1/routes/{name}",
        "route",
        "One route.",
        reads.route,
        Role.VIEWER,
        (Answer(200, "The route.", RouteView, examples.ROUTE), _NOT_FOUND),
        (_NAME, *_LOOK),
    ),
    Operation(
        "GET",
        "/api/v1/upstreams",
        "upstreams",
        "All upstreams with their endpoints and connections.",
        reads.upstreams,
        Role.VIEWER,
        (Answer(200, "The upstreams.", UpstreamListView, examples.UPSTREAMS),),
        _LOOK,
    ),
    Operation(
        "GET",
        "/api/v1/upstreams/{name}",
        "upstream",
        "One upstream.",
        reads.upstream,
        Role.VIEWER,
        (Answer(200, "The upstream.", UpstreamView, examples.UPSTREAM), _NOT_FOUND),
        (_NAME, *_LOOK),
    ),
    Operation(
        "GET",
        "/api/v1/slo",
        "slo",
        "The objectives of all routes, how fast their budgets are spent, and how long they last. Renewed every 5 seconds.",
        reads.objectives,
        Role.VIEWER,
        (Answer(200, "The objectives, the worst first.", ObjectiveListView, examples.OBJECTIVES),),
    ),
    Operation(
        "GET",
        "/api/v1/config",
        "config",
        "The running configuration in canonical form, secrets redacted; its ETag is the sequence.",
        reads.config,
        Role.VIEWER,
        (Answer(200, "The configuration.", ConfigView, examples.CONFIG),),
    ),
)

ACTIONS: Final = (
    Operation(
        "POST",
        "/api/v1/explain",
        "explain",
        "Which route would take a request, and why. Nothing is sent.",
        actions.explain,
        Role.VIEWER,
        (Answer(200, "The explanation.", ExplanationView, examples.EXPLANATION),),
        (),
        Body((actions.JSON,), "The request.", ExplainRequest, examples.EXPLAIN),
    ),
    Operation(
        "POST",
        "/api/v1/config/apply",
        "apply_config",
        "Validate a whole configuration and run it. If-Match with the sequence guards against a change in between.",
        actions.apply_config,
        Role.OPERATOR,
        (
            Answer(200, "Applied, unchanged, or valid (a dry run).", ApplyResult, examples.APPLIED),
            Answer(412, "Another configuration runs by now.", ProblemView, examples.CONFLICT, PROBLEM),
            Answer(422, "The configuration has errors; nothing was changed.", ProblemView, examples.INVALID, PROBLEM),
        ),
        CONFIG_OPTIONS,
        Body((actions.JSON, actions.YAML), "The configuration.", None, examples.CONFIG.config),
        is_mutating=True,
    ),
)

OPERATIONS: Final = (
    *HEALTH,
    *VIEWS,
    *history_calls.OPERATIONS,
    *live.OPERATIONS,
    *changes.OPERATIONS,
    *acting.OPERATIONS,
    *ACTIONS,
)
