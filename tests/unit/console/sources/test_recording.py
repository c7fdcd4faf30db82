"""The format of a recording: what goes in comes out, and what is none says where."""

import gzip
from pathlib import Path

import pytest

from console.client.problems import WrongUsage
from console.sources.recording import name_of, read_recording
from console.state import reading
from gateway.wire.exit_codes import ExitCode
from tests.support.recordings import SMALL, STARTED_S, make_recording


@pytest.mark.parametrize("name", ["plain.ndjson", "packed.ndjson.gz"])
def test_what_was_told_is_written_with_its_time_and_read_again(tmp_path: Path, name: str) -> None:
    recording = read_recording(make_recording(tmp_path / name))
    assert (recording.header.gateway, recording.header.started_s) == ("0.1.0", STARTED_S)
    assert [line.t for line in recording.lines] == [t for t, _ in SMALL]
    assert [line.of for line in recording.lines[:4]] == ["status", "history", "routes", "exchange"]
    assert recording.ends_s == 9.5


def test_the_same_question_has_one_name_whatever_its_order() -> None:
    assert name_of(reading.ROUTES) == "routes"
    one = reading.Reading("x", reading.ROUTES.view, (("b", "2"), ("a", "1&")))
    assert name_of(one) == "x?a=1%26&b=2"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [], ":1: expected the header of a recording"),
        (lambda lines: [b"{}", *lines[1:]], ":1: expected the header of a recording"),
        (lambda lines: [lines[0].replace(b'"sightline_recording":1', b'"sightline_recording":9')], ":1: .*format 1"),
        (lambda lines: [*lines[:2], b'{"t":', *lines[3:]], ":3: expected a message and its time"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], ":11: expected a message and its time"),
        (lambda lines: [lines[0], lines[-1], lines[2]], r":3: expected a time after 9\.5, got 1"),
        (lambda lines: [lines[0], lines[1].replace(b'"answer"', b'"riddle"')], ":2: .*riddle"),
    ],
)
def test_a_damaged_or_foreign_file_is_an_error_with_its_line(tmp_path: Path, damage, words: str) -> None:  # type: ignore[no-untyped-def]
    file = Path(make_recording(tmp_path / "a.ndjson"))
    file.write_bytes(b"".join(line + b"\n" for line in damage(file.read_bytes().splitlines())))
    with pytest.raises(WrongUsage, match=words) as raised:
        read_recording(str(file))
    assert raised.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz"])
def test_of_a_recording_whose_recorder_was_killed_what_is_whole_is_read(tmp_path: Path, name: str) -> None:
    file = Path(make_recording(tmp_path / name))
    whole = read_recording(str(file)).lines
    file.write_bytes(file.read_bytes()[:-20])
    lines = read_recording(str(file)).lines
    assert len(whole) > len(lines) > 4
    assert lines == whole[: len(lines)]


@pytest.mark.parametrize("content", [b"not packed", gzip.compress(b"x" * 9_000, mtime=0)[:50]])
def test_what_cannot_be_unpacked_says_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.ndjson.gz"
    file.write_bytes(content)
    with pytest.raises(WrongUsage, match=r"a\.ndjson\.gz"):
        read_recording(str(file))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="No such file"):
        read_recording(str(tmp_path / "none"))
