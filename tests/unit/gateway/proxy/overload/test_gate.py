"""Connections let in by hand: as many as there is room for, the others told so at once."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.clock import SECOND_NS
from gateway.model.outcome import Reason
from gateway.proxy.overload import gate
from gateway.proxy.overload.gate import ANY, NONE, Gate, Growth
from gateway.proxy.reply import encode_reply, reply_for
from tests.support.waiting import wait_until

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Door:
    """A listening socket, its gate, and what became of those who came."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listening.settimeout(0)
        self.inside: list[socket.socket] = []
        self.turned_away = 0
        self.clients: list[socket.socket] = []
        self.gate = Gate(self.listening, self.inside.append, self._count)

    def _count(self) -> None:
        self.turned_away += 1

    def knock(self, count: int) -> None:
        for _ in range(count):
            client = socket.create_connection(self.listening.getsockname(), 5.0)
            client.sendall(REQUEST)
            self.clients.append(client)

    def close(self) -> None:
        for each in (self.listening, *self.inside, *self.clients):
            each.close()


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    # On a busy machine these tests take their time.
    monkeypatch.setattr(gate, "_STALE_MS", 60_000)
    for span in ("_LEAST_NS", "_CALM_NS"):
        monkeypatch.setattr(gate, span, SECOND_NS)
    door = Door()
    yield door
    door.close()


def test_who_finds_room_comes_in_and_the_others_get_an_answer_that_arrives(door: Door) -> None:
    door.knock(5)
    assert door.gate.look(2, 10_000, turns_away=True)
    assert (len(door.inside), door.turned_away) == (2, 3)
    assert all(client.recv(4096).startswith(b"HTTP/1.1 503 ") for client in door.clients[2:])
    assert all(client.recv(4096) == b"" for client in door.clients[2:])


def test_the_answer_at_the_door_is_of_the_form_of_all_others_of_ours() -> None:
    head, body = gate.BUSY.split(b"\r\n\r\n")
    ours = encode_reply(reply_for(Reason.OVERLOADED), "7", [], b"now", keep_alive=False, minor_version=1, to_head=False)
    our_head, our_body = ours.split(b"\r\n\r\n")
    assert json.loads(body) | {"request_id": "7"} == json.loads(our_body)
    no_request = (b"Date: now", b"X-Request-Id: 7")
    lines = [line for line in our_head.split(b"\r\n") if line not in no_request]
    assert head.split(b"\r\n") == [*lines[:-2], b"Content-Length: %d" % len(body), lines[-1]]


def test_the_others_may_be_left_to_wait(door: Door) -> None:
    door.knock(5)
    assert door.gate.look(2, 10_000, turns_away=False)
    assert (len(door.inside), door.turned_away) == (2, 0)
    assert not door.gate.look(10, 10_000, turns_away=False)
    assert len(door.inside) == 5


def test_who_has_left_takes_nobodys_place(door: Door) -> None:
    door.knock(3)
    for client in door.clients[:2]:
        client.close()
    wait_until(lambda: _is_half_closed(door.listening.getsockname()[1], 2), "the kernel has heard of it")
    assert door.gate.look(1, 10_000, turns_away=False)
    assert (len(door.inside), door.turned_away) == (1, 2)


def _is_half_closed(port: int, count: int) -> bool:
    """Whether so many connections to the port wait for our side to close: state 08 of /proc/net/tcp."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "08") == count


def test_who_has_waited_too_long_is_told_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_STALE_MS", 300)
    door.knock(2)
    wait_until(lambda: _age_ms(door.clients[0]) > 400, "time has passed")
    door.clients[1].sendall(REQUEST)  # One of them has just been heard of again.
    assert door.gate.look(5, 10_000, turns_away=False)
    assert (len(door.inside), door.turned_away) == (1, 1)


def _age_ms(client: socket.socket) -> int:
    """How long ago it sent its request (tcp_info, tcpi_last_data_sent)."""
    return int.from_bytes(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 48)[44:48], sys.byteorder)


def test_descriptors_above_the_ceiling_are_given_back(door: Door) -> None:
    door.knock(3)
    lowest_free = socket.socket()
    ceiling = lowest_free.fileno()
    lowest_free.close()
    assert door.gate.look(10, ceiling, turns_away=False)
    assert (len(door.inside), door.turned_away) == (0, 3)


def test_nobody_at_the_door_is_nobody_turned_away(door: Door) -> None:
    assert not door.gate.look(0, 10_000, turns_away=True)


def test_growth_is_a_number_and_a_share_of_those_inside() -> None:
    assert Growth(4, 0.1).of(100) == 14
    assert NONE.is_none
    assert not ANY.is_none
