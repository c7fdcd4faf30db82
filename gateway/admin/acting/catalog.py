"""Every call that acts on single objects, as rows of the catalog."""

from typing import Final

from gateway.admin import examples as answers
from gateway.admin.acting import endpoints, examples, objects, upgrading
from gateway.admin.actions import JSON, YAML
from gateway.admin.operations import CONFIG_OPTIONS, DRY_RUN, Answer, Body, Operation, Parameter
from gateway.config.configuration import Role
from gateway.wire.actions import EndpointActionRequest, EndpointEffectView, ObjectTextView, UpgradeRequest, UpgradeView
from gateway.wire.views import ApplyResult, ProblemView

PROBLEM: Final = "application/problem+json"

_ENDPOINT: Final = (
    Parameter("name", "path", "The upstream.", {"type": "string"}, "orders"),
    Parameter("address", "path", "As configured, percent-encoded.", {"type": "string"}, "10.0.0.7%3A9001"),
    DRY_RUN,
    Parameter("reason", "query", "Why, where the body does not say it.", {"type": "string"}, "disk is full"),
    Parameter(
        "If-Match", "header", "The sequence believed to run, or the ETag of a preview.", {"type": "string"}, '"3.0"'
    ),
)


def _on_endpoint(action: str, summary: str, example: EndpointActionRequest) -> Operation:
    return Operation(
        "POST",
        f"/api/v1/upstreams/{{name}}/endpoints/{{address}}/{action}",
        f"endpoint_{action}",
        summary,
        endpoints.act,
        Role.OPERATOR,
        (
            Answer(200, "What it did, or would do.", EndpointEffectView, examples.EFFECT),
            Answer(404, "There is no such endpoint.", ProblemView, examples.NO_ENDPOINT, PROBLEM),
            Answer(412, "Something has changed in between.", ProblemView, examples.CONFLICT, PROBLEM),
        ),
        _ENDPOINT,
        Body((JSON,), "Why, and the weight.", EndpointActionRequest, example),
        is_mutating=True,
    )


_OBJECT: Final = (
    Parameter("kind", "path", "What it is.", {"type": "string", "enum": ["route", "upstream"]}, "route"),
    Parameter("name", "path", "The name in the configuration.", {"type": "string"}, "orders"),
)
_NO_OBJECT: Final = Answer(404, "No object is called so.", ProblemView, examples.NO_OBJECT, PROBLEM)

OPERATIONS: Final = (
    _on_endpoint(
        "drain",
        "Give an endpoint no new requests until it is given back or the gateway is started anew; those in flight finish.",
        examples.DRAIN,
    ),
    _on_endpoint("undrain", "Give requests to a drained endpoint again.", examples.DRAIN),
    _on_endpoint(
        "weight",
        "Weigh an endpoint otherwise than the configuration does, until the gateway is started anew; null undoes it.",
        examples.WEIGHT,
    ),
    Operation(
        "GET",
        "/api/v1/config/objects/{kind}/{name}",
        "config_object",
        "One object as the text of the running configuration has it; references stay, other secrets read REDACTED.",
        objects.read,
        Role.OPERATOR,
        (Answer(200, "The object; its ETag is the sequence.", ObjectTextView, examples.OBJECT), _NO_OBJECT),
        _OBJECT,
        # It changes nothing, but a comment may hold what no web page shall read.
        is_mutating=True,
    ),
    Operation(
        "PUT",
        "/api/v1/config/objects/{kind}/{name}",
        "replace_config_object",
        "Validate the configuration with this text in the object's place, and run it. Lines in errors are those of the text.",
        objects.replace,
        Role.OPERATOR,
        (
            Answer(200, "Applied, unchanged, or valid (a dry run).", ApplyResult, answers.APPLIED),
            _NO_OBJECT,
            Answer(412, "Another configuration runs by now.", ProblemView, answers.CONFLICT, PROBLEM),
            Answer(422, "There are errors; nothing was changed.", ProblemView, answers.INVALID, PROBLEM),
        ),
        (*_OBJECT, *CONFIG_OPTIONS),
        Body((YAML,), "The object.", None, {"name": "orders", "match": {"path": "/v2/orders"}, "upstream": "orders"}),
        is_mutating=True,
    ),
    Operation(
        "POST",
        "/api/v1/upgrade",
        "upgrade",
        "Start the program anew from what is on disk, hand it the listening sockets, and end when it serves. No request is lost.",
        upgrading.upgrade,
        Role.OPERATOR,
        (
            Answer(200, "It has begun; incidents tell what becomes of it.", UpgradeView, examples.UPGRADE),
            Answer(409, "This program cannot be replaced now.", ProblemView, examples.NOT_UPGRADABLE, PROBLEM),
        ),
        (),
        Body((JSON,), "Why.", UpgradeRequest, examples.WHY_UPGRADE),
        is_mutating=True,
    ),
)
