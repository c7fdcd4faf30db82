"""The OpenAPI document is valid, complete, and its examples are what the types say."""

import re
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from gateway.admin.access import AccessRules
from gateway.admin.app import Leaving, build_app
from gateway.admin.catalog import OPERATIONS
from gateway.admin.openapi import build_document
from tests.support.admin_api import AdminApi, PreparedState

DOCUMENT: Final = build_document(OPERATIONS, "1.2.3")

CALLS: Final = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]


def contents(described: dict[str, Any]) -> list[dict[str, Any]]:
    """Every schema-with-example of one operation: parameters, body and answers."""
    found = [described.get("requestBody", {}), *described["responses"].values()]
    return [*described.get("parameters", []), *(media for part in found for media in part.get("content", {}).values())]


def test_the_document_is_openapi_3_1() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_served_path_is_documented_and_every_documented_path_is_served() -> None:
    app = build_app(PreparedState(), AccessRules(), Leaving())
    served = {
        (resource.canonical, route.method.lower())
        for resource in app.router.resources()
        for route in resource
        if route.method != "HEAD"
    }
    assert served == set(CALLS)


@pytest.mark.parametrize(("path", "method"), CALLS)
def test_examples_conform_to_their_schemas(path: str, method: str) -> None:
    for content in contents(DOCUMENT["paths"][path][method]):
        if "example" in content:
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            Draft202012Validator(schema).validate(content["example"])


@pytest.mark.parametrize(("path", "method"), CALLS)
def test_every_successful_answer_but_the_document_itself_has_an_example(path: str, method: str) -> None:
    if path.endswith("/openapi.json"):
        return
    answer = DOCUMENT["paths"][path][method]["responses"]["200"]
    assert all("example" in media for media in answer["content"].values())


def test_the_parameters_of_a_path_are_documented() -> None:
    for path, item in DOCUMENT["paths"].items():
        for described in item.values():
            named = {parameter["name"] for parameter in described.get("parameters", []) if parameter["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_what_is_answered_conforms_to_the_document(api: AdminApi) -> None:
    for path, method in CALLS:
        if method != "get" or path in {"/metrics", "/api/v1/stream"}:
            continue
        operation = DOCUMENT["paths"][path]["get"]
        places = {each["name"]: each["example"] for each in operation.get("parameters", []) if each["in"] == "path"}
        reply = api.call("GET", path.format(**places))
        assert reply.status == 200
        described = operation["responses"][str(reply.status)]["content"]["application/json"]
        schema = {**described["schema"], "components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(reply.json())
