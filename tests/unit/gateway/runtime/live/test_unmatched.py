"""The sketch of unmatched paths: exact while it has room, and afterwards wrong by no more than it says."""

import json
from collections import Counter
from random import Random

import pytest

from gateway.runtime.live.unmatched import UnmatchedPaths, outline


def refused(path: str, host: str = "a.test", reason: str = "no_route", route: str = "_unmatched") -> bytes:
    fields = {"server.address": host, "url.path": path, "http.request.method": "GET", "reason": reason, "route": route}
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def counts(paths: UnmatchedPaths) -> dict[tuple[str, str], int]:
    return {(view.host, view.path): view.count for view in paths.view(1000).paths}


def test_it_counts_by_host_and_path() -> None:
    paths = UnmatchedPaths()
    paths.feed(refused("/a") + refused("/ok", route="orders", reason="none") + refused("/a") + refused("/b", "b.test"))
    assert counts(paths) == {("a.test", "/a"): 2, ("b.test", "/b"): 1}
    view = paths.view(1)
    assert (view.seen, view.is_exact, view.paths[0].last_method, view.paths[0].error) == (3, True, "GET", 0)


def test_requests_that_were_refused_for_their_form_are_not_paths_that_are_missing() -> None:
    paths = UnmatchedPaths()
    paths.feed(refused("/a", reason="bad_request") + refused("/b", reason="method_not_allowed"))
    assert counts(paths) == {("a.test", "/b"): 1}


def test_a_path_that_looks_like_the_mark_of_an_unmatched_request_is_none() -> None:
    paths = UnmatchedPaths()
    paths.feed(refused('/"route":"_unmatched"', route="orders"))
    assert paths.view(10).paths == []


def test_a_flood_of_distinct_paths_takes_no_more_memory_and_hides_no_frequent_one() -> None:
    random, paths, truth = Random(7), UnmatchedPaths(capacity=50), Counter[tuple[str, str]]()
    for _ in range(200):
        block = [f"/scan{random.randrange(10**6):06d}x" for _ in range(20)] + ["/often"] * 5 + ["/second"] * 3
        random.shuffle(block)
        truth.update(("a.test", path) for path in block)
        paths.feed(b"".join(refused(path) for path in block))
    view = paths.view(1000)
    assert (len(view.paths), view.is_exact, view.seen) == (50, False, 200 * 28)
    assert [found.path for found in view.paths[:2]] == ["/often", "/second"]
    for found in view.paths:
        assert found.count - found.error <= truth[found.host, found.path] <= found.count


def test_more_than_can_be_looked_at_at_once_is_counted() -> None:
    paths = UnmatchedPaths()
    paths.feed(refused("/a") * 2100)
    view = paths.view(1)
    assert (view.seen, view.unseen, view.is_exact) == (2000, 100, False)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/favicon.ico", "/favicon.ico"),
        ("/v1/oders/1234/items/7", "/v1/oders/*/*"),
        ("/reset/4f3c9a7be21d04c8aa", "/reset/*"),
        ("/a/0b1c2d3e-4f56-7890-abcd-ef0123456789", "/a/*"),
        ("/" + "x" * 5000, "/*"),
        ("/wp-content/plugins/hello.php", "/wp-content/plugins/hello.php"),
        ("*", "*"),
    ],
)
def test_only_what_is_common_to_many_is_shown_of_a_path(path: str, shown: str) -> None:
    assert outline(path) == shown
