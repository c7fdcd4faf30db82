"""The token of a gateway: given, out of a file, or said by a command. It is never part of a message, a log or a recording."""

from pathlib import Path
from typing import Final

from console.client.problems import WrongUsage

COMMAND_S: Final = 10.0
"""A command that has not said its token by then is ended."""
LONGEST: Final = 16_384
"""Bytes of a token."""


def token_from(token_file: str | None, token_cmd: str | list[str] | None) -> str | None:
    """None where neither says one. Waits for the command. Raises WrongUsage; what was said instead of a token is not repeated."""
    if token_file is not None:
        return _checked(_read(token_file), f"the token file {token_file}")
    if token_cmd:
        words = split_command(token_cmd)
        return _checked(_said_by(words), f"the command {words[0]!r}")
    return None


def split_command(command: str | list[str]) -> list[str]:
    """The words of a command, by the rules of a shell, which is not asked. Raises WrongUsage."""
    import shlex  # noqa: PLC0415 - most calls have no token_cmd, and a command is to answer at once

    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise WrongUsage(f"token_cmd cannot be used: {error}") from error
    if not words:
        raise WrongUsage("token_cmd is empty")
    return words


def _checked(said: bytes, where: str) -> str:
    token = said.strip()
    if len(said) > LONGEST:
        raise WrongUsage(f"{where} says more than {LONGEST} bytes, which is no token")
    if not token or not all(0x21 <= byte <= 0x7E for byte in token):
        raise WrongUsage(f"{where} says no token: expected printable characters without spaces, and nothing else")
    return token.decode("ascii")


def _read(file: str) -> bytes:
    try:
        with Path(file).expanduser().open("rb") as opened:
            return opened.read(LONGEST + 1)
    except OSError as error:
        raise WrongUsage(f"the token file cannot be read: {error}") from error


def _said_by(words: list[str]) -> bytes:
    import subprocess  # noqa: PLC0415 - the same
    import threading  # noqa: PLC0415 - the same

    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own command, from the operator's own file
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise WrongUsage(f"the command {words[0]!r} of token_cmd cannot be run: {error.strerror}") from error
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        process.kill()

    timer = threading.Timer(COMMAND_S, end)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None
        with process.stdout:
            said = process.stdout.read(LONGEST + 1)
        if len(said) > LONGEST:
            process.kill()
        code = process.wait()
    finally:
        timer.cancel()
    if is_late.is_set():
        raise WrongUsage(f"the command {words[0]!r} of token_cmd has said nothing for {COMMAND_S:g} s")
    if code and len(said) <= LONGEST:
        raise WrongUsage(f"the command {words[0]!r} of token_cmd ended with code {code}")
    return said
