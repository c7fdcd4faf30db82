"""Names that are known now, for completing what is typed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from console.render.palette import PALETTES
from console.render.traffic.top import KEYS
from console.state.alerting.alerts import AlertList
from console.state.commands import Kind
from console.state.model import Model
from console.state.raw import RAW_KINDS
from gateway.wire.changes import RevisionListView
from gateway.wire.upstream_views import UpstreamListView
from gateway.wire.views import RouteListView


def names_in(model: Model, kind: Kind) -> Sequence[str]:
    """Of routes, upstreams, endpoints as the model knows them; nothing for kinds that have no names."""
    look = _LOOKS.get(kind)
    return list(look(model)) if look is not None else ()


def _routes(model: Model) -> Iterable[str]:
    view = model.latest(RouteListView)
    return sorted(route.name for route in view.routes) if view is not None else ()


def _upstreams(model: Model) -> Iterable[str]:
    view = model.latest(UpstreamListView)
    return sorted(upstream.name for upstream in view.upstreams) if view is not None else ()


def _endpoints(model: Model) -> Iterable[str]:
    view = model.latest(UpstreamListView)
    if view is None:
        return ()
    return [f"{upstream.name}/{endpoint.address}" for upstream in view.upstreams for endpoint in upstream.endpoints]


def _revisions(model: Model) -> Iterable[str]:
    view = model.latest(RevisionListView)
    return [str(revision.sequence) for revision in view.revisions] if view is not None else ()


def _alerts(model: Model) -> Iterable[str]:
    view = model.latest(AlertList)
    return dict.fromkeys(alert.name for alert in view.alerts) if view is not None else ()


_LOOKS: Final[dict[Kind, Callable[[Model], Iterable[str]]]] = {
    "route": _routes, "upstream": _upstreams, "endpoint": _endpoints, "revision": _revisions, "theme": lambda _model: PALETTES,
    "ranking": lambda _model: KEYS, "object": lambda _model: RAW_KINDS,
    "alert": _alerts,
}  # fmt: skip
