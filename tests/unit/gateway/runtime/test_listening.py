"""Which sockets are kept, opened and given up when listeners change."""

import os
import socket

import pytest

from gateway.model.listener import Listener
from gateway.net.sockets import BindError
from gateway.runtime.listening import ListeningSockets
from tests.support.config import free_port


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


def passed_on(sockets: ListeningSockets) -> dict[str, list[socket.socket]]:
    """Copies of all of them, as another program gets them."""
    return {group.key: [sock.dup() for sock in group.sockets] for group in sockets.groups.values()}


def inodes(sockets: ListeningSockets, name: str) -> list[int]:
    return [os.fstat(sock.fileno()).st_ino for sock in sockets.groups[name].sockets]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_program_takes_over_what_it_has_workers_for_and_binds_the_rest_beside(workers: int) -> None:
    old, new = ListeningSockets(2), ListeningSockets(workers)
    wanted = [listener("a", free_port()), listener("chosen")]
    old.adopt(old.bind(wanted))
    for group in old.groups.values():
        for sock in group.sockets:
            sock.listen()
    inherited = passed_on(old)
    new.inherit(inherited)
    new.adopt(new.bind(wanted))
    for name in ("a", "chosen"):
        common = min(2, workers)
        assert inodes(new, name)[:common] == inodes(old, name)[:common]
        assert len(inodes(new, name)) == workers
        assert new.groups[name].address == old.groups[name].address
        assert new.shared[old.groups[name].key] == common
    assert not any(is_open(sock) for group in inherited.values() for sock in group[workers:])
    old.close()
    new.close()


def test_what_a_program_does_not_want_of_its_inheritance_is_closed() -> None:
    old, new = ListeningSockets(1), ListeningSockets(1)
    old.adopt(old.bind([listener("a"), listener("b")]))
    inherited = passed_on(old)
    new.inherit(inherited)
    new.adopt(new.bind([listener("a")]))
    assert [is_open(*inherited[old.groups[name].key]) for name in ("a", "b")] == [True, False]
    old.close()
    new.close()


def test_what_is_shared_is_let_go_of_but_never_retired(monkeypatch: pytest.MonkeyPatch) -> None:
    retired: list[socket.socket] = []
    monkeypatch.setattr("gateway.runtime.listening.refuse_new_connections", retired.append)
    sockets = ListeningSockets(2)
    sockets.adopt(sockets.bind([listener("a"), listener("b"), listener("c")]))
    groups = sockets.groups
    sockets.shared = {groups["a"].key: 2, groups["b"].key: 1}
    assert sockets.own_groups() == [groups["b"], groups["c"]]
    sockets.retire(groups.values())
    assert retired == [groups["b"].sockets[1], *groups["c"].sockets]
    sockets.let_go()
    assert [is_open(sock) for name in "abc" for sock in groups[name].sockets] == [False, False, False, True, True, True]
    sockets.close()
