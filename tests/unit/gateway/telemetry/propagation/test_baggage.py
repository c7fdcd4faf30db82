"""Baggage within the limits of the recommendation: whole members, in order."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.propagation.baggage import MAX_BYTES, MAX_MEMBERS, limit_baggage


def test_what_is_within_the_limits_goes_on_as_it_came() -> None:
    assert limit_baggage([b"a=1;p=q", b" b=%20 , c=3\t"]) == b"a=1;p=q,b=%20,c=3"


def test_empty_members_are_left_out() -> None:
    assert limit_baggage([b"", b",a=1,, ,"]) == b"a=1"
    assert limit_baggage([]) == limit_baggage([b" , "]) == b""


def test_64_members_are_all_that_goes_on() -> None:
    members = [b"k%d=v" % number for number in range(MAX_MEMBERS + 1)]
    assert limit_baggage([b",".join(members[:MAX_MEMBERS])]) == b",".join(members[:MAX_MEMBERS])
    assert limit_baggage([b",".join(members)]) == b",".join(members[:MAX_MEMBERS])


def test_8192_bytes_are_all_that_goes_on_and_no_member_is_cut() -> None:
    first, second = b"a=" + b"x" * 4094, b"b=" + b"y" * 4093
    assert limit_baggage([first, second]) == first + b"," + second
    assert len(limit_baggage([first, second])) == MAX_BYTES
    assert limit_baggage([first, second + b"y"]) == first
    assert limit_baggage([b"a=" + b"x" * MAX_BYTES, b"b=1"]) == b""


@given(st.lists(st.binary(max_size=9000), max_size=80))
def test_whatever_comes_in_the_limits_hold(values: list[bytes]) -> None:
    limited = limit_baggage(values)
    assert len(limited) <= MAX_BYTES
    assert limited.count(b",") < MAX_MEMBERS
