"""The two faces of an exchange: what it needs of the client's side, and what the client's side tells it."""

from collections.abc import Callable
from typing import Protocol

from gateway.model.exchange import Exchange


class Served(Protocol):
    """What is being served on a downstream connection: an exchange, or the tunnel it became."""

    exchange: Exchange

    def request_continues(self, payload: bytes, *, is_complete: bool) -> None:
        """More of the request body, or of what goes through the tunnel."""

    def client_left(self) -> None:
        """The client's connection is gone; so shall be the upstream's work for it."""

    def client_stalled(self) -> None:
        """The client takes nothing of the answer any more."""

    def shut_down(self) -> None:
        """The gateway leaves and can wait no longer."""

    def downstream_pauses(self) -> None:
        """Send no more for now: the client is slower than the upstream."""

    def downstream_resumes(self) -> None:
        """All that was sent has been taken."""


class Downstream(Protocol):
    """The client's side of one exchange, whatever version of HTTP it speaks."""

    is_write_paused: bool
    write: Callable[[bytes], None]

    def hold_request(self) -> None:
        """Read no more of the request body for now."""

    def resume_request(self) -> None: ...

    def exchange_ended(self, *, keep_alive: bool, now_ns: int) -> None: ...

    def cut(self, *, with_reset: bool) -> None:
        """End the connection such that an unfinished answer cannot be taken for a finished one."""

    def become_tunnel(self, tunnel: Served) -> None: ...

    def end_tunnel(self) -> None:
        """The upstream will send no more."""
