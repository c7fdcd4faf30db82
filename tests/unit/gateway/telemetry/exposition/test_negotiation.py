"""Content negotiation as scrapers do it: by quality, the first among equals, and text for whoever asks for nothing we have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.exposition.negotiation import Format, choose_format

PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/html", Format.TEXT),
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        (f"{PROTOBUF},{PROMETHEUS_2}", Format.PROTOBUF),
        (f"{PROTOBUF};q=0.1,{PROMETHEUS_2}", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.7", Format.TEXT),
        ("application/openmetrics-text;q=0, */*;q=0.1", Format.TEXT),
        ("Application/OpenMetrics-Text ; Version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0", Format.TEXT),
        ("application/vnd.google.protobuf", Format.TEXT),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", Format.TEXT),
        ("application/openmetrics-text;q=nonsense,text/plain;q=0.1", Format.TEXT),
        ("application/openmetrics-text;q=7", Format.TEXT),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.5", Format.TEXT),
    ],
)
def test_the_format_of_the_highest_quality_is_chosen(accept: str, chosen: Format) -> None:
    assert choose_format(accept, with_protobuf=True) is chosen


def test_protobuf_is_only_there_where_it_is_switched_on() -> None:
    assert choose_format(f"{PROTOBUF},{PROMETHEUS_2}", with_protobuf=False) is Format.OPENMETRICS
    assert choose_format(PROTOBUF, with_protobuf=False) is Format.TEXT


@given(st.text())
def test_whatever_is_asked_for_something_is_answered(accept: str) -> None:
    assert choose_format(accept, with_protobuf=True) in Format
