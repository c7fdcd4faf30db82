"""What is offered for what is selected."""

from msgspec.structs import replace

from console.state import reading
from console.state.changing.offers import find_endpoint, offers
from console.state.messages import Answered
from console.state.model import Model
from console.state.selection import Selection
from gateway.admin.examples import UPSTREAMS
from gateway.wire.upstream_views import EndpointView
from gateway.wire.views import EndpointState


def model(state: EndpointState = "healthy", *, twice: bool = False) -> Model:
    found = Model()
    first = replace(
        UPSTREAMS.upstreams[0], name="orders", endpoints=[EndpointView(address="a:1", weight=1, state=state)]
    )
    more = [replace(first, name="stock")] if twice else []
    found.take(Answered(reading.UPSTREAMS, replace(UPSTREAMS, upstreams=[first, *more])))
    return found


def keys(selection: Selection, known: Model) -> str:
    return "".join(offer.key for offer in offers(selection, known))


def test_an_endpoint_is_drained_or_given_back_by_how_it_is() -> None:
    endpoint = Selection("endpoint", "a:1", upstream="orders", endpoint="a:1")
    assert keys(endpoint, model()) == "dwe"
    assert keys(endpoint, model("draining")) == "uwe"
    assert keys(endpoint, Model()) == "dwe"


def test_what_has_a_text_is_edited_and_what_ran_is_gone_back_to() -> None:
    known = model()
    assert [(each.kind, each.name) for each in offers(Selection("route", "r", route="r"), known)] == [("route", "r")]
    assert [(each.kind, each.name) for each in offers(Selection("upstream", "u"), known)] == [("upstream", "u")]
    exchange = Selection("exchange", "id", route="r", request_id="id")
    assert [(each.kind, each.name) for each in offers(exchange, known)] == [("route", "r")]
    assert keys(Selection("revision", "4"), known) == "b"
    assert keys(Selection("exchange", "id"), known) == keys(Selection("worker", "1"), known) == ""


def test_an_endpoint_is_found_by_its_address_while_that_is_enough() -> None:
    assert find_endpoint(model(), "a:1") == find_endpoint(model(), "orders/a:1") == ("orders", "a:1")
    assert find_endpoint(model(twice=True), "a:1") is None
    assert find_endpoint(model(twice=True), "stock/a:1") == ("stock", "a:1")
    assert find_endpoint(model(), "b:1") is None
