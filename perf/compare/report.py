"""What a scenario hands back, and its two forms: text for people (Markdown as well) and JSON for machines."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Table:
    """Cells are text, already rounded as they should be read."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Check:
    """A budget: `value` must be at most `budget` (at least, if `floor`); `aim` is what we would like."""

    what: str
    value: float
    budget: float
    aim: float | None = None
    unit: str = ""
    floor: bool = False
    void: str = ""
    """Why this measurement proves nothing either way, such as a machine too busy; then it has not passed."""

    @property
    def passed(self) -> bool:
        if self.void:
            return False
        return self.value >= self.budget if self.floor else self.value <= self.budget

    @property
    def reached_aim(self) -> bool:
        if self.aim is None or self.void:
            return False
        return self.value >= self.aim if self.floor else self.value <= self.aim

    @property
    def mark(self) -> str:
        if self.void:
            return f"VOID: {self.void}"
        return "aim" if self.reached_aim else "pass" if self.passed else "FAIL"


@dataclass
class Findings:
    """All that one scenario has to say. `data` goes to the JSON only."""

    name: str
    tables: list[Table] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def checks_table(checks: list[Check]) -> Table:
    """The budget rows with their marks."""
    rows = [
        [
            check.what,
            f"{check.value:.3g}{check.unit}",
            f"{'≥' if check.floor else '≤'} {check.budget:g}{check.unit}",
            "" if check.aim is None else f"{check.aim:g}{check.unit}",
            check.mark,
        ]
        for check in checks
    ]
    return Table("Budgets", ["what", "measured", "budget", "aim", ""], rows)


def to_markdown(findings: Findings) -> str:
    """Tables as Markdown, padded so that they read well in a terminal too."""
    tables = findings.tables + ([checks_table(findings.checks)] if findings.checks else [])
    parts = [f"## {findings.name}"]
    parts += ["\n".join([f"**{table.title}**", "", *_markdown_rows(table)]) for table in tables]
    if findings.notes:
        parts.append("\n".join(f"- {note}" for note in findings.notes))
    return "\n\n".join(parts) + "\n"


def _markdown_rows(table: Table) -> list[str]:
    widths = [max(len(row[i]) for row in [table.columns, *table.rows]) for i in range(len(table.columns))]

    def line(cells: list[str]) -> str:
        padded = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|"
    return [line(table.columns), rule, *(line(row) for row in table.rows)]


def write_results(folder: Path, findings: list[Findings], missing: dict[str, str], *, quick: bool) -> Path:
    """Everything of a run as one JSON file named by its time; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / time.strftime("%Y%m%d-%H%M%S.json")
    document = {
        "machine": {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()},
        "quick": quick,
        "missing": missing,
        "findings": [
            asdict(found) | {"checks": [asdict(check) | {"mark": check.mark} for check in found.checks]}
            for found in findings
        ],
    }
    path.write_text(json.dumps(document, indent=1, default=str))
    return path
