"""Why there is nothing to be seen: what was looked at, how much of it, and which part of the filter shuts all of it out."""

from collections.abc import Sequence

from console.render.amounts import clock, count, rate
from console.state.model import Model
from console.state.reading import AnyReading
from console.state.traffic.filtering import Matched, why_nothing
from gateway.wire.views import ExchangeListView


def nothing_found(model: Model, asked: str, apart: Sequence[AnyReading]) -> list[str]:
    """Lines. apart: the readings that ask for each term of the filter alone."""
    rates = model.tail.rates()
    if model.tail.filter is None or rates is None:
        return ["waiting for the gateway to count what comes .."]
    if not asked:
        return [f"0 requests in the last seconds; {_listeners(model)}"]
    lines = [f"0 of {rate(rates.scanned)} req/s match {asked}"]
    views = [(each, model.view(each)) for each in apart]
    known = [(each, view) for each, view in views if isinstance(view, ExchangeListView)]
    if len(known) < len(views):
        return [*lines, "looking through what is kept .."]
    matched = [Matched(view.filter, len(view.exchanges), view.next is None) for _, view in known]
    since = next((view.since for _, view in known), None)
    scanned = max((view.scanned for _, view in known), default=0)
    why = why_nothing(matched)
    return [*lines, f"{why} (of {count(scanned)} kept{f' since {clock(since)}' if since else ''})"]


def _listeners(model: Model) -> str:
    if model.status is None or not model.status.listeners:
        return "no listener is known"
    return "listening on " + ", ".join(listener.address for listener in model.status.listeners)
