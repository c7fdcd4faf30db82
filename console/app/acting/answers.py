"""What a gateway answers to whoever does something, in words."""

from typing import Final, TypeVar

import msgspec

from console.render.amounts import age
from console.state.changing.acting import Action
from console.state.messages import Response
from gateway.wire.actions import EndpointEffectView
from gateway.wire.upstream_views import UpstreamView
from gateway.wire.views import ApplyResult, StatusView

V = TypeVar("V")

CONFLICT: Final = 412
"""The answer where something is not any more as it was when it was looked at."""


def view_of(action: Action, answer: Response) -> EndpointEffectView | ApplyResult | None:
    return decoded(answer, EndpointEffectView) if action.is_endpoint else decoded(answer, ApplyResult)


def decoded(answer: Response, view: type[V]) -> V | None:
    try:
        return msgspec.json.decode(answer.body, type=view) if answer.is_ok else None
    except msgspec.DecodeError:
        return None


def refusal(answer: Response) -> str:
    """Why nothing was done."""
    if answer.status == CONFLICT:
        return "nothing was done: somebody else has changed something since this was looked at; look again"
    if answer.is_ok:
        return "what answers there is not an admin API this console knows"
    return f"nothing was done: {answer.problem}"


def changed_last(answer: Response) -> str:
    """What may have come between looking and doing. answer: to a question for the status."""
    status = decoded(answer, StatusView)
    last = status.last_change if status is not None else None
    if last is None:
        return "something was changed since this was looked at"
    by = last.actor or last.trigger
    return (
        f"something was changed since this was looked at; revision {last.sequence} runs for {age(last.age_s)}, by {by}"
    )


def in_flight_of(answer: Response, address: str) -> int | None:
    """Requests that run at an endpoint. answer: to a question for its upstream."""
    view = decoded(answer, UpstreamView)
    return next((each.in_flight for each in view.endpoints if each.address == address), None) if view else None
