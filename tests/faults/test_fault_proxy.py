"""The fault proxy does what it says, byte by byte: who tests with it must be able to believe it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.faults.fault_proxy import REFUSING, Blackhole, Ending, Fault, FaultProxy, Way
from tests.support.config import free_port
from tests.support.waiting import DEADLINE_S, wait_until

TEXT: Final = bytes(range(256)) * 40
SILENCE_S: Final = 0.3


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """An upstream that says what it hears, and ends its side when it has heard all."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(proxy.address, DEADLINE_S)


def read_all(client: socket.socket) -> tuple[bytes, str]:
    """What came, and how it ended."""
    data = b""
    try:
        while piece := client.recv(65536):
            data += piece
    except ConnectionResetError:
        return data, "RST"
    except TimeoutError:
        return data, "silence"
    return data, "FIN"


def test_without_a_fault_all_bytes_and_the_end_come_through(echo: tuple[str, int]) -> None:
    with FaultProxy(echo) as proxy, connect(proxy) as client:
        client.sendall(TEXT)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == (TEXT, "FIN")
        wait_until(lambda: proxy.open == 0, "the connection is over")
        assert proxy.accepted == 1


@pytest.mark.parametrize("ending", [Ending.FIN, Ending.RST, Ending.HALF_CLOSE, Ending.SILENCE])
def test_bytes_are_cut_off_at_the_byte_that_was_named(echo: tuple[str, int], ending: Ending) -> None:
    with FaultProxy(echo, Fault(to_client=Way(cut_after=1000, ending=ending))) as proxy, connect(proxy) as client:
        client.sendall(TEXT)
        if ending is Ending.SILENCE:
            wait_until(lambda: len(client.recv(65536, socket.MSG_PEEK)) >= 1000, "what comes before the silence")
            client.settimeout(SILENCE_S)
        received, how = read_all(client)
    expected = {Ending.HALF_CLOSE: "FIN", Ending.SILENCE: "silence"}.get(ending, ending.value)
    # A reset may overtake bytes that were sent before it; there are never more of them.
    assert TEXT[:1000].startswith(received)
    assert how == expected
    assert len(received) == 1000 or ending is Ending.RST


def test_after_a_half_close_the_other_way_goes_on(echo: tuple[str, int]) -> None:
    upward = Fault(to_upstream=Way(cut_after=10, ending=Ending.HALF_CLOSE))
    with FaultProxy(echo, upward) as proxy, connect(proxy) as client:
        client.sendall(TEXT)
        assert read_all(client) == (TEXT[:10], "FIN")


def test_garbage_takes_the_place_of_what_was_cut_off(echo: tuple[str, int]) -> None:
    garbage = b"\x00\xffrubbish"
    faults = [Fault(to_client=Way(cut_after=count, garbage=garbage)) for count in (0, 5)]
    with FaultProxy(echo, lambda number: faults[number]) as proxy:
        for expected in (garbage, TEXT[:5] + garbage):
            with connect(proxy) as client:
                client.sendall(TEXT)
                assert read_all(client) == (expected, "FIN")


def test_pieces_are_delayed(echo: tuple[str, int]) -> None:
    with FaultProxy(echo, Fault(to_client=Way(delay_s=0.15))) as proxy, connect(proxy) as client:
        begun_s = time.monotonic()
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        assert time.monotonic() - begun_s >= 0.15


def test_bytes_drip_at_the_rate_that_was_named(echo: tuple[str, int]) -> None:
    with FaultProxy(echo, Fault(to_client=Way(bytes_per_s=20_000))) as proxy, connect(proxy) as client:
        begun_s = time.monotonic()
        client.sendall(TEXT[:6000])
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == (TEXT[:6000], "FIN")
        assert time.monotonic() - begun_s > 0.25


def test_connections_are_refused_from_now_on_when_the_fault_changes(echo: tuple[str, int]) -> None:
    with FaultProxy(echo) as proxy, connect(proxy) as before:
        before.sendall(b"1")
        assert before.recv(1) == b"1"
        proxy.fault = REFUSING
        with pytest.raises(ConnectionResetError), connect(proxy) as refused:
            refused.recv(1)
        before.sendall(b"2")
        assert before.recv(1) == b"2"


@pytest.mark.parametrize(("with_reset", "how"), [(True, "RST"), (False, "FIN")])
def test_connections_under_way_can_be_broken(echo: tuple[str, int], *, with_reset: bool, how: str) -> None:
    with FaultProxy(echo) as proxy, connect(proxy) as client:
        client.sendall(b"1")
        assert client.recv(1) == b"1"
        proxy.break_all(with_reset=with_reset)
        assert read_all(client) == (b"", how)


def test_an_upstream_that_is_not_there_is_a_reset(echo: tuple[str, int]) -> None:
    address = ("127.0.0.1", free_port())
    # The reset may come before the connection is known to have been made.
    with FaultProxy(address) as proxy, pytest.raises(ConnectionResetError), connect(proxy) as client:
        client.recv(1)


def test_a_blackhole_neither_accepts_nor_refuses() -> None:
    with Blackhole() as hole, pytest.raises(TimeoutError):
        socket.create_connection(hole.address, 0.3)
