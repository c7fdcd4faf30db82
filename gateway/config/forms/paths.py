"""Paths, patterns, hosts and field names of a route, as annotated types; the rules are those by which requests are read."""

import re
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from gateway.config.forms.addresses import parse_host
from gateway.config.forms.fields import expected, text_matching
from gateway.http1.refusal import RequestRefused
from gateway.http1.target import normalise_path, parse_authority
from gateway.model.listener import PathRules, SlashRule
from gateway.routing.regex import check_regex
from gateway.routing.templates import names_in, normalise_template

CONFIGURED_PATHS: Final = PathRules(encoded_slash=SlashRule.KEEP)
"""A configured path may hold %2F: a listener that keeps it can be among those the route serves."""

_FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_PARAMETER: Final = re.compile(r"\{\w+\*?\}")
_FRAMING: Final = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def _path(text: str) -> str:
    try:
        normalise_template(text, CONFIGURED_PATHS)
    except ValueError as error:
        raise expected(f"a path such as /v1/orders or /v1/orders/{{id}}: {_clause(error)}") from None
    return text


def _path_prefix(text: str) -> str:
    if "{" in text or "}" in text:
        raise expected("a path without parameters such as /static, or the key path instead")
    _normalise(text, "a path such as /static")
    return text


def _new_path(text: str) -> str:
    """A path that may name parameters, whatever stands around them."""
    what = "a path such as /v2/{id}"
    try:
        names_in(text)
    except ValueError as error:
        raise expected(f"{what}: {_clause(error)}") from None
    _normalise(_PARAMETER.sub("x", text), what)
    return text


def _normalise(text: str, what: str) -> None:
    try:
        normalise_path(text, CONFIGURED_PATHS)
    except RequestRefused as refused:
        raise expected(f"{what}: {_clause(refused)}") from None


def _clause(error: Exception) -> str:
    text = str(error).removesuffix(".")
    return text[:1].lower() + text[1:]


def _pattern(text: str) -> str:
    problem = check_regex(text)
    if problem is not None:
        raise expected("a regular expression in RE2's syntax", problem)
    return text


def _authority(text: str) -> str:
    try:
        parse_authority(text.encode())
    except RequestRefused:
        raise expected("a host such as orders.internal or orders.internal:8080") from None
    return text


def _one_host(text: str) -> str:
    try:
        wildcard = "*" in parse_host(text)
    except ValueError as error:
        raise expected(str(error)) from None
    if wildcard:
        raise expected("a host name without a port, such as api.example.com")
    return text


def _edited_field(name: str) -> str:
    if name.lower() in _FRAMING:
        raise expected("a field that does not frame or address the message; the gateway makes this one by itself")
    return name


def _deadline_field(value: object) -> str | None:
    what = "the name of a header field, such as x-deadline-ms, or none"
    if not isinstance(value, str) or _FIELD_NAME.fullmatch(value) is None:
        raise expected(what)
    return None if value == "none" else _edited_field(value).lower()


Path: TypeAlias = Annotated[str, AfterValidator(_path), Field(json_schema_extra={"pattern": "^/"})]
PathPrefix: TypeAlias = Annotated[str, AfterValidator(_path_prefix), Field(json_schema_extra={"pattern": "^/[^{}]*$"})]
NewPath: TypeAlias = Annotated[str, AfterValidator(_new_path), Field(json_schema_extra={"pattern": "^/"})]
Pattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]
Authority: TypeAlias = Annotated[str, AfterValidator(_authority)]
OneHost: TypeAlias = Annotated[str, AfterValidator(_one_host)]
FieldName: TypeAlias = Annotated[str, text_matching(_FIELD_NAME, "the name of a header field, such as X-Tenant")]
EditedField: TypeAlias = Annotated[FieldName, AfterValidator(_edited_field)]
DeadlineField: TypeAlias = Annotated[
    str | None,
    PlainValidator(_deadline_field),
    PlainSerializer(lambda name: name or "none"),
    WithJsonSchema({"type": "string", "pattern": f"^{_FIELD_NAME.pattern}$"}),
]
