"""`sightline routes`: how each route is doing, the worst first if asked for; or all about one."""

import argparse
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from console.cli.knowing import known
from console.cli.options import add_look, look_query, whole_number
from console.cli.twin import Reading, Twin
from console.render.amounts import window
from console.render.health.verdicts import verdict_sentence
from console.render.routes import SORTS, match_in_words, render_route, render_routes
from console.state.health.verdict import needed_for_verdict, verdict
from gateway.wire.views import RouteListView, RouteView

_WINDOW_S: Final = 60


class RoutesTwin(Twin):
    name = "routes"
    help = "show rate, errors and percentiles of each route, or all about one"

    def configure_own(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("route", nargs="?", metavar="NAME", help="this route alone, with all that is known of it")
        parser.add_argument(
            "--sort", choices=tuple(SORTS), default="order", help="of the table (default: as configured)"
        )
        parser.add_argument("--match", metavar="TEXT", default="", help="only routes whose name or match contains it")
        parser.add_argument("--limit", metavar="N", type=whole_number, help="at most so many lines of the table")
        add_look(parser)

    def query(self, arguments: argparse.Namespace) -> dict[str, str]:
        return look_query(arguments)

    def ask(self, arguments: argparse.Namespace) -> int:
        code = super().ask(arguments)
        if arguments.route is not None and arguments.format == "table":
            model = known(arguments, lambda model: needed_for_verdict(model, arguments.route))
            found = verdict(model, arguments.route)
            if found is not None:
                print(f"verdict      {verdict_sentence(found, model.now_s)}")
        return code

    def reading(self, arguments: argparse.Namespace) -> Reading[Any]:
        def told_of_one(route: RouteView) -> str:
            at = None if arguments.at is None else datetime.fromtimestamp(arguments.at, UTC).isoformat()
            return render_route(route, window(arguments.window or _WINDOW_S, at))

        if arguments.route is not None:
            return Reading(f"routes/{quote(arguments.route, safe='')}", RouteView, told_of_one)

        def chosen(view: RouteListView) -> list[int]:
            wanted, sort = arguments.match, SORTS[arguments.sort]
            found = [
                position
                for position, route in enumerate(view.routes)
                if wanted in route.name or wanted in match_in_words(route)
            ]
            found.sort(key=lambda position: sort(view.routes[position]))
            return found[: arguments.limit]

        def told(view: RouteListView) -> str:
            return render_routes(view, [view.routes[position] for position in chosen(view)])

        return Reading("routes", RouteListView, told, objects="routes", chosen=chosen)


command = RoutesTwin()
