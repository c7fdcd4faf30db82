"""Connections let in by hand: as many as there is room for, the others told so at once."""

import socket
from collections.abc import Iterator

import pytest

from gateway.proxy.overload.gate import Gate

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
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.close()


def test_who_finds_room_comes_in_and_the_others_get_an_answer_that_arrives(door: Door) -> None:
    door.knock(5)
    assert door.gate.look(room=2, ceiling=10_000)
    assert (len(door.inside), door.turned_away) == (2, 3)
    assert all(client.recv(4096).startswith(b"HTTP/1.1 503 ") for client in door.clients[2:])
    assert all(client.recv(4096) == b"" for client in door.clients[2:])


def test_descriptors_above_the_ceiling_are_given_back(door: Door) -> None:
    door.knock(3)
    lowest_free = socket.socket()
    ceiling = lowest_free.fileno()
    lowest_free.close()
    assert door.gate.look(room=10, ceiling=ceiling)
    assert (len(door.inside), door.turned_away) == (0, 3)


def test_nobody_at_the_door_is_nobody_turned_away(door: Door) -> None:
    assert not door.gate.look(room=0, ceiling=10_000)
