"""Listening sockets: bound as a group, refused with a sentence, closed without losing a connection."""

import errno
import socket
import time

import pytest

from gateway.net.sockets import BindError, bind_group, refuse_new_connections


def test_a_group_shares_one_port_chosen_by_the_kernel() -> None:
    group = bind_group("127.0.0.1", 0, 3)
    try:
        assert len({sock.getsockname() for sock in group}) == 1
        assert all(not sock.getblocking() and not sock.get_inheritable() for sock in group)
        assert all(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for sock in group)
    finally:
        for sock in group:
            sock.close()


def test_an_address_in_use_is_refused_with_a_sentence_even_where_the_other_would_share_it() -> None:
    group = bind_group("127.0.0.1", 0, 1)
    group[0].listen()
    port = group[0].getsockname()[1]
    try:
        with pytest.raises(BindError, match=f"cannot listen on 127.0.0.1:{port}: another process") as raised:
            bind_group("127.0.0.1", port, 2)
        assert raised.value.in_use
    finally:
        group[0].close()


def test_an_address_this_machine_does_not_have_is_refused_with_a_sentence() -> None:
    with pytest.raises(BindError, match=r"192\.0\.2\.1:9: this machine does not have") as raised:
        bind_group("192.0.2.1", 9, 1)
    assert not raised.value.in_use


def test_a_port_the_user_may_not_have_says_what_is_missing() -> None:
    error = BindError("127.0.0.1:80", OSError(errno.EACCES, "Permission denied"))
    assert "CAP_NET_BIND_SERVICE" in str(error)


def test_after_new_connections_are_refused_the_queue_is_still_served_to_its_end() -> None:
    (listening,) = bind_group("127.0.0.1", 0, 1)
    listening.listen()
    address = listening.getsockname()
    queued = socket.create_connection(address)
    refuse_new_connections(listening)
    late = socket.socket()
    late.settimeout(0.2)
    with pytest.raises(TimeoutError):
        late.connect(address)
    accepted, _ = listening.accept()
    listening.close()
    queued.sendall(b"still here")
    assert accepted.recv(100) == b"still here"
    for sock in (queued, late, accepted):
        sock.close()


def test_a_client_that_comes_too_late_is_refused_when_it_repeats_its_syn() -> None:
    (listening,) = bind_group("127.0.0.1", 0, 1)
    listening.listen()
    refuse_new_connections(listening)
    late = socket.socket()
    late.setblocking(False)  # noqa: FBT003 - the socket's own signature
    late.connect_ex(listening.getsockname())
    listening.close()
    deadline_s = time.monotonic() + 5
    late.settimeout(5)
    with pytest.raises(ConnectionRefusedError):
        late.recv(1)
    assert time.monotonic() < deadline_s
    late.close()
