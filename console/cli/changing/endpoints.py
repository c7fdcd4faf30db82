"""`sightline drain`, `undrain` and `weight`: what gets requests, changed while the gateway runs."""

import argparse

from console.cli.changing.confirming import Changing
from console.render.changes.effects import effect_lines
from console.render.traffic.lines import text_of
from console.state.changing.acting import Action, Tier, on_endpoint
from gateway.wire.actions import EndpointAction, EndpointEffectView


class EndpointChanging(Changing):
    view = EndpointEffectView

    def __init__(self, name: EndpointAction, told: str) -> None:
        self.name = name
        self.help = told
        self._action: EndpointAction = name

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("upstream", metavar="UPSTREAM")
        parser.add_argument("endpoint", metavar="ENDPOINT", help="its address, as configured")
        if self._action == "weight":
            parser.add_argument(
                "weight", metavar="N", type=_weight, help="against the weights of the others, or `configured`"
            )

    def action(self, arguments: argparse.Namespace) -> Action:
        weight = arguments.weight if self._action == "weight" else None
        return on_endpoint(arguments.upstream, arguments.endpoint, self._action, weight)

    def tier(self, preview: EndpointEffectView) -> Tier:
        return preview.tier

    def etag(self, preview: EndpointEffectView) -> str:
        return preview.etag

    def told(self, preview: EndpointEffectView) -> str:
        return text_of(effect_lines(preview))

    def result(self, done: EndpointEffectView) -> str:
        undo = f"; undo: sightline {_undo(done)}" if done.undo is not None else ""
        return f"{done.action} of {done.address} of {done.upstream} is done{_draining(done)}{undo}"


def _draining(done: EndpointEffectView) -> str:
    """What a drain waits for; nothing else does."""
    return f", {done.in_flight} in flight" if done.action == "drain" else ""


def _undo(done: EndpointEffectView) -> str:
    assert done.undo is not None
    words = [done.undo.action, done.upstream, done.address]
    if done.undo.action == "weight":
        words.append(str(done.undo.weight) if isinstance(done.undo.weight, int) else _CONFIGURED)
    return " ".join(words)


_CONFIGURED = "configured"


def _weight(text: str) -> int | None:
    if text == _CONFIGURED:
        return None
    if text.isascii() and text.isdecimal() and 0 < int(text) <= 1_000_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number from 1 to 1000000 or `configured`, got {text!r}")


drain = EndpointChanging("drain", "give an endpoint no new requests; those in flight finish")
undrain = EndpointChanging("undrain", "give requests to a drained endpoint again")
weight = EndpointChanging(
    "weight", "weigh an endpoint otherwise than the configuration does, until the gateway restarts"
)
