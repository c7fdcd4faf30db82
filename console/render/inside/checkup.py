"""What `doctor` found, as a table and a sentence."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from console.render.health.sentences import since, subject, what, why
from console.render.table import Column, render_table
from console.state.health.words import Attention
from console.state.inside.checkup import Check, Verdict

_COLUMNS: Final[tuple[Column[Check], ...]] = (
    Column("", lambda check: check.verdict),
    Column("LOOKED AT", lambda check: check.name),
    Column("FOUND", lambda check: check.told),
    Column("TO DO", lambda check: check.advice),
)
_TO_DO: Final = {
    "failing": "sightline routes {0}",
    "slow": "sightline routes {0}",
    "burning": "sightline slo",
    "unmatched": "sightline unmatched",
    "worker": "sightline nodes",
    "rejected": "sightline changes",
    "differs": "sightline changes",
}
"""Where to look further; for the rest the upstreams."""


def render_checkup(checks: Sequence[Check]) -> str:
    """A line for each, and how many of them are not well."""
    counted = Counter(check.verdict for check in checks)
    wrong = [f"{counted[verdict]} {word}" for verdict, word in _WORDS if counted[verdict]]
    return f"{render_table(_COLUMNS, checks)}\n\n{', '.join(wrong) or 'all is well'}"


_WORDS: Final[tuple[tuple[Verdict, str], ...]] = (("fail", "broken"), ("warn", "to be looked at"))


def check_of(found: Attention, now_s: float) -> Check:
    """What needs attention, as one of the things that were looked at."""
    told = [what(found), why(found), f"since {since(found, now_s)}" if found.since_s is not None else ""]
    return Check(
        verdict="fail" if found.severity == "crit" else "warn",
        name=subject(found),
        told="; ".join(each for each in told if each),
        advice=_TO_DO.get(found.kind, "sightline overview").format(found.subject),
    )
