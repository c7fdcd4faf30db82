"""A window counts if the host of the machine left it alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perf.compare import bench as module
from perf.compare.bench import Bench
from perf.compare.cores import Cores
from perf.compare.processes import Stable

CORES = Cores(frozenset({0}), frozenset({1}), frozenset())
SECOND_NS = 1_000_000_000


@pytest.fixture
def stable(tmp_path: Path) -> Iterator[Stable]:
    with Stable(tmp_path) as stable:
        yield stable


def play(monkeypatch: pytest.MonkeyPatch, bench: Bench, shares: list[float]) -> int:
    """Windows of a second, of which the host takes these shares, the last of them of all that follow; which of them counts."""
    passed, stolen, tries = 0, 0, 0

    def measured() -> int:
        nonlocal passed, stolen, tries
        passed += SECOND_NS
        stolen += round(shares[min(tries, len(shares) - 1)] * SECOND_NS)
        tries += 1
        return tries

    monkeypatch.setattr("perf.compare.bench.time.monotonic_ns", lambda: passed)
    monkeypatch.setattr(module, "stolen_ns", lambda _cores: stolen)
    counts = bench.undisturbed(measured)
    monkeypatch.undo()
    assert tries == bench.repeated + 1
    return counts


@pytest.mark.parametrize(
    ("shares", "counts", "repeated"),
    [([0.0], 1, 0), ([0.01], 1, 0), ([0.5, 0.2, 0.0], 3, 2), ([0.5, 0.1, 0.3], 2, 5)],
)
def test_a_window_is_measured_again_until_it_is_left_alone_or_often_enough(
    monkeypatch: pytest.MonkeyPatch, stable: Stable, tmp_path: Path, shares: list[float], counts: int, repeated: int
) -> None:
    bench = Bench(stable, CORES, tmp_path, quick=False)
    assert play(monkeypatch, bench, shares) == counts
    assert bench.repeated == repeated
    assert bench.most_stolen == pytest.approx(shares[counts - 1])


def test_a_quick_run_takes_the_first(monkeypatch: pytest.MonkeyPatch, stable: Stable, tmp_path: Path) -> None:
    assert play(monkeypatch, Bench(stable, CORES, tmp_path, quick=True), [0.5, 0.0]) == 1
