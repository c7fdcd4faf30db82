"""What a row of checks makes of an endpoint: healthy or not, by so many answers alike."""

from gateway.model.health import ActiveCheck
from gateway.runtime.health.checking import Finding


class Verdict:
    """Of one endpoint under one check. is_up: None until there is one.

    The first good answer is believed at once; an endpoint that has not been judged yet gets as many bad ones as any other
    before it is out, since it may be used meanwhile.
    """

    __slots__ = ("check", "in_a_row", "is_up", "last")

    def __init__(self, check: ActiveCheck) -> None:
        self.check = check
        self.is_up: bool | None = None
        self.in_a_row = 0
        """Answers that speak against the verdict, one after another."""
        self.last: Finding | None = None

    def take(self, finding: Finding) -> bool:
        """Whether the verdict is another one now. A finding that says nothing is not even remembered."""
        if finding.result is None:
            return False
        self.last = finding
        if finding.is_good is self.is_up:
            self.in_a_row = 0
            return False
        self.in_a_row += 1
        if self.in_a_row < self._needed(is_good=finding.is_good):
            return False
        self.in_a_row = 0
        self.is_up = finding.is_good
        return True

    def _needed(self, *, is_good: bool) -> int:
        if not is_good:
            return self.check.unhealthy_after
        return 1 if self.is_up is None else self.check.healthy_after
