"""The shape of one call of the admin API. The router and the OpenAPI document are both built from these, so they agree."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from aiohttp import web

from gateway.admin.access import Caller
from gateway.admin.state import GatewayState
from gateway.config.configuration import Role

Handle: TypeAlias = "Callable[[Call], Awaitable[web.StreamResponse]]"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the admin API, with what it may ask of the gateway, and who asks."""

    request: web.Request
    state: GatewayState
    caller: Caller

    @property
    def actor(self) -> str:
        return self.caller.name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the path or the query; `schema` is JSON Schema."""

    name: str
    place: str
    description: str
    schema: dict[str, Any]
    example: str | int | float | bool


DRY_RUN: Final = Parameter(
    "dry_run",
    "query",
    "Tell what would be, and change nothing.",
    {"type": "boolean", "default": False},
    example=True,
)
CONFIG_OPTIONS: Final = (
    DRY_RUN,
    Parameter("reason", "query", "Why: it is kept and shown.", {"type": "string"}, "timeout is too long"),
    Parameter("If-Match", "header", "The sequence believed to run.", {"type": "string"}, '"3"'),
)
"""What all calls take that run a configuration."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One documented answer. `view` is None for an answer that is not JSON; then `media_type` says what it is."""

    status: int
    description: str
    view: type[msgspec.Struct] | None = None
    example: msgspec.Struct | str | None = None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Body:
    """What a call takes. `view` is None where the text is a configuration, whose schema is `sightline schema`."""

    media_types: tuple[str, ...]
    description: str
    view: type[msgspec.Struct] | None = None
    example: msgspec.Struct | dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. `role` None needs no token; `is_mutating` is refused to browsers where there are none."""

    method: str
    path: str
    name: str
    summary: str
    handle: Handle
    role: Role | None
    answers: tuple[Answer, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    is_mutating: bool = False


LARGE: Final = 16 * 1024
"""Bytes of a body from which on it is compressed for those who are not on this machine, off the loop."""


def json_response(view: msgspec.Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(view)
    return web.Response(
        status=status, body=body, content_type="application/json", headers=headers, zlib_executor_size=LARGE
    )
