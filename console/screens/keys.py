"""Keys that mean the same on every screen, each with the id it can be given another key by."""

from typing import Final, NamedTuple

from textual.binding import Binding, BindingType


class SortKey(NamedTuple):
    """A letter and the orders it means, the first of which a screen knows."""

    key: str
    names: tuple[str, ...]


GLOBAL: Final[list[BindingType]] = [
    Binding("enter", "drill", "open", id="drill", tooltip="open what is selected"),
    Binding("escape,backspace,h", "back", "back", id="back", tooltip="back up the way one came"),
    Binding(
        "minus",
        "previous",
        "previous screen",
        show=False,
        id="previous",
        tooltip="the screen before this one, and back again",
    ),
    Binding("exclamation_mark", "worst", "what is worst", show=False, id="worst", tooltip="where it is worst"),
    Binding("colon", "command", "command", id="command", tooltip="type a command"),
    Binding("slash", "filter", "filter", id="filter", tooltip="type a filter of these rows"),
    Binding("n", "match(1)", "next match", show=False, id="next_match", tooltip="the next row that matches the filter"),
    Binding(
        "N",
        "match(-1)",
        "match before",
        show=False,
        id="match_before",
        tooltip="the row before that matches the filter",
    ),
    Binding("s", "pick_sort", "sort by", id="sort", tooltip="pick the order of rows"),
    Binding("S", "reverse", "reverse order", id="reverse", tooltip="turn the order round"),
    Binding("R", "sort_by('R')", "by rate", show=False, id="by_rate"),
    Binding("E", "sort_by('E')", "by errors", show=False, id="by_errors"),
    Binding("L", "sort_by('L')", "by latency", show=False, id="by_latency"),
    Binding("v", "views", "saved views", id="views", tooltip="saved views of this screen: apply, save, delete"),
    Binding("space", "freeze", "freeze", id="freeze", tooltip="hold everything as it is now; again to go on"),
    Binding("full_stop", "refetch", "ask again", show=False, id="refetch", tooltip="ask the gateway again now"),
    Binding("question_mark", "help", "help", id="help"),
    Binding("l", "pivot('live')", "live", id="live", tooltip="live traffic of what is selected"),
    Binding(
        "f",
        "pivot('failing')",
        "failing",
        id="failing",
        tooltip="its failing requests, in Live: the newest at the bottom",
    ),
    Binding("t", "pivot('traces')", "traces", id="traces", tooltip="its traces"),
    Binding("u", "pivot('upstream')", "upstream", id="upstream", tooltip="its upstream and the endpoints there"),
    Binding("c", "pivot('changes')", "changes", id="changes", tooltip="what was changed about it"),
    Binding("x", "pivot('explain')", "explain", id="explain", tooltip="why a request goes where it goes"),
    Binding("d", "pivot('raw')", "raw", id="raw", tooltip="the same as JSON or YAML"),
    Binding("equals_sign", "pivot('compare')", "compare", id="compare", tooltip="compared with what was before"),
    Binding(
        "o",
        "pivot('open')",
        "open in browser",
        id="open",
        tooltip="in Grafana or the trace backend, by the links of the context",
    ),
    Binding("y", "copy_twin", "copy cli", id="copy_twin", tooltip="copy the command that prints this to the clipboard"),
    Binding(
        "Y",
        "copy",
        "copy ..",
        id="copy_id",
        tooltip="copy one thing of the row to the clipboard: its name, curl, JSON ..",
    ),
    Binding("a", "act", "act", id="act", tooltip="what can be done to it, with a preview and a question first"),
    Binding("w", "window(1)", "longer window", id="window", tooltip="figures of a longer window"),
    Binding("W", "window(-1)", "shorter window", show=False, id="window_back", tooltip="figures of a shorter window"),
]

SORT_KEYS: Final = {
    each.key: each
    for each in (
        SortKey("R", ("rate", "requests")),
        SortKey("E", ("errors", "error_ratio")),
        SortKey("L", ("p99", "latency", "duration")),
    )
}

HINTED: Final = ("drill", "live", "traces", "changes", "explain", "act", "copy_twin", "filter", "help")
"""Bindings that the line at the bottom tells of, where a screen names no others."""

EVERYWHERE: Final = frozenset(binding.id for binding in GLOBAL if isinstance(binding, Binding) and binding.id)
"""Ids of the keys above."""
