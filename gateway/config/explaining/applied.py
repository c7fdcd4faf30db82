"""What a route and its listener do to an exchange besides sending it somewhere, in the words of the configuration."""

from dataclasses import asdict

from gateway.config.explaining.faults import fault_views
from gateway.config.explaining.retries import retried_in_words, retries_view
from gateway.config.secrets import REDACTED
from gateway.model.clock import MILLISECOND_NS, NEVER_NS
from gateway.model.credentials import carries_credentials
from gateway.model.listener import Listener
from gateway.model.route import HeaderEdit, Rewrite, Route, Slo
from gateway.model.snapshot import TelemetrySettings
from gateway.wire.explain import AppliedView, HeaderEditView

_NO_REWRITE = Rewrite()
_NO_SLO = Slo()


def applied_by(route: Route, listener: Listener, telemetry: TelemetrySettings, method: str) -> AppliedView:
    rewrite, slo = route.rewrite or _NO_REWRITE, route.slo or _NO_SLO
    latency, traces = slo.latency, telemetry.traces
    ratio = route.traces.sample_ratio
    return AppliedView(
        request_headers=_edit(rewrite.headers),
        response_headers=_edit(rewrite.response_headers),
        request_timeout_ms=_milliseconds(route.timeouts.request_ns),
        first_byte_timeout_ms=_milliseconds(route.timeouts.first_byte_ns),
        upstream_idle_timeout_ms=_milliseconds(route.timeouts.upstream_idle_ns),
        retries=None if route.retries is None else retries_view(route.retries),
        retried=retried_in_words(route.retries, method) if route.upstreams else "",
        trailers="forward" if route.forward_trailers else "drop",
        limits=asdict(listener.limits),
        trace_sample_ratio=traces.sample_ratio if ratio is None else ratio,
        trace_keep=[rule.value for rule in traces.keep],
        trust_incoming=(route.trust_incoming or listener.trust_incoming).value,
        log_sample_ratio=telemetry.access_log.sample_success if route.log_sample is None else route.log_sample,
        slo_availability=slo.availability_ratio,
        slo_latency_target=None if latency is None else latency.target_ratio,
        slo_latency_under_ms=None if latency is None else _milliseconds(latency.under_ns),
        criticality=route.criticality.value,
        faults=fault_views(route.faults),
        deadline_header=route.timeouts.deadline_header,
    )


def _edit(edit: HeaderEdit | None) -> HeaderEditView | None:
    if edit is None:
        return None
    return HeaderEditView(
        remove=list(edit.remove),
        set={name: _shown(name, value) for name, value in edit.set},
        add=[(name, _shown(name, value)) for name, value in edit.add],
    )


def _shown(name: str, value: str) -> str:
    return REDACTED if carries_credentials(name) else value


def _milliseconds(duration_ns: int) -> float | None:
    return None if duration_ns >= NEVER_NS else duration_ns / MILLISECOND_NS
