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
        assert (spelling in REQUEST_KINDS.passing) is (kind == kinds.PASS)


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
        assert (spelling in RESPONSE_KINDS.passing) is (kind == kinds.PASS)


def test_the_order_of_the_kinds_says_what_is_passed_on_and_what_is_kept_aside() -> None:
    passed = [kinds.PASS, kinds.USER_AGENT, kinds.CONTENT_TYPE, kinds.AUTHORIZATION]
    assert max(passed) < kinds.HOST
    decided = [kinds.HOST, kinds.CONNECTION, kinds.CONTENT_LENGTH, kinds.TRANSFER_ENCODING, kinds.HOP_BY_HOP, kinds.TE]
    assert max(*decided, kinds.UPGRADE, kinds.EXPECT) < kinds.TRACEPARENT


def test_spellings_without_end_are_not_remembered_and_judged_alike() -> None:
    known = FieldKinds({b"host": kinds.HOST}, (b"accept",), is_request=True)
    for number in range(5_000):
        assert known.kind_of(b"X-%d" % number) == kinds.PASS
    assert len(known._known) == len(known.passing) + 2 == 2_048
    assert known.kind_of(b"hOST") == kinds.HOST
    assert known.kind_of(b"X-4999") == kinds.PASS
    assert b"X-4999" not in known.passing


@given(name=st.text("abcdefXYZ-_0", min_size=1, max_size=12))
def test_a_name_is_judged_by_its_letters_not_their_case(name: str) -> None:
    assert len({REQUEST_KINDS.kind_of(spelling) for spelling in spellings(name)}) == 1
