"""What an operator declares about a group of endpoints and how requests are spread over them."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.clock import SECOND_NS


class Balance(StrEnum):
    ROUND_ROBIN = "round_robin"
    LEAST_REQUEST = "least_request"
    RANDOM = "random"
    CONSISTENT_HASH = "consistent_hash"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of an upstream. Either `host` and `port`, or `unix_path`, is set.

    `address` is the text from the configuration and the label in all telemetry.
    """

    address: str
    host: str = ""
    port: int = 0
    unix_path: str | None = None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Per endpoint of one gateway process; durations in nanoseconds."""

    max: int = 256
    max_pending: int = 512
    connect_timeout_ns: int = 1 * SECOND_NS
    idle_timeout_ns: int = 30 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Upstream:
    """A named group of endpoints.

    `hash_on` feeds consistent_hash: `client_address`, `path`, `host`, `header:NAME`, `query:NAME` or `cookie:NAME`.
    """

    name: str
    endpoints: tuple[Endpoint, ...]
    balance: Balance = Balance.LEAST_REQUEST
    hash_on: str = "client_address"
    connections: ConnectionLimits = ConnectionLimits()
