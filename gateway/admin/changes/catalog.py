"""Every call about changes, as rows of the catalog."""

from typing import Final

from gateway.admin.changes import examples, reads
from gateway.admin.operations import Answer, Operation, Parameter
from gateway.config.configuration import Role
from gateway.wire.changes import IncidentListView

_INCIDENTS: Final = Operation(
    "GET",
    "/api/v1/incidents",
    "incidents",
    "Rare events on one time line, oldest first: the newest, or those after an id.",
    reads.incidents,
    Role.VIEWER,
    (Answer(200, "The incidents.", IncidentListView, examples.INCIDENTS),),
    (
        Parameter(
            "since",
            "query",
            "An id: the oldest incidents after it. Without it, the newest there are.",
            {"type": "integer", "minimum": 0},
            16,
        ),
        Parameter(
            "kind",
            "query",
            "Kinds, or families of them such as `config`, separated by commas.",
            {"type": "string"},
            "config,worker_died",
        ),
        Parameter(
            "limit",
            "query",
            "Most incidents to return.",
            {"type": "integer", "minimum": 1, "maximum": reads.INCIDENT_LIMIT, "default": 100},
            20,
        ),
    ),
)

OPERATIONS: Final = (_INCIDENTS,)
