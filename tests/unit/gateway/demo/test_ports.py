"""Which ports the demo uses."""

import socket
from dataclasses import astuple, replace

from gateway.demo.ports import HOST, Ports, choose_ports, ports_from


def test_ports_follow_each_other_from_a_base() -> None:
    assert astuple(ports_from(20_000)) == tuple(range(20_000, 20_007))


def test_a_port_that_is_taken_is_replaced_by_a_free_one_and_said_so() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        chosen, replaced = choose_ports(replace(Ports(*[0] * 7), down=port))
    assert replaced == {"down": (port, chosen.down)}
    assert chosen.down != port


def test_no_port_is_chosen_twice() -> None:
    with socket.create_server((HOST, 0)) as taken:
        chosen, _ = choose_ports(Ports(*[taken.getsockname()[1]] * 7))
    assert len(set(astuple(chosen))) == 7
