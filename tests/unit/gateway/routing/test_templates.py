"""Path templates: what is one, how it is spelled, and what its parameters stand for."""

import pytest

from gateway.model.listener import PathRules
from gateway.routing.templates import fill_template, names_in, normalise_template, parse_template, template_params

RULES = PathRules()


@pytest.mark.parametrize(
    ("template", "path", "params"),
    [
        ("/o/{id}", "/o/7", {"id": "7"}),
        ("/o/{id}/i/{item}", "/o/7/i/a%2Fb", {"id": "7", "item": "a%2Fb"}),
        ("/f/{name*}", "/f/a/b/", {"name": "a/b/"}),
        ("/f/{name*}", "/f/", {"name": ""}),
        ("/{a}/{b*}", "/x/y/z", {"a": "x", "b": "y/z"}),
        ("/plain", "/plain", {}),
    ],
)
def test_parameters_stand_for_what_the_path_has_in_their_place(
    template: str, path: str, params: dict[str, str]
) -> None:
    assert template_params(template, path) == params


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("o/{id}", "begins with a slash"),
        ("", "begins with a slash"),
        ("/{id}/{id}", "named twice"),
        ("/{a*}/b", "last segment"),
        ("/{a*}/{b*}", "last segment"),
        ("/x{a}", "whole segment"),
        ("/{a}.json", "whole segment"),
        ("/{}", "whole segment"),
        ("/{1a}", "whole segment"),
        ("/{a-b}", "whole segment"),
        ("/a}", "whole segment"),
        ("/{a**}", "whole segment"),
    ],
)
def test_what_is_no_template_is_refused_in_words(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_template(template)


def test_literal_segments_are_spelled_as_request_paths_are() -> None:
    assert normalise_template("/%7eu//{id}/caf%c3%a9/{rest*}", RULES) == "/~u/{id}/caf%C3%A9/{rest*}"
    assert normalise_template("/a/{id}/", RULES) == "/a/{id}/"
    assert normalise_template("/", RULES) == "/"


@pytest.mark.parametrize("template", ["/a/../{id}", "/{id}/.", "/a%2Fb/{id}", "/caf\u00e9/{id}", "/a b", "/a?b"])
def test_a_literal_segment_that_no_request_could_have_is_refused(template: str) -> None:
    with pytest.raises(ValueError):
        normalise_template(template, RULES)


def test_an_empty_segment_is_refused_where_slashes_are_not_merged() -> None:
    with pytest.raises(ValueError, match="empty segment"):
        normalise_template("/a//{id}", PathRules(merge_slashes=False))


def test_filling_replaces_names_wherever_they_stand() -> None:
    assert names_in("/x{a}/{b*}.json") == ["a", "b"]
    assert fill_template("/x{a}/{b*}.json", {"a": "1", "b": "2"}) == "/x1/2.json"


@pytest.mark.parametrize("text", ["/{", "/}", "/{a b}", "/{{a}}"])
def test_a_brace_left_over_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="brace"):
        names_in(text)
