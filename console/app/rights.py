"""What the operator of this console may do: by its options, by its context, and by the token in the gateway's own words."""

from typing import Final

from console.app.commanding.views import Views
from console.render.amounts import age
from console.state import reading
from console.state.moments import duration_s
from gateway.wire.actions import MeView

_LONGEST_WRITE_S: Final = 8 * 3_600


class Rights(Views):
    """The part of the app that knows why an action is not possible."""

    def __init__(self) -> None:
        super().__init__()
        self.was_started_read_only = False
        """By an option, for as long as the console runs."""
        self.starts_read_only = False
        """By the context; `write` lifts it for a while."""
        self._write_until_s: float | None = None

    @property
    def me(self) -> MeView | None:
        """As the gateway sees who asks; None until it said so."""
        return self.live_model.view(reading.ME)

    @property
    def write_left_s(self) -> float | None:
        if self._write_until_s is None:
            return None
        left_s = self._write_until_s - self.live_model.now_s
        return left_s if left_s > 0 else None

    @property
    def is_read_only(self) -> bool:
        return bool(self.why_read_only())

    def why_read_only(self) -> str:
        """Empty where something may be changed."""
        if not self.source.can_act:
            return "a recording cannot be acted upon"
        if self.was_started_read_only:
            return "this console was started with --read-only"
        if self.me is not None and self.me.read_only:
            return self.me.because or f"the role of {self.me.name} is {self.me.role}"
        if self.starts_read_only and self.write_left_s is None:
            return f"{self.context_name} is read-only; :write 15m lifts that"
        return ""

    def why_not(self, binding_id: str) -> str:
        if binding_id != "act":
            return ""
        if reason := self.why_read_only():
            return reason
        freshness = self.live_model.link.freshness(self.live_model.now_s)
        if freshness not in {"live", "slow"}:
            return f"no action while {freshness}"
        return "no action while frozen" if self.frozen_at_s is not None else ""

    def forbid_writing(self) -> None:
        """Again, where that was lifted."""
        self._write_until_s = None

    def allow_writing(self, duration: str) -> None:
        """For a while, where the context alone forbids it."""
        try:
            wanted_s = duration_s(duration)
        except ValueError as problem:
            self.say(str(problem))
            return
        if not self.starts_read_only:
            self.say(self.why_read_only() or "nothing forbids to write here")
            return
        self._write_until_s = self.live_model.now_s + min(wanted_s, _LONGEST_WRITE_S)
        self.say(self.why_read_only() or f"writing is allowed for {age(min(wanted_s, _LONGEST_WRITE_S))}")
        self.redraw()
