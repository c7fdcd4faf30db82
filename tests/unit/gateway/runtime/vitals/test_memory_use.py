"""What a process holds for itself alone."""

import mmap
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.runtime.vitals.memory_use import private_memory, shrink_heap


def test_pages_shared_with_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "statm").write_text("5000 1200 200 1 0 900 0\n")
    assert private_memory(7, tmp_path) == 1000 * os.sysconf("SC_PAGE_SIZE")


def test_a_process_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    assert private_memory(8, tmp_path) == 0


def test_what_this_process_allocates_is_seen() -> None:
    before = private_memory()
    with mmap.mmap(-1, 16 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        for offset in range(0, len(held), mmap.PAGESIZE):
            held[offset] = 1
        assert private_memory() - before > len(held) * 0.9


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps it, and gives it back when it is asked to"
)
def test_what_was_freed_between_pieces_in_use_is_given_back() -> None:
    pieces = [bytearray(60_000) for _ in range(1000)]
    for piece in pieces:
        piece[:] = b"x" * len(piece)
    kept = pieces[::50]
    before = private_memory()
    del pieces, piece
    shrink_heap()
    assert before - private_memory() > 40_000_000
    assert len(kept) == 20


_BLOCKS = """
import resource, sys
from gateway.runtime.vitals.memory_use import keep_heap
if sys.argv[1] == "keep":
    keep_heap()

def block():
    return b"".join([bytes(40_000) for _ in range(10)])

block()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(200):
    block()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep it")
def test_blocks_that_come_and_go_are_not_faulted_in_anew_each_time() -> None:
    by_default, kept = (
        int(subprocess.run([sys.executable, "-c", _BLOCKS, way], check=True, capture_output=True).stdout)
        for way in ("default", "keep")
    )
    assert kept < by_default / 2
