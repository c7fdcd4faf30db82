"""Actions as values: what is asked of the gateway, how it is confirmed, and what undoes it. Shared by the console and the commands."""

from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote

import msgspec

from console.state.messages import Request
from gateway.wire.actions import EndpointAction, EndpointActionRequest, EndpointEffectView, InverseView

Tier: TypeAlias = Literal[1, 2]

YAML: Final = "application/yaml"


class Action(msgspec.Struct, frozen=True):
    """Something that can be asked of the gateway, twice: to look at it, and to do it.

    target: what has to be typed where it is confirmed by name. title: in words, as in `drain 10.0.0.7:9001 of orders`.
    """

    title: str
    target: str
    request: Request
    is_endpoint: bool = False
    is_text: bool = False
    """It brings a text made of what ran then: where that is not what runs any more, it would undo what somebody else did."""

    def preview(self) -> Request:
        return msgspec.structs.replace(self.request, query=(*self.request.query, ("dry_run", "true")))

    def doing(self, if_match: str, reason: str) -> Request:
        """if_match: of the preview, so that what was seen is what is done."""
        query = (*self.request.query, ("reason", reason)) if reason else self.request.query
        return msgspec.structs.replace(self.request, query=query, if_match=if_match)


def on_endpoint(upstream: str, address: str, action: EndpointAction, weight: int | None = None) -> Action:
    """weight: for `weight` alone; None is the configured one again."""
    body = EndpointActionRequest(weight=weight) if action == "weight" else EndpointActionRequest()
    words = f" {weight if weight is not None else 'as configured'}" if action == "weight" else ""
    path = f"upstreams/{quote(upstream, safe='')}/endpoints/{quote(address, safe='')}/{action}"
    request = Request("POST", path, body=msgspec.json.encode(body))
    return Action(f"{action} {address} of {upstream}{words}", address, request, is_endpoint=True)


def rollback(reference: str, revision: str = "") -> Action:
    """reference: a sequence or revision; revision: its digits, where they are known, to be typed by whoever confirms."""
    request = Request("POST", f"revisions/{quote(reference, safe='')}/rollback", body=b"{}")
    return Action(f"roll back to {reference}", revision or reference, request)


def apply_text(text: str) -> Action:
    """A whole configuration."""
    request = Request("POST", "config/apply", body=text.encode(), content_type=YAML)
    return Action("apply a configuration", "apply", request)


def edit(kind: str, name: str, text: str) -> Action:
    """Another text for one route or upstream."""
    path = f"config/objects/{quote(kind, safe='')}/{quote(name, safe='')}"
    return Action(
        f"edit {kind} {name}", name, Request("PUT", path, body=text.encode(), content_type=YAML), is_text=True
    )


def inverse(undo: InverseView) -> Action:
    """What the gateway named as the way back."""
    _, _, path = undo.path.partition("/api/v1/")
    wanted = EndpointActionRequest(weight=undo.weight)
    _, upstream, _, address, _ = (*path.split("/"), "", "", "", "", "")[:5]
    title = f"undo: {undo.action} {unquote(address)} of {unquote(upstream)}"
    return Action(title, unquote(address), Request("POST", path, body=msgspec.json.encode(wanted)), is_endpoint=True)


def tier_of(effect: EndpointEffectView, *, is_production: bool) -> Tier:
    """How carefully it is confirmed: in production always by name."""
    return 2 if is_production else effect.tier


def split_endpoint(text: str) -> tuple[str, str] | None:
    """`orders/10.0.0.7:9001` or `orders/unix:/run/a.sock`; None where no upstream is named."""
    upstream, slash, address = text.partition("/")
    return (upstream, address) if slash and upstream and address else None
