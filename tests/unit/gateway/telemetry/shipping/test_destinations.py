"""A file that others rotate: nothing is lost, and what is written goes where the name leads."""

from pathlib import Path

import pytest

from gateway.telemetry.shipping.destinations import LogFile


class Clock:
    def __init__(self) -> None:
        self.now_s = 10.0

    def __call__(self) -> float:
        return self.now_s


def write(file: LogFile, text: bytes) -> bool:
    is_new = file.begin()
    assert file.write(memoryview(text)) == len(text)
    return is_new


def test_a_file_is_made_for_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    file = LogFile(str(path))
    assert write(file, b"one\n")
    assert not write(file, b"two\n")
    file.close()
    assert path.read_bytes() == b"one\ntwo\n"
    assert path.stat().st_mode & 0o007 == 0


def test_what_is_there_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"old\n")
    file = LogFile(str(path))
    write(file, b"new\n")
    file.close()
    assert path.read_bytes() == b"old\nnew\n"


def test_after_it_was_moved_away_and_told_so_a_new_one_is_written(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    file = LogFile(str(path), Clock())
    write(file, b"one\n")
    path.rename(tmp_path / "access.log.1")
    write(file, b"two\n")
    file.reopen()
    assert write(file, b"three\n")
    file.close()
    assert (tmp_path / "access.log.1").read_bytes() == b"one\ntwo\n"
    assert path.read_bytes() == b"three\n"


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_file_that_was_moved_is_noticed_within_a_second(tmp_path: Path, *, is_replaced: bool) -> None:
    path, clock = tmp_path / "access.log", Clock()
    file = LogFile(str(path), clock)
    write(file, b"one\n")
    path.rename(tmp_path / "access.log.1")
    if is_replaced:
        path.touch()
    clock.now_s += 1.1
    assert write(file, b"two\n")
    file.close()
    assert path.read_bytes() == b"two\n"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogFile(str(tmp_path / "nowhere" / "access.log")).begin()
