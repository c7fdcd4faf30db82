"""`sightline wait CONDITION`: until it holds. Exit code 1 if it does not in time, 4 if no gateway answers in all that time."""

import argparse
import sys
import time
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from console.cli.options import add_format, add_gateway, seconds, target_of
from console.cli.rows import escaped
from console.cli.twin import API, run_asking
from console.client.call import TIMEOUT_S, decode, get
from console.client.contexts import Target
from console.client.problems import AdminProblem, Refused, Unreachable
from console.render.table import plain_lines
from console.state.inside.condition import EXAMPLES, Condition, Judged, condition_of, of_status, of_upstream
from gateway.wire.exit_codes import ExitCode
from gateway.wire.upstream_views import UpstreamView
from gateway.wire.views import StatusView

_WAIT_S: Final = 60.0
_PAUSE_S: Final = 0.5
_LEAST_S: Final = 1.0
"""That an answer is waited for, also when time is nearly up."""
_LATER: Final = frozenset({404, 429})
"""Refusals that may be over in a moment, besides those for which the gateway is to blame."""


class _Seen(NamedTuple):
    """`code`: of the command, if nothing changes any more."""

    judged: Judged
    code: ExitCode


class WaitTwin:
    name = "wait"
    help = "wait until something is the case, as `ups/orders=healthy`"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("condition", metavar="CONDITION", type=_condition, help=EXAMPLES)
        parser.add_argument(
            "--timeout", metavar="DURATION", type=seconds, default=_WAIT_S, help=f"(default: {_WAIT_S:g}s)"
        )
        add_format(parser)
        add_gateway(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        return run_asking(lambda: self._wait(arguments))

    def _wait(self, arguments: argparse.Namespace) -> int:
        target, started_s, said = target_of(arguments), time.monotonic(), ""
        while True:
            left_s = arguments.timeout - (time.monotonic() - started_s)
            seen = _look(target, arguments.condition, min(TIMEOUT_S, max(left_s, _LEAST_S)))
            waited_s = time.monotonic() - started_s
            if seen.judged.holds or waited_s >= arguments.timeout:
                _tell(arguments, seen, waited_s)
                return seen.code
            if seen.judged.told != said:
                said = seen.judged.told
                print(plain_lines(f"waiting: {said}"), file=sys.stderr, flush=True)
            time.sleep(min(_PAUSE_S, arguments.timeout - waited_s))


def _condition(text: str) -> Condition:
    """For argparse."""
    try:
        return condition_of(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _look(target: Target, condition: Condition, timeout_s: float) -> _Seen:
    """As it is now. Raises AdminProblem where waiting is of no use."""
    try:
        if condition.subject == "upstream":
            path = f"{API}/upstreams/{quote(condition.upstream, safe='')}"
            judged = of_upstream(condition, decode(get(target, path, timeout_s=timeout_s), UpstreamView))
        else:
            judged = of_status(condition, decode(get(target, f"{API}/status", timeout_s=timeout_s), StatusView))
    except Unreachable as problem:
        return _Seen(Judged(holds=False, told=str(problem)), ExitCode.NOT_REACHABLE)
    except Refused as problem:
        if problem.status not in _LATER and problem.status < 500:
            raise
        return _Seen(Judged(holds=False, told=str(problem)), ExitCode.FAILED)
    return _Seen(judged, ExitCode.OK if judged.holds else ExitCode.FAILED)


def _tell(arguments: argparse.Namespace, seen: _Seen, waited_s: float) -> None:
    """stdout has the answer for scripts in any case, and for people where it is what they waited for."""
    judged = seen.judged
    if arguments.format != "table":
        told = {"holds": judged.holds, "told": judged.told, "waited_s": round(waited_s, 3)}
        body = msgspec.json.encode(told)
        print(escaped((msgspec.json.format(body) if arguments.format == "json" else body).decode()))
    elif judged.holds:
        print(plain_lines(judged.told))
    if not judged.holds:
        raise _TooLate(f"not after {waited_s:.3g} s: {judged.told}", seen.code)


class _TooLate(AdminProblem):
    """Time is up."""

    def __init__(self, told: str, code: ExitCode) -> None:
        super().__init__(told)
        self.exit_code = code


command = WaitTwin()
