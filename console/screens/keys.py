"""Keys that mean the same on every screen, each with the id it can be given another key by."""

from typing import Final, NamedTuple

from textual.binding import Binding, BindingType


class SortKey(NamedTuple):
    """A letter and the orders it means, the first of which a screen knows."""

    key: str
    names: tuple[str, ...]


GLOBAL: Final[list[BindingType]] = [
    Binding("enter", "drill", "open", id="drill"),
    Binding("escape,backspace,h", "back", "back", id="back"),
    Binding("minus", "previous", "previous screen", show=False, id="previous"),
    Binding("exclamation_mark", "worst", "what is worst", show=False, id="worst"),
    Binding("colon", "command", "command", id="command"),
    Binding("slash", "filter", "filter", id="filter"),
    Binding("n", "match(1)", "next match", show=False, id="next_match"),
    Binding("N", "match(-1)", "match before", show=False, id="match_before"),
    Binding("s", "pick_sort", "sort by", id="sort"),
    Binding("S", "reverse", "reverse order", id="reverse"),
    Binding("R", "sort_by('R')", "by rate", show=False, id="by_rate"),
    Binding("E", "sort_by('E')", "by errors", show=False, id="by_errors"),
    Binding("L", "sort_by('L')", "by latency", show=False, id="by_latency"),
    Binding("v", "views", "saved views", id="views"),
    Binding("space", "freeze", "freeze", id="freeze"),
    Binding("full_stop", "refetch", "ask again", show=False, id="refetch"),
    Binding("question_mark", "help", "help", id="help"),
    Binding("l", "pivot('live')", "live", id="live"),
    Binding("f", "pivot('failing')", "failing", id="failing"),
    Binding("t", "pivot('traces')", "traces", id="traces"),
    Binding("u", "pivot('upstream')", "upstream", id="upstream"),
    Binding("c", "pivot('changes')", "changes", id="changes"),
    Binding("x", "pivot('explain')", "explain", id="explain"),
    Binding("d", "pivot('raw')", "raw", id="raw"),
    Binding("equals_sign", "pivot('compare')", "compare", id="compare"),
    Binding("o", "pivot('open')", "open in browser", id="open"),
    Binding("y", "copy_twin", "copy command", id="copy_twin"),
    Binding("Y", "copy_id", "copy id", id="copy_id"),
    Binding("a", "act", "act", id="act"),
    Binding("w", "window(1)", "longer window", id="window"),
    Binding("W", "window(-1)", "shorter window", show=False, id="window_back"),
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
