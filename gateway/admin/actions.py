"""Calls with a body: explaining a request that is not sent, and handing in a configuration."""

from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from gateway.admin.operations import Call, json_response
from gateway.admin.problem import Problem, ProblemReason
from gateway.admin.state import ConfigFormat, NotKept
from gateway.model.wording import counted
from gateway.wire.explain import ExplainRequest
from gateway.wire.views import ApplyResult

JSON: Final = "application/json"
YAML: Final = "application/yaml"
BODY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a request body, after Content-Encoding is undone; a configuration of 10,000 routes takes about 3 MiB."""

LONGEST_REASON: Final = 200
"""Characters that are kept of why somebody did something."""

_FORMATS: Final[dict[str, ConfigFormat]] = {JSON: "json", YAML: "yaml"}
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}

_explain_decoder = msgspec.json.Decoder(ExplainRequest)


async def explain(call: Call) -> web.StreamResponse:
    require_media_type(call.request, (JSON,))
    body = await call.request.read()
    try:
        wanted = _explain_decoder.decode(body)
        if not wanted.url and not wanted.exchange:
            raise Problem(ProblemReason.INVALID_REQUEST, "expected a url, or the id of a recent exchange")
        return json_response(await call.state.explain(wanted))
    except msgspec.ValidationError as error:
        raise Problem(ProblemReason.INVALID_REQUEST, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(ProblemReason.BAD_REQUEST, "the body is not JSON") from error
    except ValueError as error:
        raise Problem(ProblemReason.INVALID_REQUEST, str(error)) from error
    except NotKept as error:
        raise Problem(ProblemReason.NOT_FOUND, str(error)) from error


async def apply_config(call: Call) -> web.StreamResponse:
    media_type = require_media_type(call.request, tuple(_FORMATS))
    options = read_options(call.request)
    if_match = read_if_match(call.request)
    result = await call.state.apply(
        await read_text(call.request), _FORMATS[media_type], if_match=if_match, dry_run=options.dry_run,
        actor=call.actor, reason=options.reason,
    )  # fmt: skip
    return apply_response(result)


async def read_text(request: web.Request) -> str:
    """The body. Raises Problem."""
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError as error:
        raise Problem(ProblemReason.BAD_REQUEST, "the body is not UTF-8") from error


def apply_response(result: ApplyResult) -> web.Response:
    """What became of a configuration; raises Problem for one that does not run."""
    etag = {"ETag": f'"{result.running_sequence}"'}
    match result.outcome:
        case "conflict":
            detail = (
                f"the running configuration has sequence {result.running_sequence}; read it again before changing it"
            )
            raise Problem(ProblemReason.CONFLICT, detail, headers=etag, sequence=result.running_sequence)
        case "rejected":
            detail = f"{counted(len(result.errors), 'error')}; nothing was changed"
            raise Problem(ProblemReason.CONFIG_INVALID, detail, headers=etag, errors=result.errors)
        case "applied" | "unchanged" | "valid":
            return json_response(result, headers=etag)


def require_media_type(request: web.Request, allowed: tuple[str, ...]) -> str:
    """The media type a call has named, for a body or as a sign that it comes from no web page. A browser sends none of these to another origin without asking first."""
    # aiohttp answers application/octet-stream for a field that is absent or cannot be read.
    if request.content_type in allowed:
        return request.content_type
    names = " or ".join(allowed)
    raise Problem(
        ProblemReason.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {names}", headers={"Accept": ", ".join(allowed)}
    )


class Options(NamedTuple):
    """What all calls take that run a configuration. reason: why, in the words of who calls."""

    dry_run: bool
    reason: str


def read_options(request: web.Request) -> Options:
    """From the query. Raises Problem."""
    if set(request.query) - {"dry_run", "reason"}:
        raise Problem(ProblemReason.BAD_REQUEST, "a query parameter is not known; there are: dry_run, reason")
    flag = _FLAGS.get(request.query.get("dry_run", "false"))
    if flag is None:
        raise Problem(ProblemReason.BAD_REQUEST, "dry_run must be true or false")
    return Options(flag, plain_reason(request.query.get("reason", "")))


def plain_reason(text: str) -> str:
    """On one line, of what can be printed, and not too long: it is written to logs, and shown in terminals of others."""
    return "".join(each if each.isprintable() else " " for each in text[:LONGEST_REASON]).strip()


def read_if_match(request: web.Request) -> int | None:
    """The sequence in If-Match, with or without the quotes of an entity tag; None where any is welcome."""
    field = request.headers.get("If-Match", "*").strip()
    if field == "*":
        return None
    digits = field[1:-1] if len(field) >= 2 and field[0] == field[-1] == '"' else field
    if digits.isascii() and digits.isdecimal() and len(digits) <= 18:
        return int(digits)
    raise Problem(
        ProblemReason.BAD_REQUEST, "If-Match must be the sequence of a configuration, as in the ETag of a read"
    )
