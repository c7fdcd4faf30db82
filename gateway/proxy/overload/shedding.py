"""Whom to turn away: a share of the new requests, of the least critical routes first."""

import random
from typing import Final

from gateway.model.route import Criticality

RANKS: Final = {Criticality.CRITICAL: 0, Criticality.NORMAL: 1, Criticality.SHEDDABLE: 2}
"""Those with a higher rank go first."""


class Shedding:
    """In force while a worker runs short of something; there is none at all while all is well.

    closes: whether who is turned away also loses its connection. detail: what there is too little of, for the record.
    """

    __slots__ = ("_offered", "closes", "detail", "shares")

    def __init__(self) -> None:
        self.shares = [0.0] * len(RANKS)
        """By rank, from 0 for nobody to 1 for everybody."""
        self.closes = False
        self.detail = ""
        self._offered = [0] * len(RANKS)

    def turns_away(self, rank: int) -> bool:
        """Whether a request of a route of this rank, which has just come, is to be turned away."""
        self._offered[rank] += 1
        share = self.shares[rank]
        return share > 0 and random.random() < share

    def spread(self, share: float) -> None:
        """Turn away this share of all requests, as they came since the last call, beginning with the least critical."""
        offered, self._offered = self._offered, [0] * len(RANKS)
        left = share * sum(offered)
        for rank in reversed(range(len(RANKS))):
            count = offered[rank]
            if count:
                self.shares[rank] = min(1.0, left / count)
                left = max(0.0, left - count)
            else:
                # None came; if some do, they are treated as those that are less critical than they.
                self.shares[rank] = 1.0 if left > 0 or (not any(offered) and share >= 1) else 0.0

    def spare_critical(self) -> None:
        """Turn away everything that is not critical."""
        self.shares = [0.0, 1.0, 1.0]

    def refuse_all(self) -> None:
        """Turn everything away, and the connections with it."""
        self.shares = [1.0, 1.0, 1.0]
        self.closes = True
