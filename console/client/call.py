"""Calls of an admin API that wait for their answer: what a command needs, with nothing to import that is slow to start."""

import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final, NamedTuple, TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from console.client.contexts import Target
from console.client.problems import Refused, Unreachable, WrongUsage
from console.state.messages import Request
from console.state.times import checked
from gateway.wire.views import ConfigErrorView, ProblemView

T = TypeVar("T")

TIMEOUT_S: Final = 10.0
SILENCE_S: Final = 20.0
"""A stream that says nothing for so long is broken: the gateway sends a heartbeat more often."""
_ANSWER_BYTES: Final = 64 * 1024 * 1024
_OK: Final = 200


def get(target: Target, path: str, query: dict[str, str] | None = None, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """The body of the answer. timeout_s: that it may be silent for. Raises Unreachable or Refused."""
    return _whole(target, *_ask(target, "GET", path, query, timeout_s, {"Accept": "application/json"}))


def get_dated(target: Target, path: str) -> tuple[bytes, str]:
    """The same, and what the clock said of who answered, as HTTP writes it; empty where nothing was said."""
    connection, answer = _ask(target, "GET", path, None, TIMEOUT_S, {"Accept": "application/json"})
    return _whole(target, connection, answer), answer.headers.get("Date", "")


def send(target: Target, request: Request) -> bytes:
    """The body of the answer to a call that may change something. Raises Unreachable or Refused."""
    fields = {"Accept": "application/json", "Content-Type": request.content_type}
    if request.if_match is not None:
        fields["If-Match"] = f'"{request.if_match}"'
    path = f"/api/v1/{request.path}"
    return _whole(target, *_ask(target, request.method, path, dict(request.query), TIMEOUT_S, fields, request.body))


def _whole(target: Target, connection: HTTPConnection, answer: HTTPResponse) -> bytes:
    try:
        body, rest = answer.read(_ANSWER_BYTES), answer.read(1)
    except (OSError, HTTPException) as error:
        raise Unreachable(f"the answer of {target.shown} broke off: {_text(error)}") from error
    finally:
        connection.close()
    if not rest and answer.length:
        raise Unreachable(f"the answer of {target.shown} broke off")
    if rest:
        raise Unreachable(f"the answer is larger than {_ANSWER_BYTES} bytes; ask for less with --limit or a name")
    return body


def decode(body: bytes, view: type[T]) -> T:
    """The answer as a view. Raises Unreachable if it is something else."""
    try:
        return checked(msgspec.json.decode(body, type=view))
    except msgspec.DecodeError as error:
        raise Unreachable(f"what answers there is not an admin API this command knows ({error})") from error


class Event(NamedTuple):
    """One server-sent event. `id` is where a later stream can take up again; empty where it cannot."""

    name: str
    data: str
    id: str


def follow(target: Target, path: str, query: dict[str, str], after: str = "") -> Iterator[Event]:
    """Server-sent events until the gateway ends the stream. Raises Unreachable or Refused.

    after: the id of the last event of an earlier stream.
    """
    fields = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    connection, answer = _ask(target, "GET", path, query, SILENCE_S, fields)
    try:
        yield from _events(answer)
    except (OSError, HTTPException) as error:
        raise Unreachable(f"the stream of {target.shown} broke off: {_text(error)}") from error
    finally:
        connection.close()


def _events(answer: HTTPResponse) -> Iterator[Event]:
    """WHATWG HTML, section 9.2: fields of one event up to an empty line; a line that begins with a colon is a comment."""
    name, data, event_id = "message", list[str](), ""
    for line in answer:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if data:
                yield Event(name, "\n".join(data), event_id)
            name, data = "message", []
        elif text.startswith("event:"):
            name = text[6:].strip()
        elif text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif text.startswith("id:"):
            event_id = text[3:].strip()


def _ask(
    target: Target,
    method: str,
    path: str,
    query: dict[str, str] | None,
    timeout_s: float,
    fields: dict[str, str],
    body: bytes | None = None,
) -> tuple[HTTPConnection, HTTPResponse]:
    parts = urlsplit(target.url)
    token = target.find_token()
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    connection = _connection(target, parts, timeout_s)
    try:
        connection.request(method, f"{parts.path}{path}" + (f"?{urlencode(query)}" if query else ""), body, fields)
        answer = connection.getresponse()
    except (OSError, HTTPException, ValueError) as error:
        connection.close()
        raise Unreachable(f"no gateway answers at {target.shown}: {_text(error)}") from error
    if answer.status != _OK:
        detail, errors = _problem(answer)
        connection.close()
        raise Refused(answer.status, detail, errors)
    return connection, answer


def _connection(target: Target, parts: SplitResult, timeout_s: float) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme.lower() != "https":
        return HTTPConnection(host, parts.port, timeout=timeout_s)
    try:
        trusted = ssl.create_default_context(cafile=target.ca_file)
    except OSError as error:
        raise WrongUsage(f"the CA file {target.ca_file} cannot be used: {_text(error)}") from error
    return HTTPSConnection(host, parts.port, timeout=timeout_s, context=trusted)


def _problem(answer: HTTPResponse) -> tuple[str, list[ConfigErrorView]]:
    try:
        view = msgspec.json.decode(answer.read(_ANSWER_BYTES), type=ProblemView)
    except (msgspec.DecodeError, OSError, HTTPException):
        return answer.reason, []
    return view.detail, view.errors


def _text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long to answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
