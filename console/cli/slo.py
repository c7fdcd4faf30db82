"""`sightline slo`: which objective burns, how much of its budget is left, and for how long. Exit code 1 if one would page."""

import argparse
from typing import Any

from console.cli.twin import Reading, Twin
from console.render.alerting.objectives import render_objectives
from gateway.wire.slo import ObjectiveListView


class SloTwin(Twin):
    name = "slo"
    help = "show how fast the error budgets of all objectives are spent, the worst first"

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        def holds(view: ObjectiveListView) -> bool:
            return not any(objective.state == "page" for objective in view.objectives)

        return Reading("slo", ObjectiveListView, render_objectives, objects="objectives", holds=holds)


command = SloTwin()
