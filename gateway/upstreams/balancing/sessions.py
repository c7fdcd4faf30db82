"""Sticky sessions: a cookie leads a client back to the endpoint that answered it before.

The cookie's value is a keyed digest (HMAC-SHA256, RFC 2104) of the endpoint, so that it says nothing about addresses and
cannot be made up by whoever does not know the secret. All gateways with the same secret understand it.
"""

import hmac
from collections.abc import Iterable
from typing import Final, Protocol

from gateway.model.clock import NEVER_NS, SECOND_NS
from gateway.model.headers import Fields, field_values
from gateway.model.upstream import Sticky

_DIGITS: Final = 32
"""128 bits of the digest."""


class _HasAddress(Protocol):
    @property
    def address(self) -> str: ...


class Sessions:
    """Of one upstream. Its endpoints are found by the value of the cookie."""

    def __init__(self, upstream: str, sticky: Sticky, endpoints: Iterable[_HasAddress]) -> None:
        self.name = sticky.cookie.encode("ascii")
        self._values = {endpoint.address: _value(sticky.secret, upstream, endpoint.address) for endpoint in endpoints}
        self._addresses = {value: address for address, value in self._values.items()}
        age = "" if sticky.lifetime_ns >= NEVER_NS else f"; Max-Age={sticky.lifetime_ns // SECOND_NS}"
        self._attributes = f"; Path=/{age}; HttpOnly; SameSite=Lax{'; Secure' if sticky.is_secure else ''}".encode(
            "ascii"
        )

    def address_of(self, fields: Fields) -> str | None:
        """The endpoint a request's cookie leads to; None where it has none, or one that is not ours."""
        value = cookie_value(fields, self.name)
        return self._addresses.get(value) if value else None

    def set_cookie(self, address: str) -> bytes:
        """The value of the Set-Cookie field (RFC 6265 section 4.1) that leads back to this endpoint."""
        return b"%b=%b%b" % (self.name, self._values[address], self._attributes)


def cookie_value(fields: Fields, name: bytes) -> bytes:
    """Of the first cookie of this name in a request; empty where there is none (RFC 6265 section 5.4)."""
    for field in field_values(fields, b"cookie"):
        for pair in field.split(b";"):
            key, _, value = pair.strip().partition(b"=")
            if key == name:
                return value
    return b""


def _value(secret: str, upstream: str, address: str) -> bytes:
    digest = hmac.new(secret.encode(), f"{upstream}\n{address}".encode(), "sha256")
    return digest.hexdigest()[:_DIGITS].encode("ascii")
