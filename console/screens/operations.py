"""What screens may ask of the app, and what the frame shows of it."""

from collections.abc import Sequence
from typing import Protocol

from textual.screen import Screen

from console.render.band import Surroundings
from console.sources.source import Source
from console.state.commands import Command
from console.state.model import Model
from console.state.selection import Destination, Selection


class Console(Surroundings, Protocol):
    """The app as screens know it."""

    source: Source

    @property
    def model(self) -> Model: ...

    @property
    def live_model(self) -> Model:
        """What is known now, frozen or not."""
        ...

    @property
    def behind(self) -> Screen[None] | None:
        """The screen one came from, if one came from a screen."""
        ...

    def screen_shown(self, screen: Screen[None]) -> None:
        """This screen is in front now, or needs something else than before."""
        ...

    def open(self, destination: Destination) -> None:
        """Go there; `back` comes back."""
        ...

    def back(self) -> None: ...

    def previous(self) -> None:
        """The screen before this one, and from there this one again."""
        ...

    def freeze(self) -> None:
        """Show what is known now until it is called again."""
        ...

    def pivot(self, where: str, selection: Selection | None) -> None:
        """Go from what is selected to what is known of it elsewhere: live, failing, traces, upstream, changes, explain, raw,
        compare, open."""
        ...

    def act(self, selection: Selection | None) -> None:
        """Offer what can be done to it."""
        ...

    def mute(self, alert: str, duration: str) -> None:
        """Ask whether to silence it for so long (`30m`). alert: a name, or the key of one."""
        ...

    def change_window(self, step: int) -> None: ...

    @property
    def commands(self) -> Sequence[Command]:
        """Of the command bar."""
        ...

    def facts(self) -> Sequence[tuple[str, str]]:
        """What this console is connected to, and how it runs: names and values."""
        ...

    def to_worst(self) -> None:
        """To where it is worst."""
        ...

    def offer_views(self) -> None:
        """The saved views of the screen in front."""
        ...

    def why_not(self, binding_id: str) -> str:
        """Why a key does nothing now; empty if it does something."""
        ...

    def run_command(self, text: str) -> None: ...

    def say(self, text: str) -> None:
        """On the screen in front."""
        ...

    def offer_copies(self, selection: Selection | None, row: str) -> None:
        """What can be copied of it, and what stands there of it."""
        ...

    def copy(self, text: str) -> None: ...
    def copy_command(self, line: str) -> None: ...
