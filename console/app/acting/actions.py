"""Doing something to a running gateway: offered, looked at, confirmed, done, told, and undone if need be."""

import asyncio
from collections import deque
from typing import Final
from urllib.parse import quote

from console.app.acting.answers import CONFLICT, changed_last, in_flight_of, refusal, view_of
from console.app.linking import Linking
from console.render.amounts import age, count
from console.render.cells import Cell
from console.render.changes.effects import applied_text, apply_lines, effect_lines
from console.screens.acting.confirm import ConfirmScreen
from console.screens.acting.editor import EditorScreen
from console.screens.operator_screen import OperatorScreen
from console.screens.prompted import PromptedScreen
from console.state.changing.acting import Action, inverse, on_endpoint, rollback, split_endpoint, tier_of
from console.state.changing.offers import Offer, endpoint_of, find_endpoint, offers
from console.state.messages import Request
from console.state.selection import Selection
from gateway.wire.actions import EndpointAction, EndpointEffectView
from gateway.wire.views import ApplyResult

GROUP: Final = "act"
_UNDONE_AT_MOST: Final = 20
_WATCH_S: Final = 60.0
_LOOK_S: Final = 0.5
_HEAVIEST: Final = 1_000_000


class Acting(Linking):
    """The part of the app that does things. One at a time: another begins only when the one before has been told."""

    is_production: bool

    def __init__(self) -> None:
        super().__init__()
        self._done: deque[Action] = deque(maxlen=_UNDONE_AT_MOST)
        """How what was done is undone, the newest last."""
        self._doing = ""
        """The title of what the gateway was told to do and has not answered yet."""

    def switch_context(self, name: str) -> bool:
        """What was done to one gateway is not undone on another."""
        has_switched = super().switch_context(name)
        if has_switched:
            self.workers.cancel_group(self, GROUP)
            self._done.clear()
            self._doing = ""
        return has_switched

    def say(self, text: str) -> None:
        """On whatever is in front, be it a screen of its own or what is being confirmed or edited."""
        screen = self.screen
        if isinstance(screen, PromptedScreen) and screen.is_mounted:
            screen.say(text)

    def act(self, selection: Selection | None) -> None:
        """Offer what can be done to it."""
        screen = self.front
        if selection is None or screen is None:
            self.say("nothing is selected")
            return
        if reason := self.why_not("act"):
            self.say(reason)
            return
        found = offers(selection, self.live_model)
        if not found:
            self.say(f"nothing can be done to {selection.kind} {selection.name}")
            return
        by_key = {offer.key: offer for offer in found}
        labels = {offer.key: offer.label for offer in found}
        screen.choose(f"{selection.name}:", labels, lambda key: self._take_offer(screen, selection, by_key[key]))

    def act_on_endpoint(self, action: EndpointAction, name: str, weight: str = "") -> None:
        """name: as `orders/10.0.0.7:9001`, or the address alone where that is enough."""
        # One that is named in full need not be known here: the gateway knows.
        found = find_endpoint(self.live_model, name) or split_endpoint(name)
        if found is None:
            self.say(f"{name!r} is not an endpoint that is known; write UPSTREAM/ADDRESS")
        elif action == "weight":
            self._weigh(*found, weight)
        else:
            self.begin(on_endpoint(*found, action))

    def roll_back(self, reference: str) -> None:
        self.begin(rollback(reference))

    def undo(self) -> None:
        """What was done last."""
        if self._done:
            self.begin(self._done[-1], is_undo=True)
        else:
            self.say("nothing has been done here that could be undone")

    def edit(self, kind: str, name: str) -> None:
        """kind: route or upstream."""
        raise NotImplementedError

    def begin(self, action: Action, *, is_undo: bool = False) -> None:
        """Look at it first."""
        if self.may_act():
            self.say(f"{action.title} ..")
            self.run_worker(self._preview(action, is_undo=is_undo), exclusive=True, group=GROUP)

    def may_act(self) -> bool:
        # To begin another ends the wait for the answer: nobody would be told of it, and it could not be undone.
        reason = self.why_not("act") or (f"{self._doing} is still being done" if self._doing else "")
        if reason:
            self.say(reason)
        return not reason

    def _take_offer(self, screen: OperatorScreen, selection: Selection, offer: Offer) -> None:
        upstream, address = selection.upstream, selection.endpoint or selection.name
        match offer.deed:
            case "drain" | "undrain":
                self.begin(on_endpoint(upstream, address, offer.deed))
            case "weight":
                known = endpoint_of(self.live_model, upstream, address)
                now = f" (now {known.weight}, configured {known.configured_weight})" if known is not None else ""
                screen.ask(f"weight of {address}{now}:", lambda text: self._weigh(upstream, address, text))
            case "rollback":
                self.roll_back(selection.name)
            case "edit":
                self.edit(offer.kind, offer.name)

    def _weigh(self, upstream: str, address: str, text: str) -> None:
        text = text.strip()
        if text == "configured":
            self.begin(on_endpoint(upstream, address, "weight"))
        elif text.isascii() and text.isdecimal() and 0 < int(text) <= _HEAVIEST:
            self.begin(on_endpoint(upstream, address, "weight", int(text)))
        else:
            self.say(f"a weight is a number from 1 to {_HEAVIEST}, or `configured`")

    async def _preview(self, action: Action, *, is_undo: bool, reason: str = "", since: str = "") -> None:
        """reason, since: where it was confirmed before, why it is to be done, and what has come between."""
        asked_on = self.screen
        answer = await self.source.ask(action.preview())
        if self.screen is not asked_on or (isinstance(asked_on, PromptedScreen) and asked_on.is_asking):
            # The next key is meant for something else, and would answer the question.
            self.say(f"{action.title} was left: the gateway answered when something else was being done; ask again")
            return
        view = view_of(action, answer)
        if view is None:
            self.say(refusal(answer))
            return
        if view.outcome == "unchanged":
            self.say(view.summary if isinstance(view, EndpointEffectView) else applied_text(view))
            return
        self.confirm(action, view, is_undo=is_undo, reason=reason, since=since)

    def confirm(
        self,
        action: Action,
        view: EndpointEffectView | ApplyResult,
        *,
        is_undo: bool,
        reason: str = "",
        since: str = "",
    ) -> None:
        if isinstance(view, EndpointEffectView):
            lines, tier = effect_lines(view), tier_of(view, is_production=self.is_production)
            etag = view.etag
        else:
            lines, tier = apply_lines(view), 2 if self.is_production or "roll back" in action.title else 1
            etag = str(view.running_sequence)

        def confirmed(reason: str) -> None:
            if self.may_act():  # It may have taken a while to confirm.
                self.say(f"{action.title} ..")
                self.run_worker(self._do(action, etag, reason, is_undo=is_undo), exclusive=True, group=GROUP)

        if since:
            lines = [[Cell(f"nothing was done yet: {since}. This is how it would be now", "warn")], [], *lines]
        self.show_over(ConfirmScreen(action.title, lines, tier, action.target, confirmed, reason=reason))

    async def _do(self, action: Action, etag: str, reason: str, *, is_undo: bool) -> None:
        self._doing = action.title
        answer = await self.source.ask(action.doing(etag, reason))
        self._doing = ""
        if answer.status == CONFLICT and not action.is_text:
            self.source.refetch()
            since = changed_last(await self.source.ask(Request("GET", "status")))
            await self._preview(action, is_undo=is_undo, reason=reason, since=since)
            return
        view = view_of(action, answer)
        if view is None:
            self.say(refusal(answer) if answer.status else f"nobody knows whether it was done: {answer.problem}")
            return
        if is_undo and self._done:
            self._done.pop()
        self.source.refetch()
        if isinstance(view, EndpointEffectView):
            if view.undo is not None and not is_undo:
                self._done.append(inverse(view.undo))
            await self._tell_effect(view)
            return
        if not is_undo:
            self._done.append(rollback(etag))
        self._close_editor()
        self.say(f"{applied_text(view)}; :undo goes back")

    async def _tell_effect(self, view: EndpointEffectView) -> None:
        """Of a drain, until it is empty."""
        done = f"{view.action} of {view.address} is done"
        if view.action != "drain":
            self.say(f"{done}; :undo takes it back")
            return
        path = f"upstreams/{quote(view.upstream, safe='')}"
        began_s = asyncio.get_running_loop().time()
        while True:
            now = in_flight_of(await self.source.ask(Request("GET", path)), view.address)
            took_s = asyncio.get_running_loop().time() - began_s
            progress = f"in flight {count(view.in_flight)} -> {count(now)}"
            self.say(f"{done}: {progress} after {age(took_s)}; :undo gives it back")
            if not now or took_s > _WATCH_S:
                return
            await asyncio.sleep(_LOOK_S)

    def _close_editor(self) -> None:
        if isinstance(self.screen, EditorScreen):
            _ = self.pop_screen()

    def show_over(self, screen: ConfirmScreen | EditorScreen) -> None:
        _ = self.push_screen(screen)
