"""What a route's rule for further attempts means for a request, made once."""

from gateway.model.retry import Retries
from gateway.upstreams.retry_budget import RetryBudget


class RetryPlan:
    """attempts: the first one counts. budget: shared by all requests of the route in this worker."""

    __slots__ = ("attempts", "backoff", "budget", "reasons", "rule", "statuses")

    def __init__(self, rule: Retries, budget: RetryBudget) -> None:
        self.rule = rule
        self.attempts = rule.attempts
        self.backoff = rule.backoff
        self.reasons = rule.reasons
        self.statuses = rule.statuses
        self.budget = budget
