"""How a run of the matrix is told: one table in Markdown, and one line with what held, what failed, and what was not run."""

from collections.abc import Mapping, Sequence

from tests.faults.row import Row, State, Verdict
from tests.faults.stage import OURS

Verdicts = Mapping[tuple[str, str], Verdict]
"""By the key of the row and the name of the gateway."""


def table(rows: Sequence[Row], subjects: Sequence[str], verdicts: Verdicts) -> str:
    """A line for each row; a column for each gateway where there are several."""
    if len(subjects) == 1:
        head = ["#", "fault", "figure", ""]
        lines = [
            [
                str(row.number),
                row.fault,
                _told(verdicts[row.key, subjects[0]]),
                verdicts[row.key, subjects[0]].state.value,
            ]
            for row in rows
        ]
    else:
        head = ["#", "fault", *subjects]
        lines = [
            [str(row.number), row.fault, *(_with_state(verdicts[row.key, subject]) for subject in subjects)]
            for row in rows
        ]
    return "\n".join(map(_line, [head, ["---"] * len(head), *lines]))


def last_line(rows: Sequence[Row], verdicts: Verdicts) -> str:
    """`rows held N, failed M, not run K: why`; of our own gateway, whatever became of the others."""
    ours = [(row, verdicts[row.key, OURS]) for row in rows]
    counts = {state: [pair for pair in ours if pair[1].state == state] for state in State}
    why = "; ".join(f"{row.number} {row.fault} ({', '.join(verdict.why)})" for row, verdict in counts[State.NOT_RUN])
    told = (
        f"rows held {len(counts[State.HELD])}, failed {len(counts[State.FAILED])}, not run {len(counts[State.NOT_RUN])}"
    )
    return f"{told}: {why}" if why else told


def _told(verdict: Verdict) -> str:
    return "; ".join([*verdict.figures, *_reasons(verdict)])


def _reasons(verdict: Verdict) -> list[str]:
    mark = "**failed:** " if verdict.state is State.FAILED else ""
    return [f"{mark}{why}" for why in verdict.why]


def _with_state(verdict: Verdict) -> str:
    return f"{verdict.state}: {_told(verdict)}" if _told(verdict) else verdict.state.value


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"
