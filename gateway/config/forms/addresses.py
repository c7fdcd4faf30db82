"""Addresses, networks and host names as they are written in the configuration. Every function raises ValueError with
what was expected, and never repeats the value."""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address, ip_address, ip_network
from typing import Final

LISTEN_EXPECTED: Final = "an IP address and a port such as 127.0.0.1:9080, 0.0.0.0:80 or [::1]:9080"
ENDPOINT_EXPECTED: Final = (
    "HOST:PORT, [IPV6]:PORT or unix:/PATH, such as 127.0.0.1:9001, orders.internal:80 or unix:/run/app.sock"
)
NETWORK_EXPECTED: Final = "an IP address or a network such as 10.0.0.0/8 or fd00::/8"
HOST_EXPECTED: Final = "a host name without a port, such as api.example.com, *.example.org or [::1], or * for any"

_PORT: Final = re.compile(r"[0-9]{1,5}")
_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_MAX_NAME: Final = 253
_MAX_UNIX_PATH: Final = 107
"""Bytes of sun_path without its closing NUL, unix(7)."""


def parse_listen_address(text: str) -> tuple[str, int]:
    """IP address (IPv6 without brackets) and port; port 0 lets the kernel choose."""
    host, port = _split(text, LISTEN_EXPECTED)
    try:
        return str(ip_address(host)), port
    except ValueError:
        raise ValueError(LISTEN_EXPECTED) from None


def parse_endpoint(text: str) -> tuple[str, int, str | None]:
    """Host (an IP address or a DNS name in lower case), port and None; or "", 0 and the path of a UNIX socket."""
    if text.startswith("unix:"):
        path = text[5:]
        if not path.startswith("/") or len(path.encode()) > _MAX_UNIX_PATH or "\0" in path:
            raise ValueError(f"unix: and an absolute path of at most {_MAX_UNIX_PATH} bytes")
        return "", 0, path
    host, port = _split(text, ENDPOINT_EXPECTED)
    if port == 0:
        raise ValueError("a port from 1 to 65535")
    if ":" in host or _is_dotted_digits(host):
        return _ip(host, ENDPOINT_EXPECTED), port, None
    if len(host) > _MAX_NAME or _NAME.fullmatch(host) is None:
        raise ValueError(ENDPOINT_EXPECTED)
    return host.lower(), port, None


@lru_cache(1024)
def parse_network(text: str) -> str:
    """The network in its shortest text; a single address stands for itself alone."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        if "host bits" in str(error):
            raise ValueError("the address of the network itself, with no bit set behind the prefix") from None
        raise ValueError(NETWORK_EXPECTED) from None


@lru_cache(4096)
def parse_host(text: str) -> str:
    """A host to match, in lower case without a closing dot; `*.` in front is a wildcard, IPv6 stands in brackets."""
    if text == "*":
        return text
    if text.startswith("[") and text.endswith("]"):
        return f"[{_ipv6(text[1:-1], HOST_EXPECTED)}]"
    if not text.isascii():
        raise ValueError("ASCII: the name in its punycode form, xn--...")
    name = text.removeprefix("*.")
    if len(name) > _MAX_NAME or _NAME.fullmatch(name) is None:
        raise ValueError(HOST_EXPECTED)
    return text.lower().removesuffix(".")


def is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback


def _split(text: str, expected: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    in_brackets = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not in_brackets):
        raise ValueError(expected)
    if _PORT.fullmatch(port) is None or int(port) > 0xFFFF:
        raise ValueError(f"{expected}; the port is a number up to 65535")
    if in_brackets:
        return _ipv6(host[1:-1], expected), int(port)
    return host, int(port)


def _ipv6(text: str, expected: str) -> str:
    """A zone (`%eth0`) is refused: it means something on one machine only."""
    try:
        address = IPv6Address(text)
    except AddressValueError:
        raise ValueError(expected) from None
    if address.scope_id is not None:
        raise ValueError(f"{expected}, without a zone")
    return str(address)


def _ip(text: str, expected: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(expected) from None


def _is_dotted_digits(host: str) -> bool:
    """Whether a host could only be meant as an IPv4 address: its last label is a number (WHATWG URL, "ends in a number")."""
    return host.rstrip(".").rpartition(".")[2].isdigit()
