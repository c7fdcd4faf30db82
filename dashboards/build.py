"""`python -m dashboards.build`: write the JSON of all dashboards beside this file."""

import sys
from pathlib import Path
from typing import Final

from dashboards.rendering import render
from dashboards.source import DASHBOARDS

FOLDER: Final = Path(__file__).parent


def main() -> None:
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.slug}.json").write_text(render(dashboard))
        sys.stdout.write(f"dashboards/{dashboard.slug}.json: {sum(len(row.panels) for row in dashboard.rows)} panels\n")


if __name__ == "__main__":
    main()
