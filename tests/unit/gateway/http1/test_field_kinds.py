"""What each header field is to a proxy, in whatever case it is spelt, and that strangers cannot fill the memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1 import field_kinds as kinds
from gateway.http1.field_kinds import REQUEST_KINDS, RESPONSE_KINDS, FieldKinds

HOP_BY_HOP = [
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "HTTP2-Settings",
    "Trailer",
]


def spellings(name: str) -> list[bytes]:
    return [
        name.encode(),
        name.lower().encode(),
        name.upper().encode(),
        name.title().encode(),
        name.swapcase().encode(),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Host", kinds.HOST),
        ("Connection", kinds.CONNECTION),
        ("Content-Length", kinds.CONTENT_LENGTH),
        ("Transfer-Encoding", kinds.TRANSFER_ENCODING),
        ("TE", kinds.TE),
        ("Upgrade", kinds.UPGRADE),
        ("Expect", kinds.EXPECT),
        ("traceparent", kinds.TRACEPARENT),
        ("X-Forwarded-For", kinds.X_FORWARDED_FOR),
        ("X-Forwarded-Port", kinds.FORWARDING),
        ("X-Forwarded-Anything", kinds.FORWARDING),
        ("X-Real-IP", kinds.FORWARDING),
        ("X-Request-ID", kinds.X_REQUEST_ID),
        ("X_Request_Id", kinds.UNDERSCORE),
        ("Content_Length", kinds.UNDERSCORE),
        ("Authorization", kinds.AUTHORIZATION),
        ("Cookie", kinds.PASS),
        ("X-Forwarded", kinds.PASS),
        *[(name, kinds.HOP_BY_HOP) for name in HOP_BY_HOP],
    ],
)
def test_a_field_of_a_request_is_known_in_every_case(name: str, kind: int) -> None:
    for spelling in spellings(name):
        assert REQUEST_KINDS.kind_of(spelling) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Content-Length", kinds.CONTENT_LENGTH),
        ("Transfer-Encoding", kinds.TRANSFER_ENCODING),
        ("Connection", kinds.CONNECTION),
        ("Keep-Alive", kinds.HOP_BY_HOP),
        ("Trailer", kinds.HOP_BY_HOP),
        ("TE", kinds.HOP_BY_HOP),
        ("Upgrade", kinds.UPGRADE),
        ("Date", kinds.DATE),
        ("Set-Cookie", kinds.PASS),
        ("X_Under", kinds.PASS),
        ("X-Forwarded-For", kinds.PASS),
    ],
)
def test_a_field_of_a_response_is_known_in_every_case(name: str, kind: int) -> None:
    for spelling in spellings(name):
        assert RESPONSE_KINDS.kind_of(spelling) == kind


def test_the_order_of_the_kinds_says_what_is_passed_on_and_what_is_kept_aside() -> None:
    passed = [kinds.PASS, kinds.USER_AGENT, kinds.CONTENT_TYPE, kinds.AUTHORIZATION, kinds.DATE]
    assert max(passed) == kinds.LAST_PASSED < kinds.HOST
    decided = [kinds.HOST, kinds.CONNECTION, kinds.CONTENT_LENGTH, kinds.TRANSFER_ENCODING, kinds.HOP_BY_HOP, kinds.TE]
    assert max(*decided, kinds.UPGRADE, kinds.EXPECT) < kinds.TRACEPARENT


def test_a_sequence_of_names_is_sorted_out_in_its_order() -> None:
    shape = REQUEST_KINDS.shape_of((b"TE", b"Cookie", b"content-type", b"HOST", b"User-Agent", b"host"))
    assert shape.kept == ((b"content-type", kinds.CONTENT_TYPE), (b"User-Agent", kinds.USER_AGENT))
    assert shape.dropped == ((b"TE", kinds.TE), (b"HOST", kinds.HOST), (b"host", kinds.HOST))


def test_a_sequence_of_names_is_remembered() -> None:
    known = FieldKinds({b"host": kinds.HOST}, is_request=True)
    assert known.shape_of((b"Host", b"A")) is known.shapes[b"Host", b"A"]


def test_sequences_without_end_are_not_all_remembered() -> None:
    known = FieldKinds({b"host": kinds.HOST}, is_request=True)
    for number in range(5_000):
        shape = known.shape_of((b"hOST", b"X-%d" % number))
        assert shape.dropped == ((b"hOST", kinds.HOST),)
    assert len(known.shapes) <= 1_024


@pytest.mark.parametrize("names", [(b"X-" + b"a" * 1_100,), tuple(b"X-%d" % number for number in range(41))])
def test_a_long_sequence_of_names_is_not_remembered(names: tuple[bytes, ...]) -> None:
    known = FieldKinds({b"host": kinds.HOST}, is_request=True)
    assert known.shape_of(names).dropped == ()
    assert not known.shapes


@given(name=st.text("abcdefXYZ-_0", min_size=1, max_size=12))
def test_a_name_is_judged_by_its_letters_not_their_case(name: str) -> None:
    assert len({REQUEST_KINDS.kind_of(spelling) for spelling in spellings(name)}) == 1
