"""One object in the text of a configuration: cut out as it is written, put back, with everything else as it was."""

import json
from typing import Any

import pytest

from gateway.config.editing.object_text import CannotCut, Kind, ObjectText
from gateway.config.yaml_nodes import compose

TEXT = """\
# the gateway
upstreams:
  orders:  # the shop
    endpoints: &all
      - a.test:1   # old
      - b.test:1

    # about balance
    balance: random
  # about files
  files: {endpoints: [c.test:1]}  # after
routes:
  # the first
  - name: "größe 😀"
    match: {path: /a}
    upstream: orders

  # about the flow
  - {name: flow, match: {path: /b}, upstream: files}  # after it
  - name: last
    match:
      path: /c
    respond:
      status: 200
      body: |
        # not a comment
        text
"""
SECRETS = """\
routes:
  - name: a
    match: {headers: {authorization: "Bearer abc", x-tenant: blue, cookie: "${COOKIE}"}, path: /a}
    rewrite:
      headers:
        set:
          authorization: |
            Basic
            xyz
          x-api-key: ${KEY:-fallback}
    upstream: u
"""


@pytest.mark.parametrize(
    ("kind", "step", "line", "expected"),
    [
        (
            "upstream", "orders", 4,
            "endpoints: &all\n  - a.test:1   # old\n  - b.test:1\n\n# about balance\nbalance: random\n",
        ),
        ("upstream", "files", 11, "{endpoints: [c.test:1]}\n"),
        ("route", 0, 14, 'name: "größe 😀"\nmatch: {path: /a}\nupstream: orders\n'),
        ("route", 1, 19, "{name: flow, match: {path: /b}, upstream: files}\n"),
        (
            "route", 2, 20,
            "name: last\nmatch:\n  path: /c\nrespond:\n  status: 200\n  body: |\n    # not a comment\n    text\n",
        ),
    ],
)  # fmt: skip
def test_an_object_is_shown_as_it_is_written_without_its_indentation(
    kind: Kind, step: int | str, line: int, expected: str
) -> None:
    found = ObjectText(TEXT, kind, step)
    assert (found.shown, found.line) == (expected, line)


@pytest.mark.parametrize(
    ("kind", "step"), [("upstream", "orders"), ("upstream", "files"), *(("route", at) for at in range(3))]
)
def test_what_is_put_back_as_it_was_shown_leaves_the_text_as_it_was(kind: Kind, step: int | str) -> None:
    found = ObjectText(TEXT, kind, step)
    assert found.replaced(found.shown).text == TEXT


def test_a_block_takes_the_place_of_braces_and_the_comments_around_it_stay() -> None:
    replaced = ObjectText(TEXT, "upstream", "files").replaced("# mine\nendpoints:\n  - d.test:1\nbalance: random\n")
    assert replaced.text == TEXT.replace(
        "  files: {endpoints: [c.test:1]}  # after\n",
        "  files: \n    # mine\n    endpoints:\n      - d.test:1\n    balance: random\n    # after\n",
    )
    assert (replaced.first_line, replaced.lines) == (12, 4)
    replaced = ObjectText(TEXT, "route", 1).replaced("name: flow\nmatch: {path: /z}")
    assert "  - name: flow\n    match: {path: /z}\n    # after it\n  - name: last\n" in replaced.text
    assert (replaced.first_line, replaced.lines) == (19, 2)


def test_braces_take_the_place_of_a_block() -> None:
    replaced = ObjectText(TEXT, "upstream", "orders").replaced("{endpoints: [d.test:1]}")
    assert "  orders:  # the shop\n    {endpoints: [d.test:1]}\n  # about files\n" in replaced.text


def test_json_is_edited_within_its_braces_and_nowhere_else() -> None:
    text = json.dumps({"routes": [{"name": "a😀"}, {"name": "b"}], "upstreams": {"u": {"endpoints": ["x:1"]}}})
    assert ObjectText(text, "route", 1).replaced('{"name": "c"}').text == text.replace(
        "\\ud83d\\ude00", "\\U0001f600"
    ).replace('"b"', '"c"')
    with pytest.raises(CannotCut, match="within braces"):
        ObjectText(text, "upstream", "u").replaced("endpoints: []")


def test_secrets_are_not_shown_and_come_back_where_they_were_blanked() -> None:
    found = ObjectText(SECRETS, "route", 0)
    shown = found.shown
    for secret in ("Bearer", "Basic", "xyz", "fallback"):
        assert secret not in shown
    assert 'cookie: "${COOKIE}"' in shown
    assert shown.count("REDACTED") == 3
    changed = found.replaced(shown.replace("blue", "green")).text
    assert changed.count("\n") == SECRETS.count("\n") - 2
    before, after = compose(SECRETS), compose(changed)
    assert before is not None
    assert after is not None
    assert values(after) == [value.replace("blue", "green") for value in values(before)]


def values(node: Any) -> list[str]:
    """Every scalar below a node, or a pair of nodes."""
    inner = node if isinstance(node, tuple) else node.value
    return [inner] if isinstance(inner, str) else [each for part in inner for each in values(part)]


def test_a_text_that_is_no_yaml_is_put_in_as_it_is() -> None:
    assert "name: [" in ObjectText(SECRETS, "route", 0).replaced("name: [\nREDACTED").text


@pytest.mark.parametrize(
    ("text", "kind", "step"),
    [
        ("upstreams:\n  a: &a\n    endpoints: []\n  b: *a\n", "upstream", "b"),
        ("upstreams:\n  a: {endpoints: []}\nroutes:\n  - &a {name: x}\n  - *a\n", "route", 1),
        ("upstreams: {}\n", "upstream", "a"),
        ("routes: []\n", "route", 0),
    ],
)
def test_an_object_without_a_text_of_its_own_is_not_cut(text: str, kind: Kind, step: int | str) -> None:
    with pytest.raises(CannotCut):
        ObjectText(text, kind, step)


@pytest.mark.parametrize("secret", ['"Bearer hush"', "|-\n         Bearer hush", "!!str Bearer hush"])
def test_an_anchor_of_a_secret_stays_for_those_who_refer_to_it(secret: str) -> None:
    text = f"""routes:
  - name: one
    rewrite: &r
     headers:
      set:
       authorization: &key {secret}
       x-name: one
  - name: two
    rewrite: {{headers: {{set: {{authorization: *key}}}}}}
"""
    one = ObjectText(text, "route", 0)
    assert "hush" not in one.shown
    assert "authorization: &key" in one.shown
    assert values(compose(one.replaced(one.shown).text)) == values(compose(text))
