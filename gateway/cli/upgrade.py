"""`sightline upgrade`: have a running gateway replaced by what is on disk now, and tell what became of it."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from gateway.cli.admin_call import (
    TOKEN_FILE_VARIABLE,
    URL_VARIABLE,
    AdminRefused,
    AdminUnreachable,
    get_json,
    post_json,
    read_token,
)
from gateway.cli.command import UsageError
from gateway.wire.actions import UpgradeRequest, UpgradeView
from gateway.wire.changes import IncidentListView, IncidentView
from gateway.wire.exit_codes import ExitCode
from gateway.wire.titles import UpgradeTold, read_title
from gateway.wire.views import StatusView

T = TypeVar("T")

_LOOK_S: Final = 0.2
_LOOK_AT_PID_S: Final = 0.02
_ANSWER_S: Final = 5.0
"""For a signal to be taken."""
_LONGEST_S: Final = 900.0
"""For a program that is only known by its process to have ended."""


class UpgradeCommand:
    name = "upgrade"
    help = "replace a running gateway by the program on disk; no request is lost"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--pid", type=int, metavar="PID", help="the process `sightline supervisor` on this machine")
        which.add_argument(
            "--url",
            metavar="ADMIN_URL",
            dest="admin_url",
            help=f"the admin API of the gateway (default: ${URL_VARIABLE})",
        )
        parser.add_argument(
            "--token-file",
            metavar="FILE",
            help=f"a file that holds the token for the admin API (default: ${TOKEN_FILE_VARIABLE})",
        )
        parser.add_argument("--reason", metavar="TEXT", default="", help="why; kept with the incident (with --url)")

    def run(self, arguments: argparse.Namespace) -> int:
        if arguments.pid is not None:
            return _upgrade_process(arguments.pid)
        url = arguments.admin_url or os.environ.get(URL_VARIABLE)
        if not url:
            raise UsageError(f"expected --pid PID, --url ADMIN_URL, or the variable {URL_VARIABLE}")
        gateway = _Gateway(
            url.rstrip("/"), read_token(arguments.token_file or os.environ.get(TOKEN_FILE_VARIABLE) or None)
        )
        try:
            return _upgrade_gateway(gateway, arguments.reason)
        except AdminUnreachable as error:
            return _say(ExitCode.NOT_REACHABLE, f"no gateway answers at {url}: {error}")
        except AdminRefused as refused:
            return _say(refused.exit_code, str(refused))


class _Gateway(NamedTuple):
    """Raises as `gateway.cli.admin_call` does, and AdminUnreachable for an answer that is none."""

    url: str
    token: str | None

    def begin(self, reason: str) -> UpgradeView:
        body = msgspec.json.encode(UpgradeRequest(reason=reason))
        return _decode(post_json(f"{self.url}/api/v1/upgrade", body, self.token), UpgradeView)

    def pid(self) -> int:
        return _decode(get_json(f"{self.url}/api/v1/status", self.token), StatusView).pid

    def outcome(self, since: int) -> IncidentView | None:
        answer = get_json(f"{self.url}/api/v1/incidents?since={since}&kind=upgrade", self.token)
        found = _decode(answer, IncidentListView).incidents
        return next((each for each in found if each.kind != "upgrade_began"), None)


def _upgrade_gateway(gateway: _Gateway, reason: str) -> int:
    begun = gateway.begin(reason)
    print(f"a new program is started in place of pid {begun.pid} (version {begun.version})", file=sys.stderr)
    until_s = time.monotonic() + begun.within_s
    has_changed, unreachable = False, None
    while time.monotonic() < until_s:
        try:
            outcome = gateway.outcome(begun.incident)
            if outcome is not None:
                is_fine = outcome.kind == "upgrade_ended"
                return _say(ExitCode.OK if is_fine else ExitCode.FAILED, outcome.text)
            if not has_changed and (pid := gateway.pid()) != begun.pid:
                has_changed = True
                print(f"pid {pid} serves; pid {begun.pid} finishes what it has in flight", file=sys.stderr)
            unreachable = None
        except AdminUnreachable as error:
            unreachable = error
        time.sleep(_LOOK_S)
    if unreachable is not None:
        raise unreachable
    return _say(ExitCode.FAILED, f"nothing was heard of the upgrade within {begun.within_s:g} s; see its incidents")


def _upgrade_process(pid: int) -> int:
    before = _told_by(pid)
    if before is None:
        return _say(ExitCode.NOT_REACHABLE, f"process {pid} is not a gateway of this machine (`sightline supervisor`)")
    if before.stage == "runs":
        return _say(ExitCode.FAILED, "an upgrade is under way already")
    if before.stage == "done":
        return _say(ExitCode.FAILED, f"process {before.pid} has taken its place; name that one")
    try:
        os.kill(pid, signal.SIGUSR2)
    except ProcessLookupError:
        return _say(ExitCode.NOT_REACHABLE, f"there is no process {pid}")
    except PermissionError:
        return _say(ExitCode.DENIED, f"you may not signal process {pid}")
    return _follow(pid, before)


def _follow(pid: int, before: UpgradeTold) -> int:
    """What the process calls itself tells how far it is; when it has ended, the one it has started is looked for."""
    began_s, seen = time.monotonic(), before
    while True:
        waited_s, now = time.monotonic() - began_s, _told_by(pid)
        if now is None:
            break
        if now.number > before.number and now.stage == "failed":
            return _say(ExitCode.FAILED, f"the upgrade failed, and pid {pid} serves on; its log and incidents say why")
        if now != seen:
            seen = now
            word = "is started" if now.stage == "runs" else f"serves; pid {pid} finishes what it has in flight"
            print(f"pid {now.pid} {word}", file=sys.stderr)
        if waited_s > (_ANSWER_S if seen == before else _LONGEST_S):
            return _say(ExitCode.FAILED, f"pid {pid} serves on after {waited_s:.0f} s; see its log and incidents")
        time.sleep(_LOOK_AT_PID_S)
    if seen == before or _told_by(seen.pid) is None:
        return _say(ExitCode.FAILED, f"pid {pid} has ended, and no other program is known to serve")
    return _say(ExitCode.OK, f"pid {seen.pid} serves in place of pid {pid}")


def _told_by(pid: int) -> UpgradeTold | None:
    """None where there is no such process, where it has ended, and where it is no supervisor."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    return read_title(title.rstrip(b"\0 ").decode(errors="replace"))


def _decode(answer: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise AdminUnreachable(f"the answer is none of an admin API ({error})") from error


def _say(code: ExitCode, sentence: str) -> int:
    print(sentence, file=sys.stdout if code is ExitCode.OK else sys.stderr)
    return code


command = UpgradeCommand()
