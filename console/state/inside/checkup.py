"""What `doctor` finds: one line for each thing it looked at, and what follows from all of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, TypeAlias

import msgspec

from console.state.inside.nodes import SKEW_S
from gateway.wire.actions import MeView
from gateway.wire.exit_codes import ExitCode
from gateway.wire.views import StatusView

Verdict: TypeAlias = Literal["ok", "warn", "fail"]

OTHERS_MAY: Final = 0o077
"""Bits of a file's mode that let somebody else than its owner do anything with it."""
_COLUMNS: Final = 80
_LINES: Final = 24


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`told`: what is the case. `advice`: what to do about it; empty where nothing is to be done."""

    verdict: Verdict
    name: str
    told: str
    advice: str = ""


def has_failed(checks: Iterable[Check]) -> bool:
    return any(check.verdict == "fail" for check in checks)


def of_terminal(columns: int, lines: int, encoding: str, kind: str) -> Check:
    """encoding: of what is written there, as Python calls it; kind: $TERM."""
    told = f"{kind or 'of no known kind'}, {columns}x{lines}, {encoding}"
    if kind in {"", "dumb"}:
        return Check(verdict="warn", name="terminal", told=told, advice="the console needs TERM; the commands do not")
    if columns < _COLUMNS or lines < _LINES:
        return Check(verdict="warn", name="terminal", told=told, advice=f"the console needs {_COLUMNS}x{_LINES}")
    if encoding.lower().replace("-", "") != "utf8":
        return Check(verdict="warn", name="terminal", told=told, advice="signs are ASCII; a UTF-8 locale has bars")
    return Check(verdict="ok", name="terminal", told=told)


def of_token(source: str, mode: int | None) -> Check:
    """source: where the token comes from, empty for nowhere. mode: of the file that holds it, if one does."""
    if mode is not None and mode & OTHERS_MAY:
        told = f"{source}, which others may use (mode {mode & 0o777:o})"
        return Check(verdict="warn", name="token", told=told, advice="chmod 600, and a new token if others had it")
    return Check(verdict="ok", name="token", told=source or "none is sent")


def of_answer(status: StatusView, took_s: float, version: str) -> Check:
    """version: of this command."""
    told = f"version {status.version}, pid {status.pid}, answers in {took_s * 1000:.0f} ms"
    if status.version != version:
        advice = f"this command is of version {version}: what one knows and the other does not is not shown"
        return Check(verdict="warn", name="gateway", told=told, advice=advice)
    return Check(verdict="ok", name="gateway", told=told)


def of_clock(date: str, asked_s: float, answered_s: float) -> Check:
    """date: of the answer, as HTTP writes it, to the second; the others are Unix seconds by the clock here."""
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return Check(verdict="ok", name="clock", told="the answer does not say what time it is there")
    at_s = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    # It was said between the question and the answer, and what was cut off is less than a second.
    ahead_s = max(0.0, at_s - answered_s) or min(0.0, at_s + 1.0 - asked_s)
    if abs(ahead_s) < SKEW_S:
        return Check(verdict="ok", name="clock", told="the gateway's and the one here agree")
    told = f"the gateway's is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} the one here"
    here = datetime.fromtimestamp(answered_s, UTC)
    return Check(
        verdict="warn", name="clock", told=told, advice=f"ages are wrong by that; it is {here:%H:%M:%S} UTC here"
    )


def of_rights(me: MeView, *, is_read_only: bool) -> Check:
    """is_read_only: as the context has it."""
    told = f"{me.name} is {me.role}"
    if me.read_only:
        told += f", may change nothing: {me.because or 'the gateway says so'}"
    elif is_read_only:
        told += "; the console begins read-only here (:write 15m lifts it)"
    return Check(verdict="ok", name="rights", told=told)


def exit_code(checks: Iterable[Check], met: ExitCode) -> ExitCode:
    """met: the exit code of why the gateway could not be asked; OK where it could."""
    if met != ExitCode.OK:
        return met
    return ExitCode.FAILED if has_failed(checks) else ExitCode.OK
