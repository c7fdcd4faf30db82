"""The request target and the authority: one spelling for everything, or a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.refusal import RequestRefused
from gateway.http1.target import MAX_AUTHORITY_BYTES, normalise_path, parse_authority, parse_target
from gateway.model.listener import PathRules, SlashRule

RULES = PathRules()
KEEP_SLASH = PathRules(encoded_slash=SlashRule.KEEP)
REJECT_EMPTY = PathRules(merge_slashes=False)


def path_of(raw: bytes, rules: PathRules = RULES) -> str:
    return parse_target("GET", raw, rules).path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/a/b.c", "/a/b.c"),
        (b"/a/", "/a/"),
        (b"/~user/;v=1/x=@:!$&'()*+,", "/~user/;v=1/x=@:!$&'()*+,"),
        (b"/.well-known/acme", "/.well-known/acme"),
        (b"/...", "/..."),
        (b"/a/..b/.c", "/a/..b/.c"),
    ],
)
def test_an_ordinary_path_stays_as_it_is(raw: bytes, path: str) -> None:
    assert path_of(raw) == path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/%41%7e%2d", "/A~-"),
        (b"/caf%c3%a9", "/caf%C3%A9"),
        (b"/a%3ab%25", "/a%3Ab%25"),
        (b"/%2541", "/%2541"),
        (b'/{id}|"<>^`', "/%7Bid%7D%7C%22%3C%3E%5E%60"),
    ],
)
def test_every_character_gets_one_spelling(raw: bytes, path: str) -> None:
    assert path_of(raw) == path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/a/./b", "/a/b"),
        (b"/a/b/../c", "/a/c"),
        (b"/a/b/..", "/a/"),
        (b"/a/.", "/a/"),
        (b"/.", "/"),
        (b"/a/..", "/"),
        (b"/a/%2e%2E/b", "/b"),
        (b"/a/.%2e/b", "/b"),
        (b"/a//../b", "/b"),
    ],
)
def test_dot_segments_are_removed_however_they_are_written(raw: bytes, path: str) -> None:
    assert path_of(raw) == path


@pytest.mark.parametrize("raw", [b"/..", b"/a/../..", b"/%2e%2e/a", b"//..", b"/./../a", b"http://h/.."])
def test_climbing_above_the_root_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused, match="above the root") as refused:
        path_of(raw)
    assert refused.value.status == 400


@pytest.mark.parametrize("raw", [b"/%", b"/%4", b"/a%zz", b"/%%41", b"/%+1", b"/%4_", b"/%4%31"])
def test_an_invalid_percent_encoding_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused, match="invalid percent-encoding"):
        path_of(raw)


@pytest.mark.parametrize("raw", [b"/a%2Fb", b"/a%2fb", b"/a%5Cb", b"/a%5cb", b"/a%00"])
def test_an_encoded_slash_backslash_or_nul_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused, match="encoded slash, backslash or NUL"):
        path_of(raw)


def test_an_encoded_slash_passes_where_the_listener_keeps_it() -> None:
    assert path_of(b"/a%2fb", KEEP_SLASH) == "/a%2Fb"


@pytest.mark.parametrize("raw", [b"/a%5cb", b"/a%00"])
def test_backslash_and_nul_are_refused_even_where_encoded_slashes_are_kept(raw: bytes) -> None:
    with pytest.raises(RequestRefused):
        path_of(raw, KEEP_SLASH)


@pytest.mark.parametrize("byte", [*range(0x21), *b"\\#", *range(0x7F, 0x100)])
def test_bytes_that_have_no_place_in_a_path_are_refused(byte: int) -> None:
    with pytest.raises(RequestRefused):
        path_of(b"/a" + bytes([byte]))


def test_several_slashes_become_one() -> None:
    assert path_of(b"//a///b//") == "/a/b/"


@pytest.mark.parametrize("raw", [b"//a", b"/a//b", b"/a//"])
def test_several_slashes_are_refused_where_the_listener_says_so(raw: bytes) -> None:
    with pytest.raises(RequestRefused, match="empty segment"):
        path_of(raw, REJECT_EMPTY)


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        (b"/a", None),
        (b"/a?", ""),
        (b"/a?x=1&y=%zz", "x=1&y=%zz"),
        (b"/a?u=http://h/../?b", "u=http://h/../?b"),
        (b'/a?q={"a":[\\]}', 'q={"a":[\\]}'),
    ],
)
def test_the_query_is_kept_as_it_was_sent(raw: bytes, query: str | None) -> None:
    target = parse_target("GET", raw, RULES)
    assert (target.path, target.query) == ("/a", query)


@pytest.mark.parametrize("byte", [*range(0x21), ord("#"), *range(0x7F, 0x100)])
def test_bytes_that_have_no_place_in_a_query_are_refused(byte: int) -> None:
    with pytest.raises(RequestRefused):
        path_of(b"/a?b" + bytes([byte]))


@pytest.mark.parametrize(
    ("raw", "authority", "path", "query"),
    [
        (b"http://example.com/a/../b?c", b"example.com", "/b", "c"),
        (b"HTTPS://Example.com:8443/a", b"Example.com:8443", "/a", None),
        (b"http://example.com", b"example.com", "/", None),
        (b"http://example.com?a=/b", b"example.com", "/", "a=/b"),
        (b"http://[::1]:80/", b"[::1]:80", "/", None),
    ],
)
def test_an_absolute_target_is_taken_apart(raw: bytes, authority: bytes, path: str, query: str | None) -> None:
    target = parse_target("GET", raw, RULES)
    assert (target.authority, target.path, target.query) == (authority, path, query)
    assert not target.is_asterisk


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"a",
        b"a/b",
        b"?a",
        b"ftp://h/",
        b"http:/h",
        b"http:h",
        b"http://",
        b"http:///a",
        b"example.com:443",
        b"http://u@h/",
        b"http://u:p@h/",
        b"http://h\\a",
        b"http://h:99999/",
        b"http://h h/",
        b"**",
        b"/a b",
        b"#",
    ],
)
def test_a_target_in_none_of_the_forms_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_target("GET", raw, RULES)
    assert refused.value.status == 400


def test_a_refusal_never_echoes_the_request() -> None:
    with pytest.raises(RequestRefused) as refused:
        path_of(b"/secret-token%zz")
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize("raw", [b"*", b"http://example.com"])
def test_options_may_ask_about_the_server_itself(raw: bytes) -> None:
    target = parse_target("OPTIONS", raw, RULES)
    assert (target.is_asterisk, target.path) == (True, "*")


@pytest.mark.parametrize("raw", [b"http://example.com/", b"http://example.com?a", b"/"])
def test_options_with_a_path_or_query_asks_about_that(raw: bytes) -> None:
    assert not parse_target("OPTIONS", raw, RULES).is_asterisk


def test_asterisk_is_refused_with_other_methods() -> None:
    with pytest.raises(RequestRefused):
        path_of(b"*")


@pytest.mark.parametrize(
    ("raw", "host", "port"),
    [
        (b"Example.COM", "example.com", None),
        (b"example.com:8080", "example.com", 8080),
        (b"example.com.", "example.com", None),
        (b"example.com.:80", "example.com", 80),
        (b"example.com:", "example.com", None),
        (b"127.0.0.1:9080", "127.0.0.1", 9080),
        (b"my_service-1.local", "my_service-1.local", None),
        (b"[::1]", "[::1]", None),
        (b"[2001:DB8:0:0::1]:443", "[2001:db8::1]", 443),
    ],
)
def test_an_authority_is_host_and_port(raw: bytes, host: str, port: int | None) -> None:
    assert parse_authority(raw) == (host, port)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b":80",
        b".",
        b"..",
        b".a",
        b"a..b",
        b"a.b..",
        b"u@h",
        b"u@b/c",
        b"a, b",
        b"a,b",
        b"a/",
        b"a b",
        b" a",
        b"a ",
        b"a:b",
        b"a:+1",
        b"a:0",
        b"a:65536",
        b"a:000080",
        b"a:1:2",
        b"a\x00",
        b"\xe9",
        b"a%41",
        b"a#",
        b"a?",
        b"a\\b",
        b"[]",
        b"[::1",
        b"::1",
        b"[::1]a",
        b"[::1]80",
        b"[1.2.3.4]",
        b"[fe80::1%eth0]",
        b"[\xff]",
        b"[::1]:x",
        b"\xb2:1",
        b"a" * (MAX_AUTHORITY_BYTES + 1),
        b"h:\xb2",
        "h:\u0661".encode(),
    ],
)
def test_an_authority_that_is_not_one_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_authority(raw)
    assert refused.value.status == 400


@pytest.mark.parametrize("path", ["/a/..", "/a/%2e%2e/b", "/./a", "/..", "/a/."])
def test_a_path_of_our_own_may_not_hold_dot_segments(path: str) -> None:
    with pytest.raises(RequestRefused, match="dot segment"):
        normalise_path(path, RULES)


@pytest.mark.parametrize("path", ["", "a", "%2Fa", "/caf\u00e9", "/a b", "/a?b"])
def test_a_path_of_our_own_must_be_a_path(path: str) -> None:
    with pytest.raises(RequestRefused):
        normalise_path(path, RULES)


def test_a_path_of_our_own_is_normalised_like_a_clients() -> None:
    assert normalise_path("//%7euser/%c3%a9", RULES) == "/~user/%C3%A9"


_pieces = st.sampled_from(
    ["/", "//", ".", "..", "%2e", "%2E", "%41", "%2f", "%c3", "%25", "a", "A~", ";", "{", "%7b", "|"]
)


@given(st.lists(_pieces).map(lambda pieces: "/" + "".join(pieces)), st.sampled_from([RULES, KEEP_SLASH]))
def test_normalising_twice_changes_nothing(text: str, rules: PathRules) -> None:
    try:
        once = path_of(text.encode(), rules)
    except RequestRefused:
        return
    assert path_of(once.encode(), rules) == once
    assert normalise_path(once, rules) == once
    assert "//" not in once
    assert not {".", ".."} & set(once.split("/"))


@given(st.binary(max_size=40))
def test_any_bytes_give_a_clean_path_or_a_refusal(raw: bytes) -> None:
    try:
        path = path_of(b"/" + raw)
    except RequestRefused:
        return
    assert path[0] == "/"
    assert path.isascii()
    assert path.isprintable()
    assert not set(' \\#?"<>^`{|}') & set(path)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_clean_host_or_a_refusal(raw: bytes) -> None:
    try:
        host, port = parse_authority(raw)
    except RequestRefused:
        return
    assert host == host.lower()
    assert parse_authority(host.encode() + (b"" if port is None else b":%d" % port)) == (host, port)
