"""Every call about changes, as rows of the catalog."""

from typing import Final

from gateway.admin import examples as answers
from gateway.admin.changes import actions, examples, reads
from gateway.admin.operations import CONFIG_OPTIONS, Answer, Operation, Parameter
from gateway.config.configuration import Role
from gateway.wire.changes import IncidentListView, RevisionDetailView, RevisionDiffView, RevisionListView
from gateway.wire.views import ApplyResult, ProblemView

PROBLEM: Final = "application/problem+json"

_UNKNOWN: Final = Answer(
    404, "No revision that is remembered is called so.", ProblemView, examples.UNKNOWN_REVISION, PROBLEM
)


def _reference(name: str, description: str, example: str) -> Parameter:
    return Parameter(
        name,
        "path",
        description,
        {"type": "string", "pattern": "^([0-9a-f]{12}|[0-9]{1,11}|running|previous)$"},
        example,
    )


_WHICH: Final = "A revision (the last time it ran), a sequence, `running` or `previous`."

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

_REVISIONS: Final = (
    Operation(
        "GET",
        "/api/v1/revisions",
        "revisions",
        "The configurations that have run since the start, newest first.",
        reads.revisions,
        Role.VIEWER,
        (Answer(200, "The revisions.", RevisionListView, examples.REVISIONS),),
    ),
    # Before the call for one revision, whose path would take these too.
    Operation(
        "GET",
        "/api/v1/revisions/{a}..{b}",
        "revision_difference",
        "What differs between two revisions, by object and key; secrets are told as changed and not shown.",
        reads.difference,
        Role.VIEWER,
        (Answer(200, "The differences.", RevisionDiffView, examples.DIFFERENCE), _UNKNOWN),
        (_reference("a", f"The old one. {_WHICH}", "2"), _reference("b", f"The new one. {_WHICH}", "running")),
    ),
    Operation(
        "GET",
        "/api/v1/revisions/{id}",
        "revision",
        "One revision: what it changed, and rate, errors and latency before and after.",
        reads.revision,
        Role.VIEWER,
        (Answer(200, "The revision.", RevisionDetailView, examples.REVISION), _UNKNOWN),
        (
            _reference("id", _WHICH, "3f2a9c0d81be"),
            Parameter(
                "window_s",
                "query",
                "How long the spans before and after shall be; shorter where there was less time.",
                {"type": "integer", "minimum": 1, "maximum": reads.LONGEST_WINDOW_S, "default": reads.WINDOW_S},
                600,
            ),
        ),
    ),
    Operation(
        "POST",
        "/api/v1/revisions/{id}/rollback",
        "roll_back",
        "Run a revision again, as if its text were handed in now: what it refers to is read as it is today.",
        actions.roll_back,
        Role.OPERATOR,
        (
            Answer(200, "Applied, unchanged, or valid (a dry run).", ApplyResult, answers.APPLIED),
            _UNKNOWN,
            Answer(412, "Another configuration runs by now.", ProblemView, answers.CONFLICT, PROBLEM),
            Answer(422, "It cannot run any more; nothing was changed.", ProblemView, answers.INVALID, PROBLEM),
        ),
        (
            _reference("id", _WHICH, "previous"),
            *CONFIG_OPTIONS,
        ),
        is_mutating=True,
    ),
)

OPERATIONS: Final = (_INCIDENTS, *_REVISIONS)
