"""From what is typed behind `x` to what the gateway is asked to explain."""

import re
import shlex
from typing import Final

from gateway.wire.explain import ExplainRequest
from gateway.wire.views import RouteView

USAGE: Final = "x [METHOD] URL-or-path [-H name:value]... [--client IP] [--listener NAME], or x with a request id"
_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})


def parse_question(text: str) -> ExplainRequest:
    """Raises ValueError with what is wrong. One word that is neither a path nor a URL is the id of a recorded exchange."""
    words = shlex.split(text)
    headers, options, plain = list[tuple[str, str]](), dict[str, str](), list[str]()
    rest = iter(words)
    for word in rest:
        if word in {"-H", "--client", "--listener"}:
            value = next(rest, None)
            if value is None:
                raise ValueError(f"{word} needs a value; {USAGE}")
            if word == "-H":
                headers.append(_field(value))
            else:
                options[word] = value
        else:
            plain.append(word)
    return _request(plain, headers, options)


def _request(plain: list[str], headers: list[tuple[str, str]], options: dict[str, str]) -> ExplainRequest:
    if len(plain) == 1 and not _is_url(plain[0]):
        return ExplainRequest(exchange=plain[0], headers=headers)
    if len(plain) == 1:
        plain = ["GET", *plain]
    if len(plain) != 2 or not _is_url(plain[1]):
        raise ValueError(USAGE)
    method = plain[0].upper() if plain[0].upper() in _METHODS else plain[0]
    client, listener = options.get("--client", "127.0.0.1"), options.get("--listener")
    return ExplainRequest(method=method, url=plain[1], headers=headers, client=client, listener=listener)


def _is_url(word: str) -> bool:
    return word.startswith(("/", "http://", "https://"))


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"-H needs name:value, got {text!r}")
    return name.strip(), value.strip()


def example_of(route: RouteView) -> str:
    """A request that this route may take, to begin with: each parameter is 1, and what a pattern wants is not known."""
    match = route.match
    host = next((each.replace("*", "any") for each in match.hosts), "localhost")
    path = _PARAMETER.sub("1", match.path) if match.path_kind in {"exact", "template", "prefix"} else "/"
    fields = "".join(
        f" -H {shlex.quote(f'{each.name}:{each.value}')}" for each in match.headers if each.kind == "exact"
    )
    method = match.methods[0] if match.methods else "GET"
    return f"{method} http://{host}{path or '/'}{_query(route)}{fields}"


def _query(route: RouteView) -> str:
    wanted = [f"{each.name}={each.value}" for each in route.match.query if each.kind != "regex"]
    return f"?{'&'.join(wanted)}" if wanted else ""
