"""Objectives: how much of each budget is left, and how fast it burns. The windows are those of the alerts and of their rules."""

from dashboards.source.parts import Dashboard, Kind, Link, Panel, Query, Row
from dashboards.source.promql import rate, share

_KEY = "route,sli"
_BAD = share(
    rate("slo_requests_total", 'result="bad"', _KEY, "$__range"), rate("slo_requests_total", by=_KEY, window="$__range")
)
_BUDGET = f"(1 - max by ({_KEY}) (sightline_slo_target_ratio))"
_LEFT = f"1 - ({_BAD}) / {_BUDGET}"


def _burn(sli: str, measure: str, window: str) -> Query:
    """How many times faster than allowed, in one window, as the rules have recorded it."""
    recorded = f"job_route:sightline_slo_{measure}_per_request:ratio_rate{window}"
    return Query(
        f'max by (route) ({recorded}) / on (route) (1 - max by (route) (sightline_slo_target_ratio{{sli="{sli}"}}))',
        f"{{{{route}}}} {window}",
    )


def _windows(title: str, sli: str, measure: str, windows: tuple[str, ...], limit: float, urgency: str) -> Panel:
    return Panel(
        title,
        f"Times faster than the objective allows. Above {limit:g} {urgency}. Needs the recording rules.",
        Kind.TIMESERIES,
        "none",
        tuple(_burn(sli, measure, window) for window in windows),
        width=8,
        steps=((limit, "red"),),
        links=(Link.ROUTE,),
    )


_BUDGETS = Row(
    "Is the budget kept?",
    (
        Panel(
            "How much of the budget is left?",
            "Of the requests that may fail or be slow in the period shown; negative when the objective is missed.",
            Kind.BARGAUGE,
            "percentunit",
            (Query(_LEFT, "{{route}} {{sli}}"),),
            steps=((-1000, "red"), (0, "yellow"), (0.5, "green")),
            minimum=None,
            maximum=1,
            links=(Link.ROUTE,),
        ),
        Panel(
            "Which objectives are met?",
            "Each objective over the period shown.",
            Kind.TABLE,
            "none",
            (
                Query(f"max by ({_KEY}) (sightline_slo_target_ratio)", "Target", "percentunit"),
                Query(
                    share(
                        rate("slo_requests_total", 'result="good"', _KEY, "$__range"),
                        rate("slo_requests_total", by=_KEY, window="$__range"),
                    ),
                    "Good",
                    "percentunit",
                ),
                Query(
                    f'sum by ({_KEY}) (increase(sightline_slo_requests_total{{result="bad"}}[$__range]))',
                    "Bad",
                    "short",
                ),
                Query(f"sum by ({_KEY}) (increase(sightline_slo_requests_total[$__range]))", "Judged", "short"),
            ),
            links=(Link.ROUTE,),
        ),
    ),
)

_COURSE = Row(
    "When was it spent?",
    (
        Panel(
            "When did requests go bad?",
            "Requests per second that missed their objective.",
            Kind.TIMESERIES,
            "reqps",
            (Query(rate("slo_requests_total", 'result="bad"', _KEY) + " > 0", "{{route}} {{sli}}"),),
            is_stacked=True,
            links=(Link.ROUTE, Link.LOGS),
        ),
        Panel(
            "What share was good?",
            "Of the requests judged; a route without traffic has no share.",
            Kind.TIMESERIES,
            "percentunit",
            (
                Query(
                    share(rate("slo_requests_total", 'result="good"', _KEY), rate("slo_requests_total", by=_KEY)),
                    "{{route}} {{sli}}",
                ),
            ),
            minimum=None,
            maximum=1,
        ),
    ),
)

_AVAILABILITY = Row(
    "Does availability burn?",
    (
        _windows(
            "Does it page at once?", "availability", "errors", ("5m", "1h"), 14.4, "in both windows someone is woken"
        ),
        _windows("Does it page soon?", "availability", "errors", ("30m", "6h"), 6, "in both windows someone is woken"),
        _windows(
            "Does it need a ticket?", "availability", "errors", ("3d",), 1, "and over 6 h as well someone gets a ticket"
        ),
    ),
)

_LATENCY = Row(
    "Does latency burn?",
    (
        _windows(
            "Is it slow enough to page at once?",
            "latency",
            "slow",
            ("5m", "1h"),
            14.4,
            "in both windows someone is woken",
        ),
        _windows("Is it slow for hours?", "latency", "slow", ("30m", "6h"), 6, "in both windows it is worth a look"),
        _windows("Is it slow for days?", "latency", "slow", ("3d",), 1, "and over 6 h as well someone gets a ticket"),
    ),
)

SLO = Dashboard(
    "slo",
    "Sightline: objectives",
    "How much of each error budget is left, and how fast does it burn?",
    (_BUDGETS, _COURSE, _AVAILABILITY, _LATENCY),
    since="now-7d",
)
