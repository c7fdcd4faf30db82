"""Nanoseconds per lookup for 1, 609 and 10,000 routes, and how long building a table takes and stalls.

Run: python perf/bench_routing.py
"""

import gc
import random
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gateway.http1.target import parse_authority, parse_target
from gateway.model.listener import PathRules
from gateway.model.route import Match, PathKind, Place, Route
from gateway.routing.table import RouteTable, TableBuilder

RESOURCES = [
    "accounts",
    "apps",
    "balances",
    "branches",
    "builds",
    "charges",
    "checks",
    "clusters",
    "comments",
    "commits",
    "contacts",
    "coupons",
    "customers",
    "deploys",
    "devices",
    "disputes",
    "domains",
    "environments",
    "events",
    "files",
    "gists",
    "groups",
    "hooks",
    "images",
    "invoices",
    "issues",
    "jobs",
    "keys",
    "labels",
    "licenses",
    "mandates",
    "members",
    "messages",
    "milestones",
    "networks",
    "notes",
    "orders",
    "packages",
    "payouts",
    "pipelines",
    "plans",
    "prices",
    "products",
    "projects",
    "pulls",
    "queues",
    "quotes",
    "refunds",
    "releases",
    "repos",
    "reviews",
    "roles",
    "rules",
    "runs",
    "schedules",
    "secrets",
    "sessions",
]
ACTIONS = ("archive", "cancel", "history")
GITHUB = Path(__file__).parent / "routes" / "github.txt"


def github() -> list[Route]:
    """A route per operation of GitHub's API: 609."""
    # One path joins two parameters in a segment, where a template has one.
    text = GITHUB.read_text().replace("{base}...{head}", "{basehead}")
    lines = [line.split() for line in text.splitlines() if line and line[0] != "#"]
    return _routes(_path_match(path, method) for path, *methods in lines for method in methods)


def rest_api(count: int) -> list[Route]:
    """Routes as a large REST API has them: collections, items, items within items, actions; with methods."""
    routes = _routes(match for match, _ in zip(_rest_matches(), range(count), strict=False))
    assert len(routes) == count
    return routes


def _routes(matches: Iterable[Match]) -> list[Route]:
    return [
        Route(name=f"route-{index}", index=index, match=match, place=Place("routes.yaml", index + 1))
        for index, match in enumerate(matches)
    ]


def _path_match(path: str, *methods: str) -> Match:
    return Match(path_kind=PathKind.TEMPLATE if "{" in path else PathKind.EXACT, path=path, methods=methods)


def _rest_matches() -> Iterator[Match]:
    for version in range(1, 100):
        for position, resource in enumerate(RESOURCES):
            base = f"/v{version}/{resource}"
            child = f"{base}/{{id}}/{RESOURCES[position - 1]}"
            yield _path_match(base, "GET")
            yield _path_match(base, "POST")
            yield _path_match(f"{base}/search", "GET")
            yield _path_match(f"{base}/{{id}}", "GET")
            yield _path_match(f"{base}/{{id}}", "PUT", "PATCH")
            yield _path_match(f"{base}/{{id}}", "DELETE")
            yield _path_match(child, "GET", "POST")
            yield _path_match(f"{child}/{{child_id}}", "GET", "DELETE")
            for action in ACTIONS:
                yield _path_match(f"{child}/{{child_id}}/{action}", "POST")


def requests_for(routes: list[Route], count: int = 2000) -> list[tuple[str, str]]:
    """Method and path of requests spread over all the routes, in no order a cache could like."""
    chosen = random.Random(7)
    return [_request_for(chosen.choice(routes), chosen) for _ in range(count)]


def _request_for(route: Route, chosen: random.Random) -> tuple[str, str]:
    segments = route.match.path.split("/")
    path = "/".join(f"{chosen.randrange(10**8):08d}" if segment[:1] == "{" else segment for segment in segments)
    return (chosen.choice(route.match.methods) if route.match.methods else "GET"), path or "/"


def build(routes: list[Route]) -> tuple[RouteTable[Route], float, float]:
    """The table, seconds to build it, and seconds of the longest step."""
    builder: TableBuilder[Route] = TableBuilder()
    longest = 0.0
    started = before = time.perf_counter()
    for route in routes:
        builder.add(route, route)
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    for _ in builder.finish():
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    longest = max(longest, time.perf_counter() - before)
    return builder.table, before - started, longest


def nanoseconds_per_match(table: RouteTable[Route], requests: list[tuple[str, str]]) -> float:
    fields = [(b"Host", b"api.example.com"), (b"User-Agent", b"bench"), (b"Accept", b"*/*")]
    match = table.match

    def run() -> None:
        for method, path in requests:
            match("public", "api.example.com", method, path, None, fields, "127.0.0.1")

    def loop_only() -> None:
        for _method, _path in requests:
            pass

    assert all(match("public", "api.example.com", *request, None, fields, "127.0.0.1") for request in requests)
    return _best(run, len(requests)) - _best(loop_only, len(requests))


def _best(run: Callable[[], None], count: int, rounds: int = 30) -> float:
    """Nanoseconds per item in the fastest of several rounds: the others were disturbed."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - started)
    return min(times) / count


def report_target(name: str, raw: bytes) -> None:
    rules = PathRules()

    def run() -> None:
        for _ in range(2000):
            parse_target("GET", raw, rules)

    print(f"parse_target, {name:<20} {_best(run, 2000):6.0f} ns")


def report_authority() -> None:
    def run() -> None:
        for _ in range(2000):
            parse_authority(b"api.example.com:9080")

    print(f"{'parse_authority, known':<34} {_best(run, 2000):6.0f} ns")


def report_table(name: str, routes: list[Route], requests: list[tuple[str, str]]) -> None:
    gc.collect()
    gc.freeze()
    table, seconds, longest = build(routes)
    cost = nanoseconds_per_match(table, requests)
    print(f"{name:<34} {cost:6.0f} ns, built in {seconds * 1e3:6.1f} ms, longest step {longest * 1e3:5.2f} ms")


def main() -> None:
    report_target("path", b"/repos/acme/widgets/issues/1234")
    report_target("path and query", b"/v1/orders/1234?page=2&size=50")
    report_authority()
    spread = requests_for(github())
    report_table("1 route, prefix /", _routes([Match(path_kind=PathKind.PREFIX, path="/")]), spread)
    report_table("1 route, any path", _routes([Match()]), spread)
    one = _routes([_path_match("/v1/orders/{id}", "GET")])
    report_table("1 route, template", one, requests_for(one))
    for count, routes in ((609, github()), (10_000, rest_api(10_000))):
        report_table(f"{count} routes", routes, requests_for(routes))


if __name__ == "__main__":
    main()
