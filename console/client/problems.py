"""What can go wrong between a command and a gateway, each with the exit code that scripts see."""

from collections.abc import Sequence
from typing import Final

from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import ConfigErrorView

_DENIED: Final = frozenset({401, 403})
_CONFLICT: Final = 412
_WRONG_REQUEST: Final = frozenset({400, 422})


class AdminProblem(Exception):  # noqa: N818 - an answer, not a fault of ours
    """`str()` is a sentence for the operator."""

    exit_code = ExitCode.FAILED


class WrongUsage(AdminProblem):
    """What was asked for makes no sense, whoever is asked."""

    exit_code = ExitCode.USAGE


class Unreachable(AdminProblem):
    """Nobody answers there, or not as an admin API would."""

    exit_code = ExitCode.NOT_REACHABLE


class Refused(AdminProblem):
    """The gateway answered and refused; `status` is its HTTP status."""

    def __init__(self, status: int, detail: str, errors: Sequence[ConfigErrorView] = ()) -> None:
        """errors: what is wrong with a configuration that was handed in."""
        super().__init__(f"the gateway refuses: {status} {detail}")
        self.status = status
        self.errors = errors
        if status in _DENIED:
            self.exit_code = ExitCode.DENIED
        elif status == _CONFLICT:
            self.exit_code = ExitCode.REVISION_CONFLICT
        elif errors:
            self.exit_code = ExitCode.CONFIG_INVALID
        elif status in _WRONG_REQUEST:
            self.exit_code = ExitCode.USAGE
