"""Links out of the console."""

import pytest

from console.state.links import link_to
from console.state.selection import Selection

ROUTE = Selection("route", "a b", route="a b")
TRACED = Selection("exchange", "1", route="a", trace_id="4bf9")


def link(selection: Selection, *, trace_url: str | None = None, grafana_url: str | None = None) -> str:
    return link_to(selection, trace_url=trace_url, grafana_url=grafana_url, ends_s=1_000.0, window_s=300)


def test_a_template_is_filled_with_what_is_selected() -> None:
    grafana = "https://grafana/d/route?var-route={route}&from={from}&to={to}"
    assert link(ROUTE, grafana_url=grafana) == "https://grafana/d/route?var-route=a%20b&from=700000&to=1000000"
    assert link(TRACED, trace_url="https://tempo/{trace_id}", grafana_url=grafana) == "https://tempo/4bf9"


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match=r"no grafana_url in contexts\.yaml"):
        link(ROUTE)
    with pytest.raises(ValueError, match=r"no trace_url in contexts\.yaml"):
        link(TRACED)
    with pytest.raises(ValueError, match=r"\{colour\} of the template is nothing"):
        link(ROUTE, grafana_url="https://grafana/{colour}")
    with pytest.raises(ValueError, match="no link to a page"):
        link(ROUTE, grafana_url="file:///etc/passwd")
