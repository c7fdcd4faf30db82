"""The timed steps of an exchange: a closed list, in the order in which they happen."""

from enum import StrEnum


class Phase(StrEnum):
    READ_HEAD = "read_head"
    """First byte of the request to the end of its head."""
    POOL_WAIT = "pool_wait"
    """Waiting for a place in the endpoint's pool."""
    CONNECT = "connect"
    """Opening a connection; absent on a reused one."""
    SEND = "send"
    """Connection in hand to the last byte of the request handed to it."""
    TTFB = "ttfb"
    """Last byte of the request to the first byte of the answer."""
    TRANSFER = "transfer"
    """First to last byte of the answer as the upstream delivered it."""
    WRITE = "write"
    """Waiting for the client to take the last of the answer."""
