"""Moving between screens. Those that digits lead to are made once and keep their cursor, filter and order; a hidden one costs nothing."""

from itertools import count

from console.app.destinations import BY_KEY, BY_NAME, Place
from console.app.typing_ahead import TypingAhead
from console.screens.operator_screen import OperatorScreen
from console.state.selection import Destination
from console.state.trail import Trail


class Navigating(TypingAhead):
    """The part of the app that knows which screens there are and which is in front."""

    def __init__(self) -> None:
        super().__init__()
        self._roots: dict[str, OperatorScreen] = {}
        self._trail: Trail[OperatorScreen] | None = None
        self._numbers = count(1)
        self.complaints: list[str] = []
        """What is wrong with the operator's own files: said on the first screen, once it is there."""

    @property
    def front(self) -> OperatorScreen | None:
        """The screen in front; None before there is one."""
        return self._trail.current if self._trail is not None else None

    @property
    def behind(self) -> OperatorScreen | None:
        """The screen that `back` leads to on this path."""
        return self._trail.path[-2] if self._trail is not None and len(self._trail.path) > 1 else None

    def start_at(self, destination: Destination) -> None:
        """The first screen."""
        place = BY_NAME[destination.screen]
        screen = self._root(place) if place.key else self._made(place, destination)
        if place.key and destination.filter:
            screen.filter = destination.filter
        self._trail = Trail(screen)
        _ = self.push_screen(screen)

    def open(self, destination: Destination) -> None:
        """One deeper; `back` comes back."""
        place = BY_NAME.get(destination.screen)
        if place is None or self._trail is None:
            self.say(f"there is no screen {destination.screen!r}")
            return
        is_plain = bool(place.key) and not destination.subject and not destination.filter
        self._trail.drill(self._root(place) if is_plain else self._made(place, destination))
        self._bring_to_front()

    def go(self, destination: Destination, *, is_fresh: bool = False) -> None:
        """To a screen itself, as a digit or a command does: with the filter that it had, unless another is given or `is_fresh`."""
        place = BY_NAME.get(destination.screen)
        if place is None or self._trail is None:
            self.say(f"there is no screen {destination.screen!r}")
        elif not place.key or destination.subject:
            self.open(destination)
        else:
            screen = self._root(place)
            if destination.filter or is_fresh:
                screen.filter = destination.filter
            self._trail.enter(screen)
            self._bring_to_front()

    def action_go(self, key: str) -> None:
        place = BY_KEY.get(key)
        if place is not None:
            self.go(Destination(place.name))

    def back(self) -> None:
        if self._trail is not None and self._trail.back():
            self._bring_to_front()
        else:
            self.say("nothing to go back to; :q leaves")

    def previous(self) -> None:
        if self._trail is not None and self._trail.previous():
            self._bring_to_front()
        else:
            self.say("there was no screen before this one")

    def to_worst(self) -> None:
        """The first screen of all ranks what needs attention."""
        self.action_go("1")
        if self.front is not None and self.front.NAME == "overview":
            _ = self.call_after_refresh(self.front.action_worst)

    def say(self, text: str) -> None:
        """On the screen in front."""
        screen = self.screen
        if isinstance(screen, OperatorScreen) and screen.is_drawable:
            screen.say(text)

    def _root(self, place: Place) -> OperatorScreen:
        if place.name not in self._roots:
            self._roots[place.name] = self._made(place, Destination(place.name))
        return self._roots[place.name]

    def _made(self, place: Place, destination: Destination) -> OperatorScreen:
        screen = place.make(destination.subject, destination.filter)
        # Installed screens are kept when others come in front.
        self.install_screen(screen, f"{place.name}-{next(self._numbers)}")
        return screen

    def _bring_to_front(self) -> None:
        assert self._trail is not None
        screen = self._trail.current
        hidden = self.screen
        if screen is not hidden:
            _ = self.switch_screen(screen)
        elif screen.is_drawable:
            screen.apply_filter(screen.filter)
        known = {*self._trail.steps(), *self._roots.values()}
        for forgotten in [each for each in self._installed_screens.values() if isinstance(each, OperatorScreen)]:
            if forgotten not in known:
                self.uninstall_screen(forgotten)
                # The one that was in front is removed by the switch itself.
                if forgotten is not hidden and forgotten.is_attached:
                    _ = forgotten.remove()
