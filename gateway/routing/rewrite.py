"""What a route changes about the request it forwards and the answer it relays: path, host and header fields.

Everything that can be wrong with it is found when it is compiled, so that only a path may still be refused per request.
"""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from gateway.http1.refusal import RequestRefused
from gateway.http1.target import normalise_path, parse_authority
from gateway.model.headers import Field, Fields
from gateway.model.listener import PathRules, SlashRule
from gateway.model.route import HeaderEdit, PathKind, Route
from gateway.routing.templates import fill_template, names_in, parse_template

PathEdit: TypeAlias = Callable[[str], str]

_OUR_RULES: Final = PathRules(encoded_slash=SlashRule.KEEP)
"""What a listener let through (an encoded slash) stays; several slashes, as an empty {name*} leaves, become one."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_EDITABLE: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
"""Framing and the hop are the engine's own; Host has `rewrite.host`."""


class FieldEdit:
    """Compiled edits of header fields: remove, then set, then add. Called with fields, it returns new ones."""

    __slots__ = ("_appended", "_dropped")

    def __init__(self, edit: HeaderEdit) -> None:
        """Raises ValueError for a name or value that may not stand in a header or is not ours to edit."""
        placed = {name.lower(): _field(name, value) for name, value in edit.set}
        removed = [_checked_name(name).lower() for name in edit.remove]
        self._dropped = frozenset(name.encode("ascii") for name in (*removed, *placed))
        self._appended: list[Field] = [*placed.values(), *(_field(name, value) for name, value in edit.add)]

    def __call__(self, fields: Fields) -> Fields:
        dropped = self._dropped
        return [field for field in fields if field[0].lower() not in dropped] + self._appended


class CompiledRewrite:
    """The edits of one route; each leaves its input alone and costs nothing where there is nothing to edit."""

    __slots__ = ("_path", "_request", "_response", "host")

    def __init__(
        self, path: PathEdit | None, host: bytes | None, request: FieldEdit | None, response: FieldEdit | None
    ) -> None:
        self.host = host
        """What Host is to be; None keeps the client's."""
        self._path = path
        self._request = request
        self._response = response

    def rewrite_path(self, path: str) -> str:
        """The path to forward, normalised anew. RequestRefused if it holds a dot segment by then."""
        return path if self._path is None else normalise_path(self._path(path), _OUR_RULES)

    def edit_request(self, fields: Fields) -> Fields:
        return fields if self._request is None else self._request(fields)

    @property
    def edits_response(self) -> bool:
        return self._response is not None

    def edit_response(self, fields: Fields) -> Fields:
        return fields if self._response is None else self._response(fields)


def compile_rewrite(route: Route) -> CompiledRewrite | None:
    """The route's edits, None if it has none. ValueError, in words for the operator, if they cannot work."""
    rewrite = route.rewrite
    if rewrite is None:
        return None
    return CompiledRewrite(
        compile_path_edit(route, rewrite.path, rewrite.path_prefix),
        None if rewrite.host is None else _checked_host(rewrite.host),
        None if rewrite.headers is None else FieldEdit(rewrite.headers),
        None if rewrite.response_headers is None else FieldEdit(rewrite.response_headers),
    )


def compile_path_edit(route: Route, path: str | None, path_prefix: str | None) -> PathEdit | None:
    """How a request's path becomes another: replaced as a whole, or in the part that the route's prefix matched.

    The result still has to be normalised. ValueError if path names what the route's template does not, or if there is no
    prefix to replace. A route without a path has the prefix `/`.
    """
    if path is not None and path_prefix is not None:
        raise ValueError("either path or path_prefix can be replaced, not both")
    if path is not None:
        return _whole_path(route, path)
    if path_prefix is not None:
        return _prefix(route, path_prefix)
    return None


def _whole_path(route: Route, replacement: str) -> PathEdit:
    segments = parse_template(route.match.path) if route.match.path_kind is PathKind.TEMPLATE else ()
    places = {segment.text: place for place, segment in enumerate(segments) if segment.is_parameter}
    wanted = names_in(replacement)
    unknown = set(wanted) - places.keys()
    if unknown:
        raise ValueError(f"the route's path has no parameter {', '.join(sorted(unknown))}")
    # With a letter for every parameter, only what is wrong with the configured text itself can be refused here.
    fixed = _normalised(fill_template(replacement, dict.fromkeys(wanted, "x")))
    if not wanted:
        return lambda path: fixed
    numbered = fill_template(replacement, {name: f"{{{place}}}" for name, place in places.items()})
    last = len(segments) - 1
    return lambda path: numbered.format(*path[1:].split("/", last))


def _prefix(route: Route, replacement: str) -> PathEdit:
    match route.match.path_kind:
        case PathKind.PREFIX:
            matched = len(route.match.path.rstrip("/"))
        case PathKind.ANY:
            matched = 0
        case _:
            raise ValueError("a prefix can be replaced only where the route matches by path_prefix")
    # The slash between is the rest's own: /static -> /files makes /files, /files/ and /files/x.
    put = _normalised(replacement or "/").rstrip("/")
    return lambda path: (put + path[matched:]) or "/"


def _normalised(path: str) -> str:
    try:
        return normalise_path(path, _OUR_RULES)
    except RequestRefused as refused:
        raise ValueError(refused.detail) from None


def _checked_host(host: str) -> bytes:
    raw = host.encode()
    try:
        parse_authority(raw)
    except RequestRefused as refused:
        raise ValueError(refused.detail) from None
    return raw


def _field(name: str, value: str) -> Field:
    if _CONTROL.search(value):
        raise ValueError(f"the value for {name} holds a control character")
    if value != value.strip(" \t"):
        raise ValueError(f"the value for {name} begins or ends with white space")
    return _checked_name(name).encode("ascii"), value.encode()


def _checked_name(name: str) -> str:
    if _TOKEN.fullmatch(name) is None:
        raise ValueError("a header name is letters, digits and any of !#$%&'*+.^_`|~-")
    if name.lower() in _NOT_EDITABLE:
        raise ValueError(f"{name} belongs to the gateway and cannot be edited" + _host_hint(name))
    return name


def _host_hint(name: str) -> str:
    return "; the host to forward is rewrite.host" if name.lower() == "host" else ""
