"""References to the environment and to secret files."""

import os
from pathlib import Path

import pytest

from gateway.config.interpolation import SECRET_BYTES, Interpolated, Interpolation, InterpolationError
from gateway.config.signature import signature_of


def expand(template: str, folder: Path | str = "/", **environ: str) -> str:
    return Interpolation(environ, str(folder)).expand(template)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("${NAME}", "value"),
        ("a ${NAME} b ${NAME}", "a value b value"),
        ("${NAME:-default}", "value"),
        ("${OTHER:-default}", "default"),
        ("${OTHER:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-default}", "default"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$value"),
        ("^/a$", "^/a$"),
        ("$NAME", "$NAME"),
    ],
)
def test_references_are_replaced_once(template: str, text: str) -> None:
    assert expand(template, NAME="value", EMPTY="") == text


def test_a_value_is_not_searched_for_references() -> None:
    assert expand("${A}", A="${B}", B="secret") == "${B}"


def test_what_was_interpolated_remembers_how_it_was_written() -> None:
    text = expand("a ${NAME}", NAME="value")
    assert isinstance(text, Interpolated)
    assert text.template == "a ${NAME}"
    assert not isinstance(expand("$${NAME}"), Interpolated)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("${NAME}", "the environment variable NAME is not set; expected it, or ${NAME:-default}"),
        ("${NAME", "a reference is not closed"),
        ("${}", "a reference cannot be read"),
        ("${1}", "a reference cannot be read"),
        ("${NAME:default}", "a reference cannot be read"),
        ("${file:gone}", "the file gone cannot be read: no such file or directory"),
        ("${file:/dev/zero}", "the file /dev/zero cannot be read: it is not a regular file"),
        ("${file:a\0b}", "the file a\0b cannot be read: the name holds a NUL character"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(template: str, message: str) -> None:
    with pytest.raises(InterpolationError) as error:
        expand(template)
    assert message in str(error.value)


def test_a_secret_is_the_file_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b" line one\nline two \r\n")
    assert expand("<${file:token}>", tmp_path) == "< line one\nline two >"


def test_a_file_may_not_be_long_or_anything_but_text(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * (SECRET_BYTES + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, message in (("long", "longer than"), ("binary", "not UTF-8")):
        with pytest.raises(InterpolationError, match=message):
            expand(f"${{file:{name}}}", tmp_path)


def test_opening_a_fifo_by_mistake_does_not_wait_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InterpolationError, match="not a regular file"):
        expand("${file:fifo}", tmp_path)


def test_what_was_read_is_known_with_its_signature(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    interpolation = Interpolation({"A": "1"}, str(tmp_path))
    interpolation.expand("${A} ${B:-2} ${file:token}")
    with pytest.raises(InterpolationError):
        interpolation.expand("${file:gone}")
    assert interpolation.variables == {"A", "B"}
    assert interpolation.signatures == {
        str(tmp_path / "token"): signature_of(str(tmp_path / "token")),
        str(tmp_path / "gone"): None,
    }


def test_a_file_is_read_once_even_if_it_changes_meanwhile(tmp_path: Path) -> None:
    interpolation = Interpolation({}, str(tmp_path))
    (tmp_path / "token").write_text("one")
    first = interpolation.expand("${file:token}")
    (tmp_path / "token").write_text("two")
    assert first == interpolation.expand("${file:token}") == "one"


def test_what_may_be_referred_to_can_be_narrowed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    interpolation = Interpolation({"A": "1"}, str(tmp_path), lambda path: False, lambda name: name == "A")
    assert interpolation.expand("${A}") == "1"
    for template in ("${B:-2}", "${file:token}"):
        with pytest.raises(InterpolationError, match="the running configuration"):
            interpolation.expand(template)
    assert interpolation.signatures == {}
