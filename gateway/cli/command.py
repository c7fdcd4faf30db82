"""What a subcommand is: the object that an entry point of the group `sightline.commands` leads to."""

import argparse
from typing import Final, Protocol

ENTRY_POINT_GROUP: Final = "sightline.commands"


class Command(Protocol):
    """One subcommand. Its module is imported only when it is asked for, so what it needs may be imported at the top."""

    @property
    def name(self) -> str: ...

    @property
    def help(self) -> str:
        """One line, for the list of commands."""
        ...

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments and options."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns an exit code of `gateway.wire.exit_codes`. stdout is data, stderr is talk."""
        ...


class UsageError(Exception):
    """Arguments that are well-formed one by one and make no sense together; shown with the usage, exit code 2."""
