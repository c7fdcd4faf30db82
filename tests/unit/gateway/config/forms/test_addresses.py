"""Addresses, networks and hosts: one spelling each, and a sentence for everything else."""

import pytest

from gateway.config.forms.addresses import (
    is_loopback,
    parse_endpoint,
    parse_host,
    parse_listen_address,
    parse_network,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9080", ("127.0.0.1", 9080)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:80", ("::1", 80)),
        ("[0:0::1]:80", ("::1", 80)),
    ],
)
def test_a_listen_address_is_an_ip_address_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_listen_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1", ":80", "localhost:80", "::1:80", "[::1]", "127.0.0.1:65536", "127.0.0.1:x", "[fe80::1%lo]:80"],
)
def test_nothing_else_is_listened_on(text: str) -> None:
    with pytest.raises(ValueError, match="an IP address and a port"):
        parse_listen_address(text)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:9001", ("127.0.0.1", 9001, None)),
        ("[::1]:9001", ("::1", 9001, None)),
        ("Orders.Internal:80", ("orders.internal", 80, None)),
        ("orders_v2:80", ("orders_v2", 80, None)),
        ("unix:/run/app.sock", ("", 0, "/run/app.sock")),
    ],
)
def test_an_endpoint_is_an_address_a_name_or_a_socket(text: str, endpoint: tuple[str, int, str | None]) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        "orders:0",
        "1.2.3:80",
        "300.1.1.1:80",
        "a b:80",
        "-a:80",
        "http://a:80",
        "unix:app.sock",
        "unix:/" + "x" * 107,
    ],
)
def test_nothing_else_is_an_endpoint(text: str) -> None:
    with pytest.raises(ValueError):
        parse_endpoint(text)


def test_a_single_address_is_a_network_of_one() -> None:
    assert [parse_network(text) for text in ("10.0.0.1", "10.0.0.0/8", "::1")] == [
        "10.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]


def test_a_network_with_bits_behind_its_prefix_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="no bit set behind the prefix") as refused:
        parse_network("10.0.0.1/8")
    assert "10.0" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("API.Example.com", "api.example.com"),
        ("*.Example.org", "*.example.org"),
        ("a.b.", "a.b"),
        ("[::1]", "[::1]"),
        ("*", "*"),
    ],
)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text", ["", "a.com:80", "a.*.com", "**.com", "*.", "a..b", "bücher.example", "::1", "[::g]", "a" * 64]
)
def test_nothing_else_is_a_host(text: str) -> None:
    with pytest.raises(ValueError):
        parse_host(text)


def test_loopback_is_the_whole_network() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
        False,
    ]
