"""The OpenAPI 3.1 document of the admin API, generated from its calls and the types they answer with."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.admin.catalog import OTHERWISE, UNAUTHORIZED
from gateway.admin.operations import Answer, Body, Operation, Parameter

PATH: Final = "/api/v1/openapi.json"

_REF: Final = "#/components/schemas/{name}"


def build_document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document; `version` is the program's."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _to_operation(operation)
    _, schemas = msgspec.json.schema_components(_views(operations), ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sightline admin API",
            "version": version,
            "description": "What a gateway does and why, and how to change it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**paths, PATH: {"get": _document_operation()}},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _views(operations: Sequence[Operation]) -> list[type[msgspec.Struct]]:
    """Every type that is named in the document, in the order of first use."""
    found: dict[type[msgspec.Struct], None] = {}
    for operation in operations:
        for part in (*_answers(operation), operation.body):
            if part is not None and part.view is not None:
                found[part.view] = None
    return list(found)


def _answers(operation: Operation) -> tuple[Answer, ...]:
    refusals = (OTHERWISE,) if operation.role is None else (UNAUTHORIZED, OTHERWISE)
    return operation.answers + refusals


def _to_operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        # An empty requirement beside the token says what is true: without tokens configured, none is needed.
        "security": [] if operation.role is None else [{"token": []}, {}],
        "responses": {_status_key(answer): _to_response(answer) for answer in _answers(operation)},
    }
    if operation.role is not None:
        described["description"] = f"Where tokens are configured, needs the role {operation.role}."
    if operation.parameters:
        described["parameters"] = [_to_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = _to_body(operation.body)
    return described


def _status_key(answer: Answer) -> str:
    return str(answer.status) if answer.status else "default"


def _to_response(answer: Answer) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"} if answer.view is None else _schema_of(answer.view)
    content: dict[str, Any] = {"schema": schema}
    if answer.example is not None:
        content["example"] = msgspec.to_builtins(_decoded(answer.example))
    return {"description": answer.description, "content": {answer.media_type: content}}


def _to_parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": parameter.schema,
        "example": parameter.example,
    }


def _to_body(body: Body) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"} if body.view is None else _schema_of(body.view)
    content: dict[str, Any] = {"schema": schema, "example": msgspec.to_builtins(_decoded(body.example))}
    return {"required": True, "description": body.description, "content": dict.fromkeys(body.media_types, content)}


def _schema_of(view: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=view.__name__)}


def _decoded(example: object) -> object:
    """The example as a reader of the JSON sees it: fields that are already encoded (msgspec.Raw) included."""
    return msgspec.json.decode(msgspec.json.encode(example))


def _document_operation() -> dict[str, Any]:
    schema = {"type": "object", "required": ["openapi", "paths"]}
    return {
        "operationId": "openapi",
        "summary": "This document.",
        "security": [{"token": []}, {}],
        "responses": {
            "200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": schema}}},
            **{_status_key(answer): _to_response(answer) for answer in (UNAUTHORIZED, OTHERWISE)},
        },
    }
