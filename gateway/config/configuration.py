"""A configuration that was accepted: the snapshot the workers run, and what only the supervisor needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.config.errors import ConfigError, Verdict
from gateway.config.secrets import Path
from gateway.config.signature import Signature
from gateway.model.route import Place, Route
from gateway.model.snapshot import Snapshot
from gateway.routing.table import RouteTable
from gateway.telemetry.shipping.settings import LogSink


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class AdminToken:
    """Who may use the admin API, and as what. The token itself stays out of every representation."""

    name: str
    role: Role
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """`host` is an IP address; `port` 0 lets the kernel choose (tests only). Without tokens it is a loopback address."""

    host: str = "127.0.0.1"
    port: int = 9900
    tokens: tuple[AdminToken, ...] = ()

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class References(Protocol):
    """What a configuration refers to outside of itself; see Configuration."""

    @property
    def files(self) -> tuple[str, ...]: ...

    @property
    def variables(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """One accepted configuration, from a file or from the admin API."""

    snapshot: Snapshot
    table: RouteTable[Route]
    """The routes compiled, as workers have them: it answers what a request would meet."""
    workers: int
    """How many worker processes; `auto` is resolved to the processors this process may use."""
    declared_workers: int | str
    """The same as it was configured."""
    admin: AdminSettings
    log_sinks: tuple[LogSink, ...]
    """Where access lines go beside stdout; kept out of the snapshot, so that no worker holds their secrets."""
    verdicts: tuple[Verdict, ...]
    """One for each object, in the order of the file; all accepted, since one rejected object rejects the whole."""
    warnings: tuple[ConfigError, ...]
    """What is legal and yet hardly meant, such as a route that another one always wins over."""
    text: str = field(repr=False)
    """As it was read; it may hold secrets, and is kept only so that it can be read again."""
    canonical: bytes
    """JSON with sorted keys and defaults filled in, fit to be shown: secrets are REDACTED, and a value that was
    interpolated reads as it is written in the file, `${NAME}`."""
    sealed: tuple[tuple[Path, str], ...] = field(repr=False)
    """Digests of what the canonical form does not show, by its path there; never to be shown either."""
    files: tuple[str, ...]
    """The configuration file and every secret file it reads: what a source watches. Empty parts are left out."""
    signatures: Mapping[str, Signature | None]
    """Of each of `files`, taken when it was read."""
    variables: frozenset[str]
    """Names of the environment variables it refers to."""
    match_lines: tuple[tuple[tuple[str, int], ...], ...] = field(repr=False)
    """Of each route, in their order, the lines of its predicates; see `explaining.key_lines`."""
    places: Mapping[str, Place]
    """Where the keys are that cannot change while the gateway runs, by key."""
