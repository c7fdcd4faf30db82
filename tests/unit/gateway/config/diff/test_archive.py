"""A configuration that was packed away comes back as it was, and shows none of its secrets meanwhile."""

from gateway.config import load_text
from gateway.config.diff.archive import Archive
from gateway.config.diff.semantic import Comparable, semantic_diff

TEXT = """
listeners: [{name: public, address: 127.0.0.1:9080}]
routes: [{name: a, match: {headers: {authorization: Bearer-abc}}, respond: {status: 200, body: "käse ${WHO}"}}]
"""


def archived() -> Archive:
    return Archive.of(load_text(TEXT, "test.yaml", 1, {"WHO": "me"}))


def test_the_text_comes_back_as_it_was() -> None:
    assert archived().text() == TEXT
    assert archived().text_size == len(TEXT.encode())


def test_what_it_is_compared_by_comes_back_as_it_was() -> None:
    configuration = load_text(TEXT, "test.yaml", 1, {"WHO": "me"})
    packed = Archive.of(configuration).comparable()
    assert packed == Comparable(configuration.canonical, configuration.sealed)
    assert semantic_diff(packed, packed).objects == []


def test_it_knows_what_the_configuration_refers_to_and_how_many_objects_it_has() -> None:
    archive = archived()
    assert (archive.variables, archive.objects) == (frozenset({"WHO"}), {"listener": 1, "upstream": 0, "route": 1})


def test_nothing_of_the_text_is_in_its_representation() -> None:
    assert "Bearer" not in repr(archived())


def test_many_like_routes_take_a_small_part_of_their_text() -> None:
    routes = "".join(f"  - {{name: r{n}, match: {{path: /a/{n}}}, respond: {{status: 204}}}}\n" for n in range(500))
    text = f"listeners: [{{name: p, address: 127.0.0.1:9080}}]\nroutes:\n{routes}"
    archive = Archive.of(load_text(text, "test.yaml", 1, {}))
    assert archive.size < archive.text_size / 2
