"""The admin application: calls from the catalog, access rules before each, problems and security fields after each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
import structlog
from aiohttp import web

import gateway
from gateway.admin.access import AccessRules, Caller, is_loopback
from gateway.admin.actions import BODY_LIMIT
from gateway.admin.catalog import OPERATIONS
from gateway.admin.openapi import PATH as OPENAPI_PATH
from gateway.admin.openapi import build_document
from gateway.admin.operations import LARGE, Call, Operation
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import GatewayState
from gateway.config.configuration import Role

SECURITY_FIELDS: Final = {
    "Server": "sightline",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

_ANYBODY: Final = Caller("", Role.VIEWER)
"""Who makes a call that needs no token."""

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger("sightline.admin")


@dataclass(slots=True)
class Leaving:
    """Whether another program answers at this address from now on."""

    is_leaving: bool = False


def build_app(state: GatewayState, access: AccessRules, leaving: Leaving) -> web.Application:
    """An aiohttp application that answers every call of the catalog from `state`."""

    async def say_goodbye(_request: web.Request, response: web.StreamResponse) -> None:
        if leaving.is_leaving:
            response.force_close()

    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_answer_problems])
    for operation in OPERATIONS:
        handler = _to_handler(operation, state, access, leaving)
        app.router.add_route(operation.method, operation.path, handler)
        if operation.method == "GET":
            app.router.add_route("HEAD", operation.path, handler)
    app.router.add_get(OPENAPI_PATH, _document_handler(access), allow_head=True)
    app.on_response_prepare.extend((_add_security_fields, say_goodbye))
    return app


def _to_handler(operation: Operation, state: GatewayState, access: AccessRules, leaving: Leaving) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        caller = _ANYBODY
        if operation.role is not None:
            caller = access.authorize(request, operation.role, is_mutating=operation.is_mutating)
        if operation.is_mutating and leaving.is_leaving:
            raise Problem(ProblemReason.LEAVING, "another program has taken this one's place; repeat the call")
        if (request.content_length or 0) > BODY_LIMIT:
            raise _body_too_large()
        answer = await operation.handle(Call(request, state, caller))
        if isinstance(answer, web.Response) and _is_worth_compressing(request, answer):
            answer.headers["Vary"] = "Accept-Encoding"
            answer.enable_compression()
        return answer

    return handle


def _is_worth_compressing(request: web.Request, answer: web.Response) -> bool:
    """A view of hundreds of routes shrinks to a tenth, which costs processor time that only a network pays back."""
    return (
        answer.content_length is not None and answer.content_length >= LARGE and not is_loopback(request.remote or "")
    )


def _document_handler(access: AccessRules) -> _Handler:
    document = msgspec.json.encode(build_document(OPERATIONS, gateway.__version__))

    async def handle(request: web.Request) -> web.StreamResponse:
        access.authorize(request, Role.VIEWER, is_mutating=False)
        return web.Response(body=document, content_type="application/json", zlib_executor_size=LARGE)

    return handle


@web.middleware
async def _answer_problems(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.to_response()
    except web.HTTPException as error:
        return _to_problem(error).to_response()
    except Exception:
        # The last rescue of a call: whoever asked learns that it failed, the log learns why.
        _log.exception("admin_call_failed", method=request.method, path=request.path)
        return Problem(ProblemReason.INTERNAL_ERROR, "the call failed; the operational log says why").to_response()


def _to_problem(error: web.HTTPException) -> Problem:
    """aiohttp's own refusals in the words of this API."""
    match error:
        case web.HTTPNotFound():
            return Problem(ProblemReason.NOT_FOUND, f"there is no such resource; {OPENAPI_PATH} lists what there is")
        case web.HTTPMethodNotAllowed():
            allow = {"Allow": ", ".join(sorted(error.allowed_methods))}
            return Problem(ProblemReason.METHOD_NOT_ALLOWED, "the resource does not take this method", headers=allow)
        case web.HTTPRequestEntityTooLarge():
            return _body_too_large()
        case _:
            return Problem(ProblemReason.BAD_REQUEST, "the request cannot be understood")


def _body_too_large() -> Problem:
    return Problem(ProblemReason.BODY_TOO_LARGE, f"a body may have {BODY_LIMIT} bytes")


async def _add_security_fields(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_FIELDS.items():
        response.headers[name] = value
