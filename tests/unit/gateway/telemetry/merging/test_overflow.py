"""Endpoints beyond the limit share one label; the order of the file decides which."""

import pytest

from gateway.telemetry.merging import overflow
from gateway.telemetry.merging.overflow import EndpointLabels
from tests.unit.gateway.telemetry.samples import make_snapshot


def test_every_endpoint_has_its_address_while_there_is_room() -> None:
    labels = EndpointLabels()
    labels.configure(make_snapshot())
    assert labels.of("orders", "127.0.0.1:9002") == "127.0.0.1:9002"


def test_those_that_come_too_late_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "MAX_ENDPOINTS", 1)
    labels = EndpointLabels()
    labels.configure(make_snapshot())
    assert labels.of("orders", "127.0.0.1:9001") == "127.0.0.1:9001"
    assert labels.of("orders", "127.0.0.1:9002") == "_overflow"
