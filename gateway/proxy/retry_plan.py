"""What a route's rule for further attempts means for a request, made once."""

from gateway.model.clock import NEVER_NS
from gateway.model.retry import Retries
from gateway.proxy.hedging import HedgeQueue
from gateway.upstreams.retry_budget import RetryBudget


class RetryPlan:
    """attempts: the first one counts. budget: shared by all requests of the route in this worker. hedges: None without."""

    __slots__ = ("attempts", "backoff", "budget", "hedges", "reasons", "rule", "statuses")

    def __init__(self, rule: Retries, budget: RetryBudget) -> None:
        self.rule = rule
        self.attempts = rule.attempts
        self.backoff = rule.backoff
        self.reasons = rule.reasons
        self.statuses = rule.statuses
        self.budget = budget
        self.hedges = None if rule.hedge_after_ns == NEVER_NS else HedgeQueue(rule.hedge_after_ns)
