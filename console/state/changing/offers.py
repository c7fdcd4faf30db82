"""What can be done to what is selected: one letter each."""

from typing import Final, Literal, NamedTuple, TypeAlias

from console.state.model import Model
from console.state.selection import Selection
from gateway.wire.upstream_views import EndpointView, UpstreamListView

Deed: TypeAlias = Literal["drain", "undrain", "weight", "rollback", "edit"]


class Offer(NamedTuple):
    """`kind` and `name` are of the object that is edited; of others the selection says all there is."""

    key: str
    label: str
    deed: Deed
    kind: Literal["", "route", "upstream"] = ""
    name: str = ""


def offers(selection: Selection, model: Model) -> list[Offer]:
    """Nothing for what cannot be acted upon; of a drained endpoint that it is given back, of another that it is drained."""
    if selection.kind == "endpoint":
        endpoint = endpoint_of(model, selection.upstream, selection.endpoint or selection.name)
        is_drained = endpoint is not None and endpoint.state == "draining"
        first = Offer("u", "undrain", "undrain") if is_drained else Offer("d", "drain", "drain")
        return [
            first,
            Offer("w", "weight", "weight"),
            Offer("e", "edit upstream", "edit", "upstream", selection.upstream),
        ]
    if selection.kind == "revision":
        return [Offer("b", "roll back to it", "rollback")]
    kind = _EDITED.get(selection.kind)
    if kind is None:
        return []
    name = selection.name if kind == selection.kind else selection.route or selection.upstream
    return [Offer("e", f"edit {kind}", "edit", kind, name)] if name else []


_EDITED: Final[dict[str, Literal["route", "upstream"]]] = {
    "route": "route", "upstream": "upstream", "exchange": "route", "objective": "route",
}  # fmt: skip


def endpoint_of(model: Model, upstream: str, address: str) -> EndpointView | None:
    """As it was told of last."""
    view = model.latest(UpstreamListView)
    for each in view.upstreams if view is not None else ():
        for endpoint in each.endpoints:
            if each.name == upstream and endpoint.address == address:
                return endpoint
    return None


def find_endpoint(model: Model, text: str) -> tuple[str, str] | None:
    """`orders/10.0.0.7:9001`, or an address alone where only one upstream has it; None where that is not so."""
    view = model.latest(UpstreamListView)
    pairs = [
        (each.name, endpoint.address)
        for each in (view.upstreams if view is not None else ())
        for endpoint in each.endpoints
    ]
    for upstream, address in pairs:
        if text == f"{upstream}/{address}":
            return upstream, address
    found = [pair for pair in pairs if pair[1] == text]
    return found[0] if len(found) == 1 else None
