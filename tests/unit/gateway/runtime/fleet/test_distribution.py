"""What workers are told of endpoints: changes alone, everything to one that is new, and nothing is lost to one that is behind."""

from typing import Any, cast

from gateway.runtime.fleet.distribution import Distribution
from gateway.runtime.fleet.seat import Seat
from gateway.wire.control import EndpointStanding, Standings, decode_down


class Process:
    """Takes messages while it is clear."""

    def __init__(self) -> None:
        self.is_clear = True
        self.told: list[dict[str, list[str]]] = []

    def send(self, message: bytes) -> None:
        standings = decode_down(message)
        assert isinstance(standings, Standings)
        self.told.append({name: [each.endpoint for each in found] for name, found in standings.upstreams.items()})


def seated(index: int = 1, *, has_said_hello: bool = True) -> tuple[Seat, Process]:
    seat, process = Seat(index), Process()
    seat.process = cast("Any", process)
    seat.has_said_hello = has_said_hello
    return seat, process


OUT, OTHER = [EndpointStanding("a:1", "unhealthy", "503")], [EndpointStanding("b:1", "ejected", "passive x5")]


def test_a_worker_is_told_of_the_upstreams_that_changed() -> None:
    seat, process = seated()
    distribution = Distribution([seat])
    distribution.set_standings({"orders": OUT})
    distribution.set_standings({"users": OTHER})
    distribution.set_standings({"orders": []})
    assert process.told == [{"orders": ["a:1"]}, {"users": ["b:1"]}, {"orders": []}]


def test_one_that_is_behind_is_told_the_newest_of_each_when_it_reads_again() -> None:
    seat, process = seated()
    distribution = Distribution([seat])
    distribution.set_standings({"users": OTHER})
    process.is_clear = False
    distribution.set_standings({"orders": OUT})
    distribution.set_standings({"users": []})
    process.is_clear = True
    distribution.send_standings(seat)
    distribution.send_standings(seat)
    assert process.told[1:] == [{"orders": ["a:1"], "users": []}]


def test_a_new_one_is_told_everything_and_nothing_where_all_is_well() -> None:
    seat, process = seated(has_said_hello=False)
    distribution = Distribution([seat])
    distribution.set_standings({"orders": OUT, "users": OTHER})
    distribution.set_standings({"users": []})
    assert process.told == []
    seat.has_said_hello = True
    distribution.send_standings(seat)
    assert process.told == [{"orders": ["a:1"]}]
    distribution.set_standings({"orders": []})
    seat.begin()
    seat.has_said_hello = True
    distribution.send_standings(seat)
    assert process.told[2:] == []
