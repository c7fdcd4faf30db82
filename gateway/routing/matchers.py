"""Compiled predicates of a route, host, path and method apart: those are the structure of the table itself.

A predicate answers in the hot path and, for an explanation, says what it expected and what it saw.
"""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import unquote_plus

from gateway.model.credentials import carries_credentials
from gateway.model.headers import Fields
from gateway.model.route import Match, ValueKind, ValueMatch
from gateway.routing.regex import compile_regex

_CLIENTS_KEPT: Final = 4096
_QUERIES_KEPT: Final = 64


class Predicate(Protocol):
    """One condition on a request; `word` names what it looks at, `key` where a route declares it.

    listener: its name. query: raw, None without `?`. fields: as received. client: an IP address, no port.
    """

    word: str
    key: str

    def holds(self, listener: str, query: str | None, fields: Fields, client: str) -> bool: ...

    def expected(self) -> str: ...

    def actual(self, listener: str, query: str | None, fields: Fields, client: str) -> str: ...


def compile_predicates(match: Match) -> tuple[Predicate, ...]:
    """The predicates of a route, cheapest first; ValueError for a pattern or network that is not one."""
    predicates: list[Predicate] = []
    if match.listeners:
        predicates.append(ListenerPredicate(match.listeners))
    predicates.extend(HeaderPredicate(wanted) for wanted in match.headers)
    predicates.extend(QueryPredicate(wanted) for wanted in match.query)
    if match.clients:
        predicates.append(ClientPredicate(match.clients))
    return tuple(predicates)


class ListenerPredicate:
    word = "listener"
    key = "listeners"

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def holds(self, listener: str, query: str | None, fields: Fields, client: str) -> bool:
        return listener in self._names

    def expected(self) -> str:
        return _one_of(self._names)

    def actual(self, listener: str, query: str | None, fields: Fields, client: str) -> str:
        return listener


def combined_value(fields: Fields, lower_name: bytes) -> bytes | None:
    """The value of a field, None without one; several lines of one name are joined with `, ` (RFC 9110 section 5.3).

    So a request cannot pass by adding a second line with the wanted value beside the one that counts.
    """
    # The length is compared first: it spares the copy in lower case for almost every field.
    length = len(lower_name)
    values = [value for name, value in fields if len(name) == length and name.lower() == lower_name]
    if not values:
        return None
    return values[0] if len(values) == 1 else b", ".join(values)


class HeaderPredicate:
    """On the combined value of a field."""

    word = "header"

    def __init__(self, wanted: ValueMatch) -> None:
        self._wanted = wanted
        self._name = wanted.name.lower().encode("ascii")
        self._accepts = _acceptor(wanted)
        self.key = f"headers.{wanted.name.lower()}"

    def holds(self, listener: str, query: str | None, fields: Fields, client: str) -> bool:
        value = combined_value(fields, self._name)
        return value is not None and self._accepts(value)

    def expected(self) -> str:
        return _wanted_in_words(self._wanted)

    def actual(self, listener: str, query: str | None, fields: Fields, client: str) -> str:
        value = combined_value(fields, self._name)
        return _actual_in_words(self._wanted.name, None if value is None else value.decode("utf-8", "replace"))


class QueryPredicate:
    """On the first parameter of a name, decoded as forms are: `%20` and `+` are spaces."""

    word = "query"

    def __init__(self, wanted: ValueMatch) -> None:
        self._wanted = wanted
        self._accepts = _acceptor(wanted)
        self.key = f"query.{wanted.name}"

    def holds(self, listener: str, query: str | None, fields: Fields, client: str) -> bool:
        if not query:
            return False
        value = _parameters(query).get(self._wanted.name)
        return value is not None and self._accepts(value.encode())

    def expected(self) -> str:
        return _wanted_in_words(self._wanted)

    def actual(self, listener: str, query: str | None, fields: Fields, client: str) -> str:
        return _actual_in_words(self._wanted.name, _parameters(query or "").get(self._wanted.name))


class ClientPredicate:
    """On the client's address; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 address."""

    word = "client"
    key = "clients"

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks = networks
        parsed = [ipaddress.ip_network(network, strict=False) for network in networks]
        # Version, bits to drop and what is left of the network's address: membership is a shift and a comparison.
        self._ranges = [_range(network) for network in parsed]

    def holds(self, listener: str, query: str | None, fields: Fields, client: str) -> bool:
        version, number = _address_number(client)
        return any(version == wanted and number >> shift == prefix for wanted, shift, prefix in self._ranges)

    def expected(self) -> str:
        return _one_of(self._networks)

    def actual(self, listener: str, query: str | None, fields: Fields, client: str) -> str:
        return client


def _range(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[int, int, int]:
    shift = network.max_prefixlen - network.prefixlen
    return network.version, shift, int(network.network_address) >> shift


@lru_cache(maxsize=_CLIENTS_KEPT)
def _address_number(client: str) -> tuple[int, int]:
    """IP version and the address as a number; version 0 for a client without one, such as a UNIX socket's."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return 0, 0
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


@lru_cache(maxsize=_QUERIES_KEPT)
def _parameters(query: str) -> dict[str, str]:
    """First value of each parameter. Several routes may ask about one query, so the last few are kept."""
    parameters: dict[str, str] = {}
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        parameters.setdefault(unquote_plus(name), unquote_plus(value))
    return parameters


def _acceptor(wanted: ValueMatch) -> Callable[[bytes], bool]:
    match wanted.kind:
        case ValueKind.EXACT:
            return wanted.value.encode().__eq__
        case ValueKind.REGEX:
            return compile_regex(wanted.value).matches
        case ValueKind.PRESENT:
            return _accept_any


def _accept_any(value: bytes) -> bool:
    return True


def _actual_in_words(name: str, value: str | None) -> str:
    if value is None:
        return f"{name} absent"
    return f"{name} present (value withheld)" if carries_credentials(name) else f"{name}: {value}"


def _wanted_in_words(wanted: ValueMatch) -> str:
    if carries_credentials(wanted.name) and wanted.kind is not ValueKind.PRESENT:
        return f"{wanted.name} with a certain value (withheld)"
    match wanted.kind:
        case ValueKind.EXACT:
            return f"{wanted.name}: {wanted.value}"
        case ValueKind.REGEX:
            return f"{wanted.name} matching {wanted.value}"
        case ValueKind.PRESENT:
            return f"{wanted.name} present"


def _one_of(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"one of {', '.join(values)}"
