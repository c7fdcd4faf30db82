"""Which spans are compared, and for which routes."""

from typing import Final

from gateway.runtime.changes.comparing import MAX_ROUTES, REPORTED_S, Kind, Spans, changed_routes, compare_all
from gateway.wire.changes import FiguresView
from gateway.wire.diff import ConfigDiffView, ObjectChangeView

NOTHING: Final = FiguresView(seconds=1.0, requests=0, rate=0.0)


class Asked:
    """Figures that note what they are asked for."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, str, float, float]] = []

    def between(self, kind: Kind, name: str, from_s: float, to_s: float) -> FiguresView | None:
        self.spans.append((kind, name, from_s, to_s))
        return NOTHING


def asked(spans: Spans) -> list[tuple[float, float]]:
    figures = Asked()
    spans.compare(figures, "gateway", "")
    return [(from_s, to_s) for _, _, from_s, to_s in figures.spans]


def test_before_and_after_are_as_long_as_was_asked_for() -> None:
    assert asked(Spans(300, 1000.0, 5000.0, 9000.0)) == [
        (4700.0, 5000.0),
        (5000.0 + REPORTED_S, 5300.0),
        (5000.0 + REPORTED_S, 9000.0),
    ]


def test_both_are_as_short_as_the_shorter_of_them_had_time() -> None:
    assert asked(Spans(300, 4900.0, 5000.0, 9000.0))[:2] == [(4900.0, 5000.0), (5000.0 + REPORTED_S, 5100.0)]
    assert asked(Spans(300, 1000.0, 5000.0, 5020.0))[:2] == [(4980.0, 5000.0), (5000.0 + REPORTED_S, 5020.0)]


def test_the_first_revision_has_nothing_before_it() -> None:
    view = Spans(300, None, 5000.0, 9000.0).compare(Asked(), "gateway", "")
    assert (view.before, view.after, view.whole) == (None, NOTHING, NOTHING)


def test_a_renamed_route_is_looked_up_under_its_former_name() -> None:
    figures = Asked()
    Spans(300, 1000.0, 5000.0, 9000.0).compare(figures, "route", "new", "old")
    assert [name for _, name, _, _ in figures.spans] == ["old", "new", "new"]


def test_changed_routes_are_those_changed_themselves_and_the_users_of_changed_upstreams() -> None:
    changes = ConfigDiffView(
        objects=[
            ObjectChangeView(kind="route", name="a", change="changed"),
            ObjectChangeView(kind="route", name="b", change="renamed", renamed_from="was-b"),
            ObjectChangeView(kind="upstream", name="orders", change="changed"),
            ObjectChangeView(kind="endpoint", name="127.0.0.1:1", of="files", change="added"),
            ObjectChangeView(kind="settings", name="drain", change="changed"),
        ]
    )
    users = {"orders": ["a", "c"], "files": ["d"], "other": ["e"]}
    assert changed_routes(changes, users) == {"a": "a", "b": "was-b", "c": "c", "d": "d"}
    assert changed_routes(None, users) == {}


def test_routes_beyond_the_bound_are_counted() -> None:
    names = {str(number): str(number) for number in range(MAX_ROUTES + 7)}
    compared, left_out = compare_all(Asked(), Spans(300, 1.0, 5000.0, 9000.0), names)
    assert (len(compared), compared[0].kind, left_out) == (MAX_ROUTES + 1, "gateway", 7)
