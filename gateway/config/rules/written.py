"""Rules that tie values together: between the keys of one object, and between objects.

They look at the file as it was written, so that one wrong value hides no other mistake; what is not of the right type
has its error already and is passed over here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.config.configuration import AdminSettings
from gateway.config.forms.addresses import is_loopback, parse_endpoint, parse_listen_address
from gateway.config.forms.breaker import ConcurrencyForm
from gateway.config.forms.form import Form, broken_rules
from gateway.config.forms.predicates import PredicateForm
from gateway.config.forms.route import MatchForm, RedirectForm, RewriteForm, RouteForm
from gateway.config.forms.settings import AdminTokenForm
from gateway.config.interpolation import Interpolated
from gateway.config.rules.health import check_health
from gateway.config.rules.sinks import check_sinks
from gateway.config.rules.subsets import check_subsets
from gateway.config.secrets import REDACTED, Path, secret_places, value_at
from gateway.config.sections import Declared, Sections
from gateway.config.validation import shown
from gateway.routing.templates import names_in, parse_template

_BODYLESS = frozenset({204, 304})
_PREDICATES = (("match", "headers"), ("match", "query"), ("faults", "delay", "headers"), ("faults", "abort", "headers"))
"""Mappings of a route from names to predicates."""


def check_sections(sections: Sections) -> None:
    """Add what is found to the objects it is about."""
    upstreams = {upstream.name for upstream in sections.upstreams}
    listeners = {listener.name for listener in sections.listeners}
    _check_names(sections.listeners)
    _check_names(sections.routes)
    _check_listen_addresses(sections)
    for upstream in sections.upstreams:
        _check_endpoints(upstream)
        _check_bounds(upstream)
        check_health(upstream)
    for route in sections.routes:
        _check_route(route)
        _check_references(route, upstreams, listeners)
    check_subsets(sections)
    _check_tokens(sections.settings)
    check_sinks(sections.settings)
    _check_redacted(sections)


def mapping_at(raw: Any, *keys: str) -> dict[str, Any]:
    """The mapping behind these keys; an empty one where there is none."""
    for key in keys:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw if isinstance(raw, dict) else {}


def text_at(raw: dict[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) else None


def _items_at(raw: dict[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []


def _check_names(objects: Iterable[Declared[Any]]) -> None:
    first: dict[str, Declared[Any]] = {}
    for declared in objects:
        name = text_at(declared.raw, "name")
        if name is None:
            continue
        earlier = first.setdefault(name, declared)
        if earlier is not declared:
            line = declared.document.line_of(earlier.path)
            message = f"{shown(name)} is the name of another {declared.kind} at line {line}; expected a name of its own"
            declared.fail(("name",), message)


def _check_listen_addresses(sections: Sections) -> None:
    admin = text_at(mapping_at(sections.settings.raw, "admin"), "address") or AdminSettings().address
    taken = {_listen_address(admin): "the admin API"}
    for listener in sections.listeners:
        text = text_at(listener.raw, "address")
        address = _listen_address(text)
        if address is None:
            continue
        if address in taken and address[1] != 0:
            listener.fail(
                ("address",), f"{shown(text)} is also the address of {taken[address]}; expected one of its own"
            )
        taken.setdefault(address, f"listener {shown(listener.name)}")


def _listen_address(text: str | None) -> tuple[str, int] | None:
    try:
        return parse_listen_address(text or "")
    except ValueError:
        return None


def _check_endpoints(upstream: Declared[Any]) -> None:
    seen: set[tuple[str, int, str | None]] = set()
    for index, item in enumerate(_items_at(upstream.raw, "endpoints")):
        text = text_at(item, "address") if isinstance(item, dict) else item
        try:
            endpoint = parse_endpoint(text if isinstance(text, str) else "")
        except ValueError:
            continue
        if endpoint in seen:
            upstream.fail(("endpoints", index), f"{shown(text)} is there already; expected each endpoint once")
        seen.add(endpoint)


def _check_bounds(upstream: Declared[Any]) -> None:
    """Of the adaptive limit; what is no number has been told already."""
    bounds = {"min": ConcurrencyForm().min, "max": ConcurrencyForm().max} | mapping_at(upstream.raw, "concurrency")
    least, most = bounds["min"], bounds["max"]
    if type(least) is int and type(most) is int and least > most:
        upstream.fail(("concurrency",), f"min is {least} and max {most}; expected no more for min than for max")


def _check_route(route: Declared[Any]) -> None:
    raw = route.raw
    if not raw:
        return
    match = mapping_at(raw, "match")
    _check_rules(route, RouteForm, raw, ())
    _check_rules(route, MatchForm, match, ("match",))
    for path in _PREDICATES:
        for name, predicate in mapping_at(raw, *path).items():
            if isinstance(predicate, dict):
                _check_rules(route, PredicateForm, predicate, (*path, name))
    if "rewrite" in raw:
        _check_rules(route, RewriteForm, mapping_at(raw, "rewrite"), ("rewrite",))
        _check_new_path(route, match, "rewrite")
    for key in ("rewrite", "faults", "subset"):
        _check_is_of_use(route, key)
    if "redirect" in raw:
        _check_rules(route, RedirectForm, mapping_at(raw, "redirect"), ("redirect",))
        _check_new_path(route, match, "redirect")
        _check_redirect_leads_elsewhere(route)
    if "respond" in raw:
        _check_body(route)


def _check_rules(declared: Declared[Any], form: type[Form], raw: dict[str, Any], path: Path) -> None:
    for key, message in broken_rules(form, raw):
        declared.fail(path if key is None else (*path, key), message)


def _check_new_path(route: Declared[Any], match: dict[str, Any], key: str) -> None:
    """What a rewrite or a redirect makes of the path must be possible with what the route matches."""
    edit = mapping_at(route.raw, key)
    if "path_prefix" in edit and ("path" in match or "path_regex" in match):
        route.fail((key, "path_prefix"), "there is no prefix to replace; expected the route to match by path_prefix")
    new_path = text_at(edit, "path")
    if new_path is None:
        return
    try:
        wanted = names_in(new_path)
        template = parse_template(text_at(match, "path") or "/")
    except ValueError:
        return
    known = {segment.text for segment in template if segment.is_parameter}
    if not known.issuperset(wanted):
        have = ", ".join(sorted(known)) if known else "none"
        if isinstance(match.get("path"), Interpolated):
            have = "not shown"
        message = (
            f"{shown(new_path)} names a parameter that match.path does not have; expected one of those it has ({have})"
        )
        route.fail((key, "path"), message)


def _check_is_of_use(route: Declared[Any], key: str) -> None:
    answering = next((key for key in ("redirect", "respond") if key in route.raw), None)
    if answering is not None and key in route.raw:
        route.fail((key,), f"of no use beside {answering}; expected only where requests are forwarded")


def _check_redirect_leads_elsewhere(route: Declared[Any]) -> None:
    parts = ("scheme", "host", "port", "path", "path_prefix")
    redirect = route.raw["redirect"]
    if isinstance(redirect, dict) and not any(part in redirect for part in parts):
        route.fail(("redirect",), f"leads back to the same place; expected at least one of {', '.join(parts)}")


def _check_body(route: Declared[Any]) -> None:
    respond = mapping_at(route.raw, "respond")
    status = respond.get("status")
    if isinstance(status, int) and status in _BODYLESS and respond.get("body"):
        route.fail(("respond", "body"), f"an answer with status {status} has no body; expected none")


def _check_references(route: Declared[Any], upstreams: set[str], listeners: set[str]) -> None:
    for path, name in _upstream_names(route.raw):
        if name not in upstreams:
            route.fail(path, f"no upstream has the name {shown(name)}; expected {_one_of(upstreams)}")
    for index, name in enumerate(_items_at(mapping_at(route.raw, "match"), "listeners")):
        if isinstance(name, str) and name not in listeners:
            message = f"no listener has the name {shown(name)}; expected {_one_of(listeners)}"
            route.fail(("match", "listeners", index), message)


def _upstream_names(raw: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    name = text_at(raw, "upstream")
    if name is not None:
        yield ("upstream",), name
    if "split" not in raw:
        return
    for index, share in enumerate(_items_at(raw, "split")):
        name = text_at(share, "upstream") if isinstance(share, dict) else None
        if name is not None:
            yield ("split", index, "upstream"), name


def _one_of(names: set[str]) -> str:
    """The first few names there are; a configuration may have thousands."""
    few = sorted(name for name in names if not isinstance(name, Interpolated))[:8]
    return f"one of {', '.join(few)}{', ...' if len(names) > len(few) else ''}" if few else "it to be declared"


def _check_redacted(sections: Sections) -> None:
    """A dump that is handed in again has lost its secrets; it must not run with the marks that stand for them."""
    root = sections.document.value
    for path in secret_places(root) if isinstance(root, dict) else ():
        if value_at(root, path) in (REDACTED, {"exact": REDACTED}):
            message = f"got {REDACTED}, which stands for a secret in a dump; expected the secret itself"
            owner = sections.routes[int(path[1])] if path[0] == "routes" else sections.settings
            owner.fail(path[len(owner.path) :], message)


def _check_tokens(settings: Declared[Any]) -> None:
    admin = mapping_at(settings.raw, "admin")
    tokens = _items_at(admin, "tokens")
    names: set[str] = set()
    for index, token in enumerate(tokens):
        if not isinstance(token, dict):
            continue
        path: Path = ("admin", "tokens", index)
        _check_rules(settings, AdminTokenForm, token, path)
        name = text_at(token, "name")
        if name is not None and name in names:
            settings.fail((*path, "name"), f"{shown(name)} is the name of another token; expected a name of its own")
        names.update(() if name is None else (name,))
    address = text_at(admin, "address")
    if address is not None and not tokens and _is_open(address):
        message = f"{shown(address)} can be reached from elsewhere; expected a loopback address, or tokens"
        settings.fail(("admin", "address"), message)


def _is_open(text: str) -> bool:
    address = _listen_address(text)
    return address is not None and not is_loopback(address[0])
