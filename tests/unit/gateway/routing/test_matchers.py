"""Predicates on header fields, query parameters, clients and listeners."""

import pytest

from gateway.model.headers import Fields
from gateway.model.route import Match
from gateway.routing.matchers import compile_predicates
from tests.support.routes import exact, present, regex


def holds(match: Match, query: str | None = None, fields: Fields | None = None, client: str = "192.0.2.1") -> bool:
    return all(each.holds("public", query, fields or [], client) for each in compile_predicates(match))


@pytest.mark.parametrize(
    ("fields", "is_held"),
    [
        ([(b"X-Tenant", b"blue")], True),
        ([(b"x-tenant", b"blue"), (b"other", b"1")], True),
        ([(b"X-Tenant", b"Blue")], False),
        ([(b"X-Tenant", b"blue"), (b"X-Tenant", b"red")], False),
        ([(b"X_Tenant", b"blue")], False),
        ([], False),
    ],
)
def test_a_header_is_exact_in_its_combined_value_and_not_in_the_case_of_its_name(fields: Fields, is_held: bool) -> None:
    assert holds(Match(headers=(exact("x-tenant", "blue"),)), fields=fields) is is_held


def test_a_header_pattern_sees_all_lines_of_a_name() -> None:
    match = Match(headers=(regex("accept", "a, b+"),))
    assert holds(match, fields=[(b"Accept", b"a"), (b"Accept", b"bb")])
    assert not holds(match, fields=[(b"Accept", b"a")])
    assert not holds(match, fields=[(b"Accept", b"a, b, c")])


def test_a_header_may_be_present_with_any_value() -> None:
    match = Match(headers=(present("x"),))
    assert holds(match, fields=[(b"X", b"")])
    assert not holds(match, fields=[(b"XX", b"1")])


@pytest.mark.parametrize(
    ("query", "is_held"),
    [
        ("v=2", True),
        ("a=1&v=2", True),
        ("v=%32", True),
        ("%76=2", True),
        ("v=2&v=3", True),
        ("v=3&v=2", False),
        ("v=2x", False),
        ("v", False),
        ("V=2", False),
        ("", False),
        (None, False),
    ],
)
def test_the_first_query_parameter_of_a_name_counts(query: str | None, is_held: bool) -> None:
    assert holds(Match(query=(exact("v", "2"),)), query=query) is is_held


def test_query_values_are_decoded_as_forms_are() -> None:
    match = Match(query=(exact("q", "a b\u00e9"),))
    assert holds(match, query="q=a+b%C3%A9")
    assert holds(match, query="q=a%20b%c3%a9")


def test_a_query_parameter_may_be_present_or_match_a_pattern() -> None:
    assert holds(Match(query=(present("debug"), regex("n", r"\d+"))), query="debug&n=12")
    assert not holds(Match(query=(present("debug"),)), query="n=12")


@pytest.mark.parametrize(
    ("client", "is_held"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("", False),
        ("unix", False),
    ],
)
def test_a_client_is_in_one_of_the_networks(client: str, is_held: bool) -> None:
    assert holds(Match(clients=("10.0.0.0/8", "2001:db8::/32", "203.0.113.7")), client=client) is is_held


def test_every_client_of_a_family_is_in_its_widest_network() -> None:
    assert holds(Match(clients=("0.0.0.0/0",)), client="198.51.100.1")
    assert not holds(Match(clients=("0.0.0.0/0",)), client="2001:db8::1")


def test_all_predicates_have_to_hold() -> None:
    match = Match(listeners=("public",), headers=(present("x"), present("y")))
    assert holds(match, fields=[(b"x", b""), (b"y", b"")])
    assert not holds(match, fields=[(b"x", b"")])
    assert not holds(Match(listeners=("internal",)))
