"""The forms of what protects an upstream that fails or is overrun: `limits`, `breaker` and `concurrency` of an upstream."""

from typing import Final

from pydantic import Field

from gateway.config.forms.fields import Count, CountOrNone, Interval, Ratio
from gateway.config.forms.form import Form
from gateway.model.breaker import BreakerSettings, ConcurrencySettings, UpstreamLimits

_BREAKER: Final = BreakerSettings()
_CONCURRENCY: Final = ConcurrencySettings()


class UpstreamLimitsForm(Form):
    """Of the whole upstream, each worker for itself."""

    connections: CountOrNone = Field(default=None, description="Connections to all its endpoints together.")
    pending: CountOrNone = Field(default=None, description="Requests that wait for a connection; beyond it 503.")
    requests: CountOrNone = Field(default=None, description="Requests under way; beyond it 503.")
    retries: CountOrNone = Field(default=None, description="Retries under way; beyond it none is made.")

    def compiled(self) -> UpstreamLimits:
        return UpstreamLimits(**dict(self))


class BreakerForm(Form):
    """A circuit that opens when too many requests fail, refuses all with 503, and probes whether it may close again."""

    failure_ratio: Ratio = Field(default=_BREAKER.failure_ratio, description="Opens when as many failed.")
    min_requests: Count = Field(default=_BREAKER.min_requests, description="Of at least so many in the window.")
    window: Interval = Field(default=_BREAKER.window_ns, description="What is looked back on.")
    open_for: Interval = Field(default=_BREAKER.open_for_ns, description="How long nobody is let through.")
    half_open_requests: Count = Field(
        default=_BREAKER.half_open_requests,
        description="Requests that may then be under way to probe it, and that have to pass.",
    )

    def compiled(self) -> BreakerSettings:
        return BreakerSettings(
            self.failure_ratio, self.min_requests, self.window, self.open_for, self.half_open_requests
        )


class ConcurrencyForm(Form):
    """A limit on requests under way that shrinks when answers take longer than they do in the long run; beyond it 503."""

    min: Count = Field(default=_CONCURRENCY.min, description="It never becomes smaller, in each worker.")
    max: Count = Field(default=_CONCURRENCY.max, description="Nor larger.")

    def compiled(self) -> ConcurrencySettings:
        return ConcurrencySettings(self.min, self.max)
