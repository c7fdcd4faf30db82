"""Who may call what: bearer tokens with a role, and what protects a gateway on loopback that has none.

Without tokens the kernel already keeps other machines away; what is left are web pages in a browser on this machine, so
calls that change something must look like no browser would make them look (Host, Origin, content type).
"""

import hmac
import ipaddress
from typing import Final, NamedTuple

from aiohttp import web
from yarl import URL

from gateway.admin.problem import Problem, ProblemReason
from gateway.config.configuration import AdminToken, Role

ANONYMOUS: Final = "loopback"
"""Who acts where no token is configured."""

_CHALLENGE: Final = 'Bearer realm="sightline admin"'


class Caller(NamedTuple):
    """Who calls. refused: why calls that change something would be refused; empty where they would not."""

    name: str
    role: Role
    refused: str = ""


class AccessRules:
    """The tokens of one admin API; none at all means that only loopback is served.

    `tokens` is replaced as a whole when a reload brings others; calls that come after it see the new ones.
    """

    __slots__ = ("tokens",)

    def __init__(self, tokens: tuple[AdminToken, ...] = ()) -> None:
        self.tokens = tokens

    def authorize(self, request: web.BaseRequest, role: Role, *, is_mutating: bool) -> Caller:
        """Who calls. Raises Problem: unauthorized without a known token, forbidden with too small a role."""
        if self.tokens:
            return self._authorize_by_token(request, role)
        refused = _why_refused(request)
        if is_mutating and refused:
            raise Problem(ProblemReason.FORBIDDEN, refused)
        return Caller(ANONYMOUS, Role.OPERATOR, refused)

    def _authorize_by_token(self, request: web.BaseRequest, role: Role) -> Caller:
        presented = _bearer_secret(request)
        if presented is None:
            detail = "this call needs a token: Authorization: Bearer TOKEN"
            raise Problem(ProblemReason.UNAUTHORIZED, detail, headers={"WWW-Authenticate": _CHALLENGE})
        token = self._find(presented)
        if token is None:
            challenge = f'{_CHALLENGE}, error="invalid_token"'
            raise Problem(ProblemReason.UNAUTHORIZED, "the token is not known", headers={"WWW-Authenticate": challenge})
        if not _may(token.role, role):
            challenge = f'{_CHALLENGE}, error="insufficient_scope"'
            detail = f"this call needs the role {role}; the token has {token.role}"
            raise Problem(ProblemReason.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
        refused = "" if _may(token.role, Role.OPERATOR) else f"the token {token.name} has the role {token.role}"
        return Caller(token.name, token.role, refused)

    def _find(self, presented: bytes) -> AdminToken | None:
        """Compares with every token, so that the time taken tells nothing of which one came close."""
        found = None
        for token in self.tokens:
            if hmac.compare_digest(token.token.encode(), presented):
                found = token
        return found


def _may(has: Role, needs: Role) -> bool:
    """An operator may do all that a viewer may."""
    return has is Role.OPERATOR or needs is Role.VIEWER


def is_loopback(host: str) -> bool:
    """Whether this name or address (IPv6 without brackets) is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bearer_secret(request: web.BaseRequest) -> bytes | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    return secret.strip().encode("utf-8", "surrogateescape")


def _why_refused(request: web.BaseRequest) -> str:
    """What marks a call as one that a web page may have caused; empty for others."""
    if "Origin" in request.headers:
        return "calls from web pages are refused; configure a token to allow them"
    if not is_loopback(_host_name(request)):
        return "without a token, Host must be localhost or a loopback address for calls that change something"
    return ""


def _host_name(request: web.BaseRequest) -> str:
    try:
        return URL(f"http://{request.headers.get('Host', '')}").host or ""
    except ValueError:
        return ""
