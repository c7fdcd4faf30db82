"""What a source tells the model. A recording is a list of these with their times, so what is not here cannot be played back."""

from typing import Any, Literal, TypeAlias

import msgspec

from console.state.reading import AnyReading

LinkState: TypeAlias = Literal["connecting", "live", "broken", "denied", "ended"]


class Event(msgspec.Struct, frozen=True):
    """One server-sent event of the gateway's stream, still encoded."""

    name: str
    data: str


class Answered(msgspec.Struct, frozen=True):
    """A reading, decoded. `body` is the answer as it came, for those who write down what comes."""

    reading: AnyReading
    view: Any
    body: bytes = b""


class Failed(msgspec.Struct, frozen=True):
    """A reading that could not be had. `status` is 0 where nobody answered."""

    reading: AnyReading
    status: int
    problem: str


class Linked(msgspec.Struct, frozen=True):
    """What became of the connection. `retry_s`: how long until the next try, where there is one; `denied` is a token that is
    missing or not good enough, `ended` a recording's end."""

    state: LinkState
    problem: str = ""
    retry_s: float = 0.0


class TailFailed(msgspec.Struct, frozen=True):
    """Live traffic cannot be followed: the gateway refuses."""

    status: int
    problem: str


class Sought(msgspec.Struct, frozen=True):
    """A recording goes on from another moment: all that is known is to be forgotten, what follows is the state at that time."""


Message: TypeAlias = Event | Answered | Failed | Linked | TailFailed | Sought


class TailWanted(msgspec.Struct, frozen=True):
    """The tail of live traffic that a screen follows."""

    filter: str = ""
    rate: int = 20
    last: int = 100


class Request(msgspec.Struct, frozen=True):
    """A call that asks for something now: an explanation, a preview, an action. `path` is below the API."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = "application/json"
    if_match: str | int | None = None


class Response(msgspec.Struct, frozen=True):
    """What came of a request. `status` is 0 where nobody answered, and `problem` then says why, as it does for a refusal."""

    status: int
    body: bytes = b""
    problem: str = ""

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300
