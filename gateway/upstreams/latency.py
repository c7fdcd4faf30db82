"""How long an endpoint is expected to take: an average that follows a rise at once and a fall slowly (peak EWMA).

After Finagle's load balancer: one slow answer is believed immediately, and forgotten over about ten seconds. An endpoint
that fails at once must not look like a fast one, so a failure counts as an answer that took long.
"""

from math import exp
from typing import Final

from gateway.model.clock import SECOND_NS, monotonic_ns
from gateway.model.exchange import Attempt
from gateway.model.outcome import Reason, is_endpoint_failure
from gateway.upstreams.endpoint import LiveEndpoint

DECAY_NS: Final = 10 * SECOND_NS
"""After so long without a new answer an estimate has fallen to 37 %."""
FAILURE_NS: Final = SECOND_NS
"""What a failed attempt counts as, where it did not take longer."""


class LatencyEstimate:
    """Of one endpoint in one worker, in nanoseconds. Watches how its attempts end."""

    __slots__ = ("_cost_ns", "_stamp_ns")

    def __init__(self) -> None:
        self._cost_ns = 0.0
        self._stamp_ns = 0

    def observe(self, took_ns: int, now_ns: int) -> None:
        """An attempt ended at now_ns (monotonic) and took so long."""
        cost = self._cost_ns
        if took_ns > cost:
            self._cost_ns = float(took_ns)
        else:
            kept = exp((self._stamp_ns - now_ns) / DECAY_NS)
            self._cost_ns = cost * kept + took_ns * (1.0 - kept)
        self._stamp_ns = now_ns

    def expected_ns(self, now_ns: int) -> float:
        """0 while nothing is known. It falls with time: an endpoint that was slow is tried again."""
        return self._cost_ns * exp((self._stamp_ns - now_ns) / DECAY_NS) if self._cost_ns else 0.0

    def attempt_ended(self, _endpoint: LiveEndpoint, attempt: Attempt) -> None:
        """Until the first byte of the answer: how much there is of it says nothing about the endpoint."""
        if is_endpoint_failure(attempt.reason):
            ended_ns = attempt.ended_ns or monotonic_ns()
            self.observe(max(ended_ns - attempt.started_ns, FAILURE_NS), ended_ns)
        elif attempt.first_byte_ns:
            self.observe(attempt.first_byte_ns - attempt.started_ns, attempt.first_byte_ns)
        elif attempt.reason is Reason.SUPERSEDED:
            # It would have taken longer than that: nothing is learnt from it but that it is not faster.
            waited_ns = attempt.ended_ns - attempt.started_ns
            if waited_ns > self.expected_ns(attempt.ended_ns):
                self.observe(waited_ns, attempt.ended_ns)
