"""Where a redirecting route sends the client: an absolute URL, with what the route leaves out taken from the request."""

from typing import Final

from gateway.http1.refusal import RequestRefused
from gateway.http1.target import normalise_path, parse_authority
from gateway.model.listener import PathRules, SlashRule
from gateway.model.route import Redirect, Route
from gateway.routing.rewrite import compile_path_edit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OUR_RULES: Final = PathRules(encoded_slash=SlashRule.KEEP)


def redirect_location(
    redirect: Redirect, route: Route, scheme: str, host: str, port: int | None, path: str, query: str | None
) -> bytes:
    """The value of Location. Of the request: scheme, host (no port; IPv6 in brackets) and port as the client named them,
    path normalised, query raw.

    Ports follow the Gateway API: the redirect's own; else, if it names a scheme, that scheme's; else the request's. The
    port that the scheme implies is not written. A request without a host gets a Location without one (RFC 9110 section
    10.2.2 allows it). RequestRefused if the path holds dot segments by then.
    """
    to_scheme = redirect.scheme or scheme
    to_port = redirect.port or (None if redirect.scheme else port)
    authority = redirect.host or host
    if to_port is not None and to_port != _DEFAULT_PORTS.get(to_scheme):
        authority = f"{authority}:{to_port}"
    edit = compile_path_edit(route, redirect.path, redirect.path_prefix)
    to_path = path if edit is None else normalise_path(edit(path), _OUR_RULES)
    kept = f"?{query}" if query is not None and redirect.keep_query else ""
    origin = f"{to_scheme}://{authority}" if redirect.host or host else ""
    return f"{origin}{to_path}{kept}".encode("ascii")


def check_redirect(redirect: Redirect, route: Route) -> None:
    """ValueError, in words for the operator, if no Location can be made."""
    compile_path_edit(route, redirect.path, redirect.path_prefix)
    if redirect.scheme not in {None, *_DEFAULT_PORTS}:
        raise ValueError("the scheme is http or https")
    if redirect.host is not None:
        try:
            _, port = parse_authority(redirect.host.encode())
        except RequestRefused as refused:
            raise ValueError(refused.detail) from None
        if port is not None:
            raise ValueError("the port has a key of its own")
