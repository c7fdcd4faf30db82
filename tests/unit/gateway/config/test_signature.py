"""Files are read once, bounded, and recognised later."""

from pathlib import Path

import pytest

from gateway.config.signature import UnreadableFile, read_bounded, signature_of


def test_a_file_is_read_with_the_signature_it_had(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("content")
    content, signature = read_bounded(str(path), 100)
    assert content == b"content"
    assert signature == signature_of(str(path))


def test_a_signature_follows_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    assert signature_of(str(tmp_path / "link")) == signature_of(str(tmp_path / "file"))


@pytest.mark.parametrize("name", ["gone", "folder", "file/below", "a\0b"])
def test_what_is_no_file_has_no_content(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreadableFile):
        read_bounded(f"{tmp_path}/{name}", 100)
    if name != "folder":
        assert signature_of(f"{tmp_path}/{name}") is None


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x" * 101)
    with pytest.raises(UnreadableFile, match="longer than 100 bytes"):
        read_bounded(str(path), 100)
