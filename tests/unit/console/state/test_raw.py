"""Objects as the gateway tells them, found by kind and name."""

from typing import Any

import msgspec
import pytest

from console.state import reading
from console.state.messages import Answered, Failed
from console.state.model import Model
from console.state.raw import RAW_KINDS, raw_object
from gateway.admin.examples import STATUS
from gateway.wire.logs import LogListView, LogRecordView
from gateway.wire.views import ConfigView, ExchangeListView
from tests.support.exchanges import line

LINE = msgspec.Raw(msgspec.json.encode(line(1)))


def found(subject: str, view: Any) -> Any:
    model, wanted = Model(), raw_object(subject)
    assert wanted is not None
    assert wanted.of(model) is None
    model.take(Answered(wanted.reading, view))
    return wanted.of(model)


def test_one_exchange_is_itself_and_several_of_a_trace_are_a_list() -> None:
    assert found("exchange:req-0001", ExchangeListView(exchanges=[LINE]))["request_id"] == "req-0001"
    assert len(found("trace:1", ExchangeListView(exchanges=[LINE, LINE]))) == 2


def test_a_worker_is_found_by_its_index_and_a_log_record_by_its_id() -> None:
    [worker, *_] = STATUS.workers
    assert found(f"worker:{worker.index}", STATUS)["pid"] == worker.pid
    record = LogRecordView(id=7, at="2026-01-31T08:00:00Z", level="info", event="started")
    assert found("log:7", LogListView(records=[record], last_id=7))["event"] == "started"


def test_the_configuration_needs_no_name() -> None:
    assert found("config", ConfigView(revision="a", sequence=1, source="file:a", config={"routes": []}))["config"] == {
        "routes": []
    }


def test_what_could_not_be_had_is_nothing() -> None:
    model, wanted = Model(), raw_object("route:orders")
    assert wanted is not None
    model.take(Failed(reading.route("orders"), 404, "no route of this name"))
    assert wanted.of(model) is None


@pytest.mark.parametrize("subject", ["weather:today", "route:", ""])
def test_what_is_no_kind_or_has_no_name_is_nothing_to_ask_for(subject: str) -> None:
    assert raw_object(subject) is None


def test_every_kind_names_the_command_that_prints_it() -> None:
    for kind in RAW_KINDS:
        wanted = raw_object(f"{kind}x" if kind.endswith(":") else kind)
        assert wanted is not None
        assert wanted.twin.startswith("sightline ")
