"""Which sockets are kept, opened and given up when listeners change."""

import socket

import pytest

from gateway.model.listener import Listener
from gateway.net.sockets import BindError
from gateway.runtime.listening import ListeningSockets


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def listener(name: str, port: int = 0) -> Listener:
    return Listener(name, "127.0.0.1", port)


def is_open(sock: socket.socket) -> bool:
    return sock.fileno() != -1


def test_an_address_that_stays_keeps_its_sockets_under_another_name_too() -> None:
    sockets, port = ListeningSockets(2), free_port()
    first = sockets.bind([listener("old", port)])
    sockets.adopt(first)
    second = sockets.bind([listener("new", port)])
    assert second["new"] is first["old"]
    assert sockets.unused(second) == []
    sockets.adopt(second)
    assert is_open(first["old"].sockets[0])
    sockets.close()


def test_groups_that_are_not_wanted_any_more_are_closed() -> None:
    sockets = ListeningSockets(1)
    first = sockets.bind([listener("a"), listener("b")])
    sockets.adopt(first)
    second = sockets.bind([listener("a")])
    assert sockets.unused(second) == [first["b"]]
    sockets.adopt(second)
    assert not is_open(first["b"].sockets[0])
    assert is_open(first["a"].sockets[0])
    sockets.close()


def test_a_failure_closes_what_was_opened_for_it_and_nothing_else() -> None:
    sockets = ListeningSockets(1)
    running = sockets.bind([listener("a")])
    sockets.adopt(running)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BindError):
        sockets.bind([listener("a"), listener("c"), listener("b", taken.getsockname()[1])])
    assert is_open(running["a"].sockets[0])
    assert sockets.groups == running
    sockets.close()


def test_one_workers_share_can_be_closed_alone() -> None:
    sockets = ListeningSockets(2)
    groups = sockets.bind([listener("a")])
    sockets.adopt(groups)
    sockets.close_share(0)
    assert [is_open(sock) for sock in groups["a"].sockets] == [False, True]
    sockets.close()


def test_the_address_tells_the_port_the_kernel_chose() -> None:
    sockets = ListeningSockets(1)
    groups = sockets.bind([listener("a")])
    assert groups["a"].address == "127.0.0.1:{}".format(groups["a"].sockets[0].getsockname()[1])
    sockets.give_up(groups)
    assert not is_open(groups["a"].sockets[0])
