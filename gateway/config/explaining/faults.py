"""Faults on purpose in the words of the admin API."""

from gateway.model.clock import MILLISECOND_NS
from gateway.model.route import Faults
from gateway.wire.views import FaultView


def fault_views(faults: Faults | None) -> list[FaultView]:
    """The delay first, as it comes first."""
    found: list[FaultView] = []
    if faults is not None and (delay := faults.delay) is not None:
        held_ms = delay.duration_ns / MILLISECOND_NS
        found.append(FaultView(kind="delay", share=delay.share, delay_ms=held_ms, is_conditional=bool(delay.headers)))
    if faults is not None and (abort := faults.abort) is not None:
        conditional = bool(abort.headers)
        found.append(FaultView(kind="abort", share=abort.share, status=abort.status, is_conditional=conditional))
    return found
