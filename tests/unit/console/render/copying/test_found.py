"""Where what is selected is found."""

import pytest

from console.render.copying.found import FINDERS, exchange_of, worker_of
from console.state import reading
from console.state.messages import Answered
from console.state.model import Model
from console.state.selection import Selection
from gateway.admin.live.examples import IN_FLIGHT
from gateway.wire.live import AccessLine
from tests.support.known_gateway import known


def exchange(request_id: str) -> Selection:
    return Selection("exchange", request_id, request_id=request_id)


def test_a_request_is_found_where_it_is_kept_in_the_tail_or_running() -> None:
    model = known()
    [running] = IN_FLIGHT.exchanges
    model.take(Answered(reading.in_flight(), IN_FLIGHT))
    for request_id in ("req-0001", "req-0002"):
        found = exchange_of(exchange(request_id), model)
        assert isinstance(found, AccessLine)
        assert found.request_id == request_id
    assert exchange_of(exchange(running.request_id), model) == running
    assert exchange_of(exchange("req-0003"), model) is None


def test_a_worker_is_found_by_its_number_and_by_what_it_is_called() -> None:
    model = known()
    assert model.status is not None
    first = model.status.workers[0]
    assert worker_of(Selection("worker", f"worker {first.index}"), model) == first
    assert worker_of(Selection("worker", str(first.index)), model) == first
    assert worker_of(Selection("worker", "supervisor"), model) is None


@pytest.mark.parametrize("kind", FINDERS)
def test_of_a_gateway_that_has_said_nothing_nothing_is_found(kind: str) -> None:
    assert not FINDERS[kind](Selection(kind, "a"), Model())  # type: ignore[index, arg-type]
