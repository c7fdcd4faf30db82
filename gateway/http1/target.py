"""The request target and the authority, read strictly and normalised once, before anything is routed.

The path made here is the only one there is: it is matched, logged, limited by and forwarded, so that no two stages can
read one request differently. Knows nothing of routes.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from gateway.http1.refusal import RequestRefused
from gateway.model.listener import PathRules, SlashRule
from gateway.model.outcome import Reason

MAX_AUTHORITY_BYTES: Final = 262
"""The longest DNS name (253), its trailing dot, a colon and a port, with a little to spare for brackets."""

_AUTHORITY_CACHE_ENTRIES: Final = 4096

_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PCHAR: Final = _UNRESERVED | frozenset(b"!$&'()*+,;=:@")
_PLAIN_PATH: Final = bytes(sorted(_PCHAR | {ord("/")}))
"""What may stand in a path as it is, by RFC 3986 section 3.3, percent-encoding aside."""
_TOLERATED: Final = frozenset(b'"<>^`{|}')
"""Not allowed by RFC 3986, yet sent raw by browsers and clients; each is percent-encoded, so it has one spelling."""
_PATH_BYTES: Final = _PLAIN_PATH + bytes(sorted(_TOLERATED)) + b"%"
_QUERY_BYTES: Final = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))

_ESCAPE: Final = re.compile(rb"%.{0,2}|[\"<>^`{|}]")
_NEVER_DECODED: Final = frozenset({b"%2F", b"%5C", b"%00"})


def _spell_all() -> dict[bytes, bytes]:
    """The one spelling of everything `_ESCAPE` may find; what is missing is invalid."""
    spellings = {b"%c" % byte: b"%%%02X" % byte for byte in _TOLERATED}
    digits = "0123456789abcdefABCDEF"
    for pair in (high + low for high in digits for low in digits):
        byte = int(pair, 16)
        spellings[b"%" + pair.encode()] = b"%c" % byte if byte in _UNRESERVED else b"%%%02X" % byte
    return spellings


_SPELLINGS_WITH_SLASH: Final = {
    written: one for written, one in _spell_all().items() if one not in _NEVER_DECODED or one == b"%2F"
}
_SPELLINGS: Final = {written: one for written, one in _SPELLINGS_WITH_SLASH.items() if one != b"%2F"}

_SLASHES: Final = re.compile(r"//+")
_NAME: Final = re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_SCHEME: Final = re.compile(rb"https?://", re.IGNORECASE)


class Target:
    """A request target in one form, whichever of the three it arrived in (RFC 9112 section 3.2).

    path: normalised, always with a leading slash (`*` when `is_asterisk`). query: raw, without `?`; None when there was
    no `?`. authority: as sent, absolute-form only; it is well-formed, but it is the caller who compares it with Host.
    """

    __slots__ = ("authority", "is_asterisk", "path", "query")

    def __init__(self, path: str, query: str | None, authority: bytes | None = None, is_asterisk: bool = False) -> None:
        self.path = path
        self.query = query
        self.authority = authority
        self.is_asterisk = is_asterisk


def parse_target(method: str, raw: bytes, rules: PathRules) -> Target:
    """Read a request target; raises RequestRefused (400) for anything that is not exactly one of the three forms."""
    # Almost every target is a plain path, with a query or without; it costs these few looks (perf/bench_routing.py).
    path, mark, query = raw.partition(b"?")
    if not path.translate(None, _PLAIN_PATH) and not (mark and query.translate(None, _QUERY_BYTES)):
        text = path.decode()
        if "//" not in text and "/." not in text and text and text[0] == "/":
            return Target(text, query.decode() if mark else None)
    return _parse_unusual(method, raw, rules)


def _parse_unusual(method: str, raw: bytes, rules: PathRules) -> Target:
    if raw[:1] == b"/":
        path, query = _split_query(raw)
        return Target(_normalise(path, rules), query)
    if raw == b"*":
        if method != "OPTIONS":
            raise _refused("The request target * is allowed with OPTIONS only.")
        return Target("*", None, is_asterisk=True)
    return _parse_absolute(method, raw, rules)


def _parse_absolute(method: str, raw: bytes, rules: PathRules) -> Target:
    scheme = _SCHEME.match(raw)
    if scheme is None:
        raise _refused("The request target is neither a path nor an http or https URL.")
    rest, query = _split_query(raw[scheme.end() :])
    authority, slash, path = rest.partition(b"/")
    parse_authority(authority)
    if not slash and query is None and method == "OPTIONS":
        # RFC 9112 section 3.2.4: without path and query it asks about the server, as `*` does.
        return Target("*", None, authority, is_asterisk=True)
    return Target(_normalise(b"/" + path, rules), query, authority)


def _split_query(raw: bytes) -> tuple[bytes, str | None]:
    """Path and query. The query stays as it was sent: its encoding is the upstream's affair."""
    path, mark, query = raw.partition(b"?")
    if not mark:
        return path, None
    if query.translate(None, _QUERY_BYTES):
        raise _refused("The query holds a character that must be percent-encoded.")
    return path, query.decode("ascii")


