"""Routes that can never take a request, found through the compiled table.

Two routes that nothing tells apart are a conflict, and the later one is rejected: which of them was meant cannot be
known. A pattern that can match no path is a mistake in itself, and is rejected too. A route that others merely take
everything from is a warning, in `check` and at start and reload alike: it is dead, yet harmless, and often only for a
while, as when a wider route is put in front of it during a migration.
"""

from collections.abc import Sequence

from gateway.config.errors import ConfigError
from gateway.config.forms.route import RouteForm
from gateway.config.sections import Declared, Sections
from gateway.config.validation import shown
from gateway.model.route import Route
from gateway.routing.redirect import check_redirect
from gateway.routing.rewrite import compile_rewrite
from gateway.routing.shadowing import Shadowed, find_shadowed
from gateway.routing.table import RouteTable, TableBuilder


def check_reachability(sections: Sections, table: RouteTable[Route]) -> list[ConfigError]:
    """Add an error to every route that cannot be served, and return warnings about those that are never reached."""
    warnings: list[ConfigError] = []
    for shadowed in find_shadowed(table):
        route = sections.routes[shadowed.route.index]
        if not shadowed.by:
            route.fail(("match", "path_regex"), f"{shadowed.because}; expected a pattern for whole paths")
        elif shadowed.is_conflict:
            message = f"the same requests as {_named(sections, shadowed)}; expected something that tells them apart"
            route.fail(("match",), message)
        else:
            warnings.append(_warning(sections, route, shadowed))
    return warnings


def build_checked_table(sections: Sections, routes: Sequence[Route]) -> RouteTable[Route]:
    """The table of these routes, as workers build it; an error is added to each route that does not fit in."""
    builder: TableBuilder[Route] = TableBuilder()
    for route in routes:
        try:
            builder.add(route, route)
            compile_rewrite(route)
            if route.redirect is not None:
                check_redirect(route.redirect, route)
        except ValueError as error:
            # The forms ask the same questions; a rule that routing alone knows must still be an error with a place.
            sections.routes[route.index].fail((), str(error))
    for _ in builder.finish():
        pass
    return builder.table


def _warning(sections: Sections, route: Declared[RouteForm], shadowed: Shadowed) -> ConfigError:
    path = (*route.path, "match") if "match" in route.raw else route.path
    message = f"never reached, because all it matches is taken by {_named(sections, shadowed)} ({shadowed.because})"
    return sections.document.error(path, message)


def _named(sections: Sections, shadowed: Shadowed) -> str:
    routes = [f"{shown(sections.routes[each.index].name)} at line {each.place.line}" for each in shadowed.by[:3]]
    more = len(shadowed.by) - len(routes)
    return f"route {', '.join(routes)}{f' and {more} more' if more else ''}"
