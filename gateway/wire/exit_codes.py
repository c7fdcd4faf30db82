"""What the exit status of every command means; scripts rely on it."""

from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    """It failed, or the condition asked about is false."""
    USAGE = 2
    CONFIG_INVALID = 3
    NOT_REACHABLE = 4
    """There is no gateway at the address."""
    DENIED = 5
    REVISION_CONFLICT = 6
    INTERRUPTED = 130
