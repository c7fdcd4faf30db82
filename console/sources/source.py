"""What a console needs of a gateway, be it running or recorded."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias, runtime_checkable

from console.state.messages import Message, Request, Response, TailWanted
from console.state.reading import AnyReading

Take: TypeAlias = Callable[[float, Message], None]
"""Told of each message and of the time it is, in Unix seconds."""


class Source(Protocol):
    """Messages come while `run` runs. No method but `run` and `ask` waits."""

    @property
    def can_act(self) -> bool:
        """Whether requests that change something make sense: not with a recording."""
        ...

    async def run(self, take: Take) -> None:
        """Until cancelled. Whatever goes wrong becomes a message; connections that break are made anew."""
        ...

    def want(self, readings: Iterable[AnyReading], tail: TailWanted | None) -> None:
        """What is to be asked from now on, each as often as it says, and the tail that is to be followed, if any."""
        ...

    def refetch(self) -> None:
        """Ask for all that is wanted again, now."""
        ...

    def keep_pace(self, slowness: float) -> None:
        """Ask so many times less often: 1 as usual, more while nobody looks."""
        ...

    async def ask(self, request: Request) -> Response:
        """One call. Never raises for what the gateway or the network does."""
        ...


@runtime_checkable
class Player(Protocol):
    """A source whose time can be stopped and chosen: a recording."""

    @property
    def now_s(self) -> float:
        """Unix seconds of the recording."""
        ...

    @property
    def ends_s(self) -> float:
        """The same of its end."""
        ...

    def pause(self, *, is_paused: bool) -> None: ...

    def seek(self, at_s: float) -> None:
        """Go on from this moment, or the nearest there is."""
        ...