def normalise_path(text: str, rules: PathRules) -> str:
    """Normalise a path that did not come from a client: one from the configuration, or one made by a rewrite.

    Unlike a client's, it may not hold dot segments, however they are written: after a rewrite they can only be an
    attempt to leave the place the rewrite leads to. Raises RequestRefused.
    """
    if text[:1] != "/":
        raise _refused("The path does not begin with a slash.")
    return _normalise(text.encode(), rules, may_hold_dots=False)


def _normalise(raw: bytes, rules: PathRules, may_hold_dots: bool = True) -> str:
    """RFC 3986 section 6.2.2 and 5.2.4, and one slash for several where the rules say so.

    Slashes are merged before dot segments are removed, as file systems and nginx do, so `//..` climbs above the root.
    """
    if raw.translate(None, _PLAIN_PATH):
        raw = _normalise_encoding(raw, rules)
    path = raw.decode("ascii")
    if "//" in path:
        if not rules.merge_slashes:
            raise _refused("The path holds an empty segment.")
        path = _SLASHES.sub("/", path)
    if "/." in path:
        path = _remove_dot_segments(path, may_hold_dots)
    return path


def _normalise_encoding(raw: bytes, rules: PathRules) -> bytes:
    if raw.translate(None, _PATH_BYTES):
        raise _refused("The path holds a character that must be percent-encoded or is not allowed.")
    spellings = _SPELLINGS_WITH_SLASH if rules.encoded_slash is SlashRule.KEEP else _SPELLINGS
    try:
        return _ESCAPE.sub(lambda match: spellings[match[0]], raw)
    except KeyError as error:
        if error.args[0].upper() in _NEVER_DECODED:
            raise _refused("The path holds an encoded slash, backslash or NUL.") from None
        raise _refused("The path holds an invalid percent-encoding.") from None


def _remove_dot_segments(path: str, may_hold_dots: bool) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment not in {".", ".."}:
            kept.append(segment)
            continue
        if not may_hold_dots:
            raise _refused("The path holds a dot segment.")
        if segment == "..":
            if not kept:
                raise _refused("The path leads above the root.")
            kept.pop()
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


@lru_cache(maxsize=_AUTHORITY_CACHE_ENTRIES)
def parse_authority(raw: bytes) -> tuple[str, int | None]:
    """Host (lower case, no port, no trailing dot; IPv6 in brackets) and port of a Host field or an absolute target.

    Raises RequestRefused for anything else: userinfo, a list, a path, white space, an empty host (RFC 9110 section 7.2).
    The answers for the last few thousand distinct values are kept: a gateway sees few hosts, and one on every request.
    """
    if len(raw) > MAX_AUTHORITY_BYTES:
        raise _refused("The host is too long.")
    if raw[:1] == b"[":
        address, bracket, after = raw[1:].partition(b"]")
        if not bracket or (after and after[:1] != b":"):
            raise _refused("The host is not a valid name or address.")
        return f"[{_ipv6(address)}]", _port(after[1:])
    name, _, port = raw.partition(b":")
    if _NAME.fullmatch(name) is None:
        raise _refused("The host is not a valid name or address.")
    return name.decode("ascii").lower().removesuffix("."), _port(port)


def _ipv6(raw: bytes) -> str:
    try:
        text = raw.decode("ascii")
        if "%" in text:  # A zone means something on one machine only (RFC 6874 keeps it out of HTTP).
            raise _refused("The host is not a valid name or address.")
        return IPv6Address(text).compressed
    except (UnicodeDecodeError, AddressValueError):
        raise _refused("The host is not a valid name or address.") from None


def _port(digits: bytes) -> int | None:
    """RFC 3986 section 3.2.3 lets the digits be missing after the colon."""
    if not digits:
        return None
    # bytes.isdigit knows ASCII digits only.
    if not digits.isdigit() or len(digits) > 5 or not 0 < int(digits) < 0x10000:
        raise _refused("The port is not a number from 1 to 65535.")
    return int(digits)


def _refused(detail: str) -> RequestRefused:
    return RequestRefused(Reason.BAD_REQUEST, detail)
