"""Random routes and requests, and the rules of precedence as the documentation states them, read naively."""

import re

from hypothesis import strategies as st

from gateway.model.route import Match, PathKind, Place, Route
from tests.support.routes import exact, present, regex

_hosts = st.lists(st.sampled_from(["a.com", "b.a.com", "*.a.com", "*.com", "*"]), max_size=2).map(tuple)
_segments = st.sampled_from(["a", "b", "{p}"])
_paths = st.one_of(
    st.lists(st.sampled_from("ab"), max_size=3).map(lambda parts: (PathKind.EXACT, "/" + "/".join(parts))),
    st.lists(_segments, min_size=1, max_size=3).map(
        lambda parts: (PathKind.TEMPLATE, "".join(f"/{part.replace('p', f'p{i}')}" for i, part in enumerate(parts)))
    ),
    st.lists(_segments, max_size=2).map(
        lambda parts: (
            PathKind.TEMPLATE,
            "".join(f"/{part.replace('p', f'p{i}')}" for i, part in enumerate(parts)) + "/{rest*}",
        )
    ),
    st.lists(st.sampled_from("ab"), max_size=3).map(lambda parts: (PathKind.PREFIX, "/" + "/".join(parts))),
    st.sampled_from([(PathKind.REGEX, text) for text in ("/a/.*", "/.*", "/[ab]", "/(a|b/a)", "/a/b?", "/b+", "/a.*")]),
    st.just((PathKind.ANY, "")),
)
_values = st.lists(
    st.sampled_from([exact("x", "1"), exact("x", "2"), regex("x", "[12]"), present("x"), present("y")]),
    max_size=2,
    unique=True,
).map(tuple)
_matches = st.builds(
    lambda path, **others: Match(path_kind=path[0], path=path[1], **others),
    path=_paths,
    hosts=_hosts,
    methods=st.lists(st.sampled_from(["GET", "PUT"]), max_size=2).map(tuple),
    headers=_values,
    query=_values,
    clients=st.sampled_from([(), (), ("10.0.0.0/8",), ("10.1.0.0/16", "::/0")]),
    listeners=st.sampled_from([(), (), ("public",), ("internal", "public"), ("internal",)]),
)
DRAWN_ROUTES = st.lists(st.tuples(_matches, st.sampled_from([0, 0, 0, 1, -1])), max_size=12)
REQUESTS = st.fixed_dictionaries(
    {
        "listener": st.sampled_from(["public", "internal"]),
        "host": st.sampled_from(["a.com", "b.a.com", "c.b.a.com", "com", "d.com", "e.org", ""]),
        "method": st.sampled_from(["GET", "PUT", "POST"]),
        "path": st.lists(st.sampled_from(["a", "b", "bb", ""]), max_size=4).map(
            lambda parts: re.sub("//+", "/", "/" + "/".join(parts))
        ),
        "query": st.sampled_from([None, "x=1", "y&x=2", "x=3&x=1"]),
        "fields": st.sampled_from([[], [(b"X", b"1")], [(b"x", b"2"), (b"Y", b"")], [(b"x", b"1"), (b"X", b"2")]]),
        "client": st.sampled_from(["10.0.0.1", "10.1.0.1", "192.0.2.1", "2001:db8::1", "::ffff:10.1.0.1"]),
    }
)


def naive_path(kind: PathKind, configured: str, path: str) -> bool:
    if kind is PathKind.EXACT:
        return path == configured
    if kind is PathKind.PREFIX:
        return path == configured or path.startswith(configured.rstrip("/") + "/")
    if kind is PathKind.TEMPLATE:
        pattern = re.sub(r"\{\w+\}", "[^/]+", re.sub(r"\{\w+\*\}", ".*", configured))
        return re.fullmatch(pattern, path) is not None
    return kind is PathKind.ANY or re.fullmatch(configured, path) is not None


def naive_host(configured: str, host: str) -> bool:
    return configured in {"*", host} or (configured[:2] == "*." and len(host) > 2 and host.endswith(configured[1:]))


def naive_values(wanted: Match, request: dict[str, object]) -> bool:
    fields = request["fields"]
    assert isinstance(fields, list)
    headers = {
        name: ", ".join(value.decode() for field, value in fields if field.lower().decode() == name)
        for name in {field.lower().decode() for field, _ in fields}
    }
    query: dict[str, str] = {}
    for pair in str(request["query"] or "").split("&"):
        name, _, value = pair.partition("=")
        query.setdefault(name, value)
    for predicates, values in ((wanted.headers, headers), (wanted.query, query)):
        for predicate in predicates:
            if predicate.name not in values:
                return False
            value = values[predicate.name]
            if predicate.kind == "exact" and value != predicate.value:
                return False
            if predicate.kind == "regex" and re.fullmatch(predicate.value, value) is None:
                return False
    return True


def naive_client(networks: tuple[str, ...], client: str) -> bool:
    is_four, second = "10." in client, client.split(".")[1:2]
    held = {"10.0.0.0/8": is_four, "10.1.0.0/16": is_four and second == ["1"], "::/0": client == "2001:db8::1"}
    return not networks or any(held[network] for network in networks)


def naive_order(route: Route, host: str) -> tuple[object, ...]:
    wanted = route.match
    kinds = [PathKind.EXACT, PathKind.TEMPLATE, PathKind.PREFIX, PathKind.REGEX, PathKind.ANY]
    template = [2 if "*" in part else int("{" in part) for part in wanted.path.split("/")]
    return (
        -route.priority,
        2 if host == "*" else int("*" in host),
        -len(host),
        kinds.index(wanted.path_kind),
        template if wanted.path_kind is PathKind.TEMPLATE else [-len(wanted.path)],
        not wanted.methods,
        -len(wanted.headers),
        -len(wanted.query),
        route.index,
    )


def naive_winner(routes: list[Route], request: dict[str, object]) -> Route | None:
    found = [
        (naive_order(route, host), route)
        for route in routes
        for host in route.match.hosts or ("*",)
        if naive_host(host, str(request["host"]))
        and naive_path(route.match.path_kind, route.match.path, str(request["path"]))
        and (not route.match.methods or request["method"] in route.match.methods)
        and (not route.match.listeners or request["listener"] in route.match.listeners)
        and naive_client(route.match.clients, str(request["client"]))
        and naive_values(route.match, request)
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def as_routes(drawn: list[tuple[Match, int]]) -> list[Route]:
    return [
        Route(name=f"r{index}", index=index, match=wanted, place=Place("routes.yaml", index), priority=priority)
        for index, (wanted, priority) in enumerate(drawn)
    ]
