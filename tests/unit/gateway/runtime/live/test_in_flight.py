"""The table of running exchanges, made of what each worker told last."""

import time

import msgspec

from gateway.model.clock import SECOND_NS
from gateway.runtime.live.in_flight import InFlightTable
from gateway.wire.filter import compile_filter, parse_filter
from gateway.wire.live import InFlightListView
from gateway.wire.report import InFlightRow, Report, RouteDelta

ROW = InFlightRow("id", "", "orders", "GET", "a.test", "/v1", "::1", 0, "ttfb", "o", "o:1", 1, 0, 100, 0)


def row(name: str, age_s: float, **more: object) -> InFlightRow:
    started_at_ns = time.time_ns() - round(age_s * SECOND_NS)
    return msgspec.structs.replace(ROW, request_id=name, started_at_ns=started_at_ns, **more)


def report(worker: int, rows: list[InFlightRow] | None, running: int) -> Report:
    return Report(worker, 1, 1, routes=[RouteDelta("orders", running)], in_flight=rows)


def looked(table: InFlightTable, text: str = "", asked_since_s: float = 0.0) -> InFlightListView:
    wanted = parse_filter(text)
    return table.view(wanted, compile_filter(wanted), 10, asked_since_s)


def ids(view: InFlightListView) -> list[str]:
    return [exchange.request_id for exchange in view.exchanges]


def test_the_oldest_of_all_workers_come_first_and_all_are_counted() -> None:
    table = InFlightTable()
    table.take(report(1, [row("b", 5), row("d", 1)], 40))
    table.take(report(2, [row("a", 9), row("c", 2)], 2))
    view = looked(table)
    assert ids(view) == ["a", "b", "c", "d"]
    assert (view.total, view.known, view.exchanges[0].worker) == (42, 4, 2)
    assert 9000 <= view.exchanges[0].age_ms < 20_000


def test_filters_ask_about_what_is_known_so_far() -> None:
    table = InFlightTable()
    table.take(report(1, [row("a", 9, attempt=2), row("b", 1, route="files")], 2))
    assert ids(looked(table, "latency:>5s")) == ["a"]
    assert ids(looked(table, "retried | route:files")) == ["a", "b"]
    assert looked(table, "route:none").filter == "route:none"


def test_a_report_without_rows_keeps_those_of_the_last_and_counts_anew() -> None:
    table = InFlightTable()
    table.take(report(1, [row("a", 9)], 1))
    table.take(report(1, None, 7))
    view = looked(table)
    assert (ids(view), view.total) == (["a"], 7)


def test_it_is_complete_once_every_worker_has_answered_since_it_was_asked() -> None:
    table = InFlightTable()
    table.take(report(1, [], 0))
    asked_s = time.monotonic()
    assert not looked(table, asked_since_s=asked_s).is_complete
    table.take(report(1, [], 0))
    assert looked(table, asked_since_s=asked_s).is_complete


def test_exchanges_of_a_worker_that_is_gone_are_gone() -> None:
    table = InFlightTable()
    table.take(report(1, [row("a", 9)], 1))
    table.worker_gone(1)
    assert looked(table).total == 0
