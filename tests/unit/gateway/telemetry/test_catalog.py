"""The catalogue keeps Prometheus' rules of naming and names nothing twice."""

import re

import pytest

from gateway.telemetry import catalog
from gateway.telemetry.catalog import ANSWER_DURATION, INSTRUMENTS, OWN, TRAFFIC, Instrument, Kind

NAME = re.compile(r"sightline_[a-z]+(_[a-z]+)*")


def test_every_instrument_is_there_once() -> None:
    names = [instrument.name for instrument in INSTRUMENTS]
    assert len(set(names)) == len(names) == len(TRAFFIC) + len(OWN)


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
def test_names_follow_the_rules(instrument: Instrument) -> None:
    assert NAME.fullmatch(instrument.name)
    assert instrument.name.endswith("_total") is (instrument.kind is Kind.COUNTER)
    assert instrument.help.endswith(".")
    assert len(set(instrument.labels)) == len(instrument.labels)
    assert bool(instrument.edges_ns) is (instrument.kind is Kind.HISTOGRAM)
    if instrument.kind in {Kind.HISTOGRAM, Kind.SUMMARY}:
        assert instrument.name.endswith("_seconds")


def test_every_instrument_is_exposed_but_the_one_that_otlp_alone_has() -> None:
    defined = {value.name for value in vars(catalog).values() if isinstance(value, Instrument)}
    assert defined - {instrument.name for instrument in INSTRUMENTS} == {ANSWER_DURATION.name}
