"""The source is looked at even when it does not change: only a file that can be read counts."""

import asyncio
import os
from pathlib import Path

import pytest

from gateway.runtime.vitals import source_reads
from gateway.runtime.vitals.source_reads import SourceReads, is_readable


def test_a_file_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "sightline.yaml"
    path.write_text("workers: 1")
    assert is_readable(str(path))


def test_what_is_missing_or_no_file_cannot(tmp_path: Path) -> None:
    assert not is_readable(str(tmp_path / "missing.yaml"))
    assert not is_readable(str(tmp_path))


def test_a_pipe_without_a_writer_does_not_hold_anybody_up(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert is_readable(str(path))


def test_it_is_told_for_as_long_as_it_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_reads, "INTERVAL_S", 0.001)
    path = tmp_path / "sightline.yaml"
    path.write_text("workers: 1")
    told: list[float] = []
    looked: list[bool] = []

    def look(name: str) -> bool:
        looked.append(is_readable(name))
        return looked[-1]

    monkeypatch.setattr(source_reads, "is_readable", look)

    async def run() -> None:
        task = asyncio.create_task(SourceReads(str(path), told.append).run())
        async with asyncio.timeout(5):
            while len(told) < 2:  # noqa: ASYNC110 - the test's own condition has no event
                await asyncio.sleep(0.001)
            path.unlink()
            while looked[-2:] != [False, False]:  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())
    assert len(told) == looked.count(True)
