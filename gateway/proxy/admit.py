"""Whether a request is taken on at all, once its route is known."""

from gateway.model.outcome import Reason
from gateway.proxy.overload.shedding import Shedding
from gateway.proxy.plan import RoutePlan
from gateway.proxy.reply import Reply, reply_for


def admit(shedding: Shedding, plan: RoutePlan) -> Reply | None:
    """None, or the answer of one that is turned away. Asked only while there is not enough for all."""
    if not shedding.turns_away(plan.criticality):
        return None
    reply = reply_for(Reason.OVERLOADED, shedding.detail)
    reply.closes = shedding.closes
    return reply
