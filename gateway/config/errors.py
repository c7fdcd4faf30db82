"""What is wrong with a configuration: every finding with its place, all of them at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.config.signature import Signature


@dataclass(frozen=True, slots=True, order=True)
class ConfigError:
    """One finding, an error or a warning. Interpolated values and secrets never appear in `message`."""

    file: str
    line: int
    """From 1; 0 where the file as a whole is meant."""
    key: str
    """Path of the key, as in `routes[2].match.path`; empty for the file as a whole."""
    message: str
    """What was wrong, and after a semicolon what was expected."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one object of the configuration."""

    kind: str
    """`listener`, `upstream`, `route`, or `section` for the parts there is one of, such as `telemetry`."""
    name: str
    """As configured; its place in the list, such as `[3]`, where the name itself is missing or wrong."""
    file: str
    line: int
    errors: tuple[ConfigError, ...] = ()
    """Why it was rejected; empty if it was accepted."""

    @property
    def accepted(self) -> bool:
        return not self.errors


class ConfigInvalid(Exception):  # noqa: N818 - the name says what is the case
    """A configuration that was rejected as a whole. `str()` has one line for each error, in the order of the file.

    signatures: every file that was asked for, and what it was when it was read; None for one that could not be read.
    """

    def __init__(
        self,
        errors: Iterable[ConfigError],
        warnings: Iterable[ConfigError] = (),
        verdicts: tuple[Verdict, ...] = (),
        signatures: Mapping[str, Signature | None] = MappingProxyType({}),
    ) -> None:
        self.errors = tuple(sorted(set(errors)))
        self.warnings = tuple(warnings)
        self.verdicts = verdicts
        self.signatures = signatures
        super().__init__("\n".join(str(error) for error in self.errors))
