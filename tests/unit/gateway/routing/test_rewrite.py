"""Rewrites: paths that stay clean, header edits in their order, and everything wrong found when compiled."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.http1.refusal import RequestRefused
from gateway.model.route import HeaderEdit, Rewrite, Route
from gateway.routing.rewrite import CompiledRewrite, compile_rewrite
from tests.support.routes import route


def rewriting(given: Route, **rewrite: Any) -> CompiledRewrite:
    compiled = compile_rewrite(replace(given, rewrite=Rewrite(**rewrite)))
    assert compiled is not None
    return compiled


def test_a_route_without_a_rewrite_has_none() -> None:
    assert compile_rewrite(route(path="/a")) is None


@pytest.mark.parametrize(
    ("prefix", "put", "path", "forwarded"),
    [
        ("/foo", "/xyz", "/foo/bar", "/xyz/bar"),
        ("/foo", "/xyz/", "/foo/bar", "/xyz/bar"),
        ("/foo/", "/xyz", "/foo/bar", "/xyz/bar"),
        ("/foo/", "/xyz/", "/foo/bar", "/xyz/bar"),
        ("/foo", "/xyz", "/foo", "/xyz"),
        ("/foo", "/xyz", "/foo/", "/xyz/"),
        ("/foo", "", "/foo/bar", "/bar"),
        ("/foo", "", "/foo/", "/"),
        ("/foo", "", "/foo", "/"),
        ("/foo", "/", "/foo/bar", "/bar"),
        ("/foo", "/", "/foo/", "/"),
        ("/foo", "/", "/foo", "/"),
        ("/", "/api", "/bar", "/api/bar"),
        ("/", "/api", "/", "/api/"),
        ("/foo", "/caf%c3%a9", "/foo/%2F", "/caf%C3%A9/%2F"),
    ],
)
def test_a_prefix_is_replaced_by_whole_segments(prefix: str, put: str, path: str, forwarded: str) -> None:
    assert rewriting(route(path_prefix=prefix), path_prefix=put).rewrite_path(path) == forwarded


def test_a_route_without_a_path_has_the_prefix_of_the_root() -> None:
    assert rewriting(route(), path_prefix="/api").rewrite_path("/a") == "/api/a"


@pytest.mark.parametrize(
    ("template", "put", "path", "forwarded"),
    [
        ("/o/{id}", "/orders/{id}", "/o/7", "/orders/7"),
        ("/{a}/{b}", "/{b}/x-{a}.json", "/1/2", "/2/x-1.json"),
        ("/f/{rest*}", "/files/{rest}", "/f/a/b", "/files/a/b"),
        ("/f/{rest*}", "/files/{rest*}/x", "/f/", "/files/x"),
        ("/o/{id}", "/fixed", "/o/7", "/fixed"),
        ("/o/{id}", "/{id}/{id}", "/o/%7Ba%7D", "/%7Ba%7D/%7Ba%7D"),
    ],
)
def test_a_path_is_replaced_with_the_parameters_of_the_template(
    template: str, put: str, path: str, forwarded: str
) -> None:
    assert rewriting(route(path=template), path=put).rewrite_path(path) == forwarded


def test_a_path_that_becomes_a_dot_segment_is_refused() -> None:
    compiled = rewriting(route(path="/f/{rest*}"), path="/x/.{rest}")
    assert compiled.rewrite_path("/f/a") == "/x/.a"
    with pytest.raises(RequestRefused, match="dot segment"):
        compiled.rewrite_path("/f/")


@pytest.mark.parametrize(
    ("given", "rewrite", "words"),
    [
        (route(path="/o/{id}"), {"path": "/x/{name}"}, "no parameter name"),
        (route(path="/o/{id}"), {"path": "/x/{id"}, "brace"),
        (route(path="/o/{id}"), {"path": "/x/../{id}"}, "dot segment"),
        (route(path="/o/{id}"), {"path": "x/{id}"}, "slash"),
        (route(path="/o/{id}"), {"path": "/x?y={id}"}, "percent-encoded"),
        (route(path_prefix="/a"), {"path": "/x/{id}"}, "no parameter id"),
        (route(path="/a"), {"path_prefix": "/x"}, "path_prefix"),
        (route(path_prefix="/a"), {"path_prefix": "/x/.."}, "dot segment"),
        (route(path_prefix="/a"), {"path_prefix": "x"}, "slash"),
        (route(path_prefix="/a"), {"path": "/x", "path_prefix": "/y"}, "not both"),
        (route(path="/a"), {"host": "a b"}, "host"),
        (route(path="/a"), {"host": "a\r\nX: y"}, "host"),
    ],
)
def test_what_cannot_work_is_refused_when_compiled(given: Route, rewrite: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rewriting(given, **rewrite)


def test_what_is_not_rewritten_passes_as_it_is() -> None:
    compiled = rewriting(route(path="/a"), host="b.example.com:8080")
    fields = [(b"A", b"1")]
    assert compiled.host == b"b.example.com:8080"
    assert compiled.rewrite_path("/a") == "/a"
    assert compiled.edit_request(fields) is fields
    assert compiled.edit_response(fields) is fields


def test_fields_are_removed_then_set_then_added() -> None:
    edit = HeaderEdit(
        remove=("X-Old", "x-both"), set=(("X-Set", "1"),), add=(("X-Add", "2"), ("X-Set", "3"), ("X-Both", "4"))
    )
    compiled = rewriting(route(path="/a"), headers=edit)
    fields = [
        (b"x-old", b"o"),
        (b"Keep", b"k"),
        (b"x-SET", b"a"),
        (b"X-Set", b"b"),
        (b"X-Both", b"c"),
        (b"X-ADD", b"d"),
    ]
    before = fields.copy()
    assert compiled.edit_request(fields) == [
        (b"Keep", b"k"),
        (b"X-ADD", b"d"),
        (b"X-Set", b"1"),
        (b"X-Add", b"2"),
        (b"X-Set", b"3"),
        (b"X-Both", b"4"),
    ]
    assert fields == before


def test_request_and_answer_are_edited_apart() -> None:
    compiled = rewriting(
        route(path="/a"), headers=HeaderEdit(add=(("A", "1"),)), response_headers=HeaderEdit(remove=("Server",))
    )
    assert compiled.edit_request([]) == [(b"A", b"1")]
    assert compiled.edit_response([(b"server", b"x"), (b"B", b"2")]) == [(b"B", b"2")]


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "a\r\nb", "caf\u00e9", "a\0", "Content-Length", "host", "Transfer-Encoding"]
)
def test_a_name_that_is_none_or_not_ours_to_edit_is_refused(name: str) -> None:
    for edit in (HeaderEdit(set=((name, "v"),)), HeaderEdit(add=((name, "v"),)), HeaderEdit(remove=(name,))):
        with pytest.raises(ValueError):
            rewriting(route(path="/a"), headers=edit)
        with pytest.raises(ValueError):
            rewriting(route(path="/a"), response_headers=edit)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\0", "a\x7f", " a", "a\t"])
def test_a_value_that_could_forge_a_field_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        rewriting(route(path="/a"), headers=HeaderEdit(set=(("X", value),)))


def test_a_value_may_hold_tabs_and_utf8() -> None:
    compiled = rewriting(route(path="/a"), headers=HeaderEdit(set=(("X", "a\tb \u00e9"),)))
    assert compiled.edit_request([]) == [(b"X", b"a\tb \xc3\xa9")]
