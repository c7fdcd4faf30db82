"""Rows of nodes and workers in their words."""

from console.render.cells import Cell
from console.render.grid import Grid, fit
from console.render.inside.nodes import node_grid, seen, worker_grid
from console.state.inside.nodes import Heard
from gateway.wire.views import NodeView
from tests.support.gateway_views import status, worker


def cells(grid: Grid, row: int) -> dict[str, Cell]:
    return {column.title: cell for column, cell in zip(grid.columns, grid.rows[row].cells, strict=True)}


def test_a_node_says_what_it_runs_in_a_word_and_what_it_takes() -> None:
    told = cells(node_grid(status(), Heard(0.2, 0.4)), 0)
    texts = {title: cell.text for title, cell in told.items()}
    assert texts == {
        "": "●", "NODE": "gw-1", "VERSION": "0.1.0", "REVISION": "3f2a9c0d #3", "SYNC": "SYNCED", "WORKERS": "2/2", "CPU": "52.0%",
        "CORES": "2", "MEMORY": "172MiB", "FDS": "171", "LAG P99": "2.4ms", "CONNS": "62", "RATE/S": "424", "CLOCK": "same",
        "UPTIME": "1m26s", "SEEN": "0.2s",
    }  # fmt: skip


def test_what_is_wrong_is_said_in_words_and_signs() -> None:
    behind = cells(
        node_grid(status(worker(1), worker(2, sync="stale", state="starting")), Heard(34.5, -75.0), ascii_only=True), 0
    )
    assert (behind[""], behind["SYNC"], behind["WORKERS"]) == (
        Cell("x", "crit"),
        Cell("STALE", "warn"),
        Cell("0/2", "crit"),
    )
    assert (behind["CLOCK"], behind["SEEN"]) == (Cell("-1m15s", "warn"), Cell("lost 34s", "crit"))
    full = status(node=NodeView(name="a", host="a", cores=1, memory_limit_bytes=180 * 1024 * 1024))
    assert cells(node_grid(full, Heard(0.0)), 0)["MEMORY"].severity == "warn"


def test_a_silent_worker_stays_and_says_for_how_long() -> None:
    grid = worker_grid(
        status(worker(1), worker(2, last_seen_s=33.0), worker(3, pid=0, uptime_s=None, state="backing_off", sync="not_sent")), Heard(1.0)
    )  # fmt: skip
    assert [row.key for row in grid.rows] == ["worker 1", "worker 2", "worker 3", "supervisor"]
    assert cells(grid, 0)["SEEN"] == Cell("1.1s", "dim")
    assert cells(grid, 1)["SEEN"] == Cell("lost 34s", "crit")
    gone = cells(grid, 2)
    assert (gone["PID"].text, gone["STATE"], gone["SYNC"], gone["UPTIME"].text) == (
        "-", Cell("backing off", "crit"), Cell("NOT SENT", "warn"), "-",
    )  # fmt: skip
    assert cells(grid, 3)["MEMORY"].text == "92MiB"
    assert seen(None) == Cell("never", "unknown")


def test_the_word_of_sync_and_when_it_was_heard_stay_in_the_smallest_terminal() -> None:
    for grid in (node_grid(status(), Heard(0.2)), worker_grid(status(), Heard(0.2))):
        titles = [grid.columns[position].title for position in fit(grid.columns, 80).positions]
        assert {"SYNC", "CPU", "RATE/S", "SEEN"} <= set(titles)
    assert node_grid(None, Heard(), empty="waiting").empty == "waiting"
    assert worker_grid(None, Heard()).rows == ()
