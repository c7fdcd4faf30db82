"""What can be copied of each kind of thing."""

from typing import get_args

import msgspec
import pytest

from console.render.copying.copies import copies_of
from console.state.model import Model
from console.state.selection import Selection, SelectionKind
from tests.support.changes import CHANGES
from tests.support.known_gateway import known

ORDERS = {"route": "orders"}
AT = "http://127.0.0.1:9080"
CASES: list[tuple[Selection, dict[str, str]]] = [
    (
        Selection("route", "orders", route="orders"),
        {
            "i": "orders", "c": f"curl -i '{AT}/v1/orders/1' -H 'Host: api.example.com'", "f": "route:orders",
            "q": 'sum by (code, source) (rate(sightline_http_requests_total{route="orders"}[5m]))',
            "y": "sightline routes orders",
        },
    ),
    (Selection("upstream", "orders", upstream="orders"), {"f": "upstream:orders", "y": "sightline upstreams orders"}),
    (
        Selection("endpoint", "orders.internal:9001", upstream="orders", endpoint="orders.internal:9001"),
        {
            "i": "orders.internal:9001", "n": "orders/orders.internal:9001", "f": "endpoint:orders.internal:9001",
            "q": 'sum by (class, reason) (rate(sightline_upstream_requests_total{upstream="orders", '
                 'endpoint="orders.internal:9001"}[5m]))',
            "y": "sightline upstreams orders",
        },
    ),
    (
        Selection("exchange", "req-0002", route="orders", request_id="req-0002", trace_id="t" * 32),
        {
            "i": "req-0002", "c": f"curl -i '{AT}/v1/orders/2' -H 'Host: api.example.com'", "r": "t" * 32,
            "y": "sightline req req-0002",
        },
    ),
    (Selection("revision", "2"), {"i": f"{2:012x}", "n": "2", "y": "sightline diff 1 2"}),
    (
        Selection("incident", "17"),
        {"i": "2026-01-31T07:09:00+00:00 endpoint 10.0.0.7:9001 of orders is draining (by ben: disk)", "n": "17"},
    ),
    (Selection("node", "gw-1"), {"i": "gw-1", "v": "3f2a9c0d81be", "y": "sightline nodes"}),
    (Selection("worker", "worker 1"), {"i": "worker 1", "y": "sightline status"}),
    (
        Selection("objective", "orders", route="orders"),
        {"i": "orders", "u": "slo: {availability: 99.9%, latency: {target: 99%, under: 300ms}}", "y": "sightline slo"},
    ),
    (
        Selection("alert", "ErrorBudgetBurnFast", route="orders"),
        {
            "m": '{alertname="ErrorBudgetBurnFast", route="orders", severity="critical"}', "t": "Route orders burns",
            "b": "https://runbooks/burn",
        },
    ),
    (
        Selection("log", "7", trace_id="t1", request_id="r1"),
        {"i": '2026-01-31T08:00:07.250184Z info worker_died worker=1 trace_id="t1"', "r": "t1", "q": "r1", "y": "sightline logs"},
    ),
    (
        Selection("unmatched", "http://api.example.com/v1/oders/*"),
        {
            "c": f"curl -i '{AT}/v1/oders/1' -H 'Host: api.example.com'",
            "y": "sightline explain GET 'http://api.example.com/v1/oders/1'",
        },
    ),
]  # fmt: skip


def texts(selection: Selection, model: Model) -> dict[str, str]:
    return {each.key: each.text for each in copies_of(selection, model)}


@pytest.mark.parametrize(("selection", "wanted"), CASES, ids=lambda case: getattr(case, "kind", ""))
def test_of_each_kind_there_is(selection: Selection, wanted: dict[str, str]) -> None:
    found = texts(selection, known())
    assert wanted.items() <= found.items()
    assert isinstance(msgspec.json.decode(found["j"]), dict | list)
    labels = "  ".join(f"{each.key} {each.label}" for each in copies_of(selection, known()))
    assert len(f" copy  {labels}  o link  s row") <= 80, "there is room on the narrowest terminal"


def test_every_kind_that_a_screen_selects_has_copies() -> None:
    assert {selection.kind for selection, _ in CASES} == set(get_args(SelectionKind)) - {"trace"}


def test_a_diff_is_the_text_of_what_changed_with_its_secrets_left_out() -> None:
    told = texts(Selection("revision", "2"), known())["d"]
    assert "timeouts.first_byte" in told
    assert told.count("REDACTED") >= 1
    assert len(told.splitlines()) > len(CHANGES.objects)
    assert "d" not in texts(Selection("revision", "1"), known())
    assert texts(Selection("revision", "1"), known())["y"] == "sightline changes"


def test_what_is_not_known_is_not_offered() -> None:
    assert set(texts(Selection("route", "orders", route="orders"), Model())) == {"i", "q", "p", "f", "y"}
    assert set(texts(Selection("exchange", "a", request_id="a"), Model())) == {"i", "y"}


def test_letters_are_given_once_for_each_kind() -> None:
    for selection, _ in CASES:
        keys = [each.key for each in copies_of(selection, known())]
        assert len(keys) == len(set(keys))
        assert not {"o", "s"} & set(keys), "these are the app's own"
