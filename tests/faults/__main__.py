"""The runnable fault matrix: `make faults`, or `python -m tests.faults --rows 1,3,17`.

Each row is played by a process of its own within a bound of time; whatever it leaves behind is ended with it. One table on
stdout, progress on stderr. Exit code 0 if no row failed; under REQUIRE_REAL=1 a row that was not run has failed.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.faults.matrix import all_rows, play
from tests.faults.report import last_line, table
from tests.faults.row import Row, State, Verdict
from tests.faults.stage import OURS
from tests.faults.supervised import supervise

PEERS = ("haproxy", "nginx")
WITHIN_MINUTES = 17.5


def main(arguments: Sequence[str]) -> int:
    options = _parse(arguments)
    rows = [row for row in all_rows() if not options.rows or row.number in options.rows]
    if options.one:
        return _play_one(rows, options.one, options.subject, options.out)
    subjects = (OURS, *PEERS) if options.compare else (OURS,)
    rows = [row for row in rows if (row.peers if options.compare else row.alone)]
    verdicts = _play_all(rows, subjects, time.monotonic() + options.within * 60)
    print(table(rows, subjects, verdicts))
    print(last_line(rows, verdicts))
    states = {verdict.state for (_, subject), verdict in verdicts.items() if subject == OURS}
    is_incomplete = State.NOT_RUN in states and os.environ.get("REQUIRE_REAL") == "1"
    return 1 if State.FAILED in states or is_incomplete else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rows", type=_numbers, default=[], help="only these, as 1,3,17")
    parser.add_argument("--compare", action="store_true", help="beside HAProxy and nginx: the rows that apply to them")
    parser.add_argument(
        "--within", type=float, default=WITHIN_MINUTES, help="minutes in all; what is left then is not run"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--subject", default=OURS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def _play_one(rows: list[Row], key: str, subject: str, out: Path) -> int:
    [row] = [row for row in rows if row.key == key]
    out.write_bytes(msgspec.json.encode(play(row, subject)))
    return 0


def _play_all(rows: list[Row], subjects: Sequence[str], until_s: float) -> dict[tuple[str, str], Verdict]:
    verdicts: dict[tuple[str, str], Verdict] = {}
    for row in rows:
        for subject in subjects:
            print(f"{row.number:>3} {row.fault} [{subject}] ... ", end="", file=sys.stderr, flush=True)
            if until_s - time.monotonic() < row.limit_s:
                verdict = Verdict(State.NOT_RUN, why=("the time of the whole run was up",))
            else:
                verdict = supervise(row, subject, row.limit_s)
            verdicts[row.key, subject] = verdict
            print(f"{verdict.state} in {verdict.took_s:.1f} s", "; ".join(verdict.why), file=sys.stderr, flush=True)
    return verdicts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
