"""What the demo's traffic consists of: kinds of requests, how often each comes, and the route that has to take it."""

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

UNMATCHED: Final = "_unmatched"
"""The route under which requests are counted that no route takes."""

PARTNERS: Final = ("alpha.partners.example", "beta.eu.partners.example")
_REPORTS: Final = ("daily", "weekly/sales", "2026/q1/revenue", "inventory")
_SCANNED: Final = ("/wp-login.php", "/.env", "/admin/config.php", "/.git/HEAD", "/v2/products", "/backup.zip")
_WORDS: Final = ("lamp", "desk", "chair", "rug", "mirror")


@dataclass(frozen=True, slots=True)
class Planned:
    """One request to send. `route` is the one that has to count it; `in_chunks` sends the body without a length;
    `is_tunnel` opens a WebSocket, has one message sent back, and closes it."""

    route: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    in_chunks: bool = False
    is_tunnel: bool = False
    is_stray: bool = False
    """Sent from another address, by the one client that asks for what is not there."""


_JSON: Final = {"Content-Type": "application/json"}


def _product(chooser: random.Random) -> Planned:
    # One in eleven does not exist, so that the service's own 404s are seen too.
    return Planned("product", chooser.choice(("GET", "GET", "GET", "HEAD")), f"/v1/products/{chooser.randint(1, 220)}")


def _product_edit(chooser: random.Random) -> Planned:
    path = f"/v1/products/{chooser.randint(1, 200)}"
    if chooser.random() < 0.3:
        return Planned("product-edit", "DELETE", path)
    return Planned("product-edit", "PUT", path, _JSON, json.dumps({"price": chooser.random()}).encode())


def _asset(chooser: random.Random) -> Planned:
    known = {"If-None-Match": '"style-1"'} if chooser.random() < 0.5 else {}
    return Planned("assets", "GET", "/assets/site.css", known)


def _order(chooser: random.Random) -> Planned:
    body = json.dumps({"product": chooser.randint(1, 200), "note": "x" * chooser.randint(0, 4000)}).encode()
    return Planned("orders", "POST", "/v1/orders", _JSON, body, in_chunks=chooser.random() < 0.3)


def _partner(chooser: random.Random) -> Planned:
    return Planned("partners", "GET", "/anything/at/all", {"Host": chooser.choice(PARTNERS)})


_KINDS: Final[tuple[tuple[int, Callable[[random.Random], Planned]], ...]] = (
    (14, lambda _: Planned("products", "GET", "/v1/products")),
    (4, lambda _: Planned("products-blue", "GET", "/v1/products", {"X-Tenant": "blue"})),
    (20, _product),
    (5, _product_edit),
    (8, lambda chooser: Planned("search", "GET", f"/v1/search?q={chooser.choice(_WORDS)}")),
    (10, _asset),
    (9, lambda chooser: Planned("reports", "GET", f"/v1/reports/{chooser.choice(_REPORTS)}")),
    (2, lambda chooser: Planned("export", "GET", f"/v1/exports/2026-{chooser.randint(1, 12):02}.csv")),
    (8, _order),
    (6, lambda chooser: Planned("order", "GET", f"/v1/orders/{chooser.randint(1, 999)}")),
    (2, lambda chooser: Planned("receipt", "GET", f"/v1/orders/{chooser.randint(1, 999)}/receipt")),
    (3, _partner),
    (2, lambda chooser: Planned("recommendations", "GET", f"/v1/products/{chooser.randint(1, 200)}/recommendations")),
    (1, lambda _: Planned("live", "GET", "/v1/live", is_tunnel=True)),
    (2, lambda _: Planned("old-shop", "GET", "/shop/products?page=2")),
    (2, lambda _: Planned("hello", "GET", "/")),
    (2, lambda chooser: Planned(UNMATCHED, "GET", f"/nothing/here/{chooser.randint(1, 99)}")),
    (1, lambda _: Planned(UNMATCHED, "PATCH", "/v1/orders", _JSON, b"{}")),
)

_ENDS: Final = tuple(itertools.accumulate(weight for weight, _ in _KINDS))


def plan_request(chooser: random.Random) -> Planned:
    """The next request, drawn by weight."""
    kind = chooser.choices(range(len(_KINDS)), cum_weights=_ENDS)[0]
    return _KINDS[kind][1](chooser)


def plan_stray(chooser: random.Random) -> Planned:
    """A request of somebody who looks for what may have been left open."""
    return Planned(UNMATCHED, "GET", chooser.choice(_SCANNED), {"User-Agent": "scan/1.0"}, is_stray=True)
