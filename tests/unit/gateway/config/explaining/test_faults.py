"""Faults on purpose in the words of the admin API."""

from gateway.config.explaining.faults import fault_views
from gateway.model.route import FaultAbort, Faults


def test_what_is_not_injected_is_not_told() -> None:
    assert fault_views(None) == []
    (told,) = fault_views(Faults(abort=FaultAbort(0.5, 418)))
    assert (told.kind, told.share, told.status, told.delay_ms) == ("abort", 0.5, 418, None)
