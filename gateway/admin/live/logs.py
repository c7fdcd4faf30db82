"""The call for the operational log: its handler, its row of the catalog and its example."""

import asyncio
from typing import Final

from aiohttp import web

from gateway.admin.live import examples
from gateway.admin.live.queries import refuse_unknown, whole_number
from gateway.admin.operations import Answer, Call, Operation, Parameter, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.config.configuration import Role
from gateway.wire.filter import LOGS, Expression, FilterError, all_of, parse_filter
from gateway.wire.filter.expression import Exact, Test
from gateway.wire.logs import LEVELS, LogListView, LogRecordView
from gateway.wire.views import ProblemView

LOG_LIMIT: Final = 2_000
"""Most records one call returns."""

_DEFAULT: Final = 200
_KEYS: Final = ("level", "filter", "since", "limit")
_HIGHEST_ID: Final = 999_999_999

_EXAMPLE: Final = LogListView(
    records=[
        LogRecordView(
            id=41,
            at="2026-01-31T08:01:10.250184Z",
            level="error",
            event="worker_died",
            logger="sightline.workers",
            node="gw-1",
            fields={"worker": 2, "reason": "killed", "how": "SIGKILL", "restart_in_s": 0.0},
        ),
        LogRecordView(
            id=44,
            at="2026-01-31T08:04:02.118020Z",
            level="info",
            event="config_apply",
            logger="sightline.admin",
            node="gw-1",
            actor="ana",
            fields={"dry_run": False, "outcome": "rejected", "revision": "9c41aa20be77"},
        ),
    ],
    last_id=44,
    filter="level:error | audit",
    scanned=44,
    kept_since="2026-01-31T08:00:00.102311Z",
)


async def logs(call: Call) -> web.StreamResponse:
    request = call.request
    refuse_unknown(request, _KEYS)
    after = None if "since" not in request.query else whole_number(request, "since", 0, _HIGHEST_ID, least=0)
    limit = whole_number(request, "limit", _DEFAULT, LOG_LIMIT)
    wanted = _filter_of(request)
    # Dozens of words, each looked for in all records, take a while, which the loop has not.
    return json_response(await asyncio.to_thread(call.state.logs.view, wanted, after, limit))


def _filter_of(request: web.Request) -> Expression:
    try:
        wanted = parse_filter(request.query.get("filter", ""), LOGS)
    except FilterError as error:
        raise Problem(ProblemReason.FILTER_INVALID, str(error)) from error
    level = request.query.get("level", "")
    if not level:
        return wanted
    if level not in LEVELS:
        raise Problem(ProblemReason.BAD_REQUEST, f"level must be one of {', '.join(LEVELS)}")
    return all_of([Test("level", (Exact(level),)), wanted])


OPERATION: Final = Operation(
    "GET",
    "/api/v1/logs",
    "logs",
    "What the gateway itself said, oldest first: the newest records of its operational log, secrets taken out.",
    logs,
    Role.VIEWER,
    (
        Answer(200, "The records, and how many are not remembered any more.", LogListView, _EXAMPLE),
        Answer(
            400, "The filter or a parameter cannot be understood.", ProblemView, examples.FILTER_INVALID,
            "application/problem+json",
        ),
    ),
    (
        Parameter("level", "query", "This level and all that are worse.", {"type": "string", "enum": list(LEVELS)}, "warning"),
        Parameter(
            "filter", "query",
            "In the filter language: words are looked for everywhere, `level:warning` is that or worse, `audit` what somebody "
            "did, `event:worker_*`, and any field of a record as `worker:2`.",
            {"type": "string", "maxLength": 1000}, "level:error | audit",
        ),
        Parameter(
            "since", "query", "An id: the oldest records after it. Without it, the newest there are.",
            {"type": "integer", "minimum": 0}, 40,
        ),
        Parameter(
            "limit", "query", "Most records to return.",
            {"type": "integer", "minimum": 1, "maximum": LOG_LIMIT, "default": _DEFAULT}, 100,
        ),
    ),
)  # fmt: skip
