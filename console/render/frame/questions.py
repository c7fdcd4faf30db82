"""What an operator comes with, and the keys that answer it: for who does not know the screens yet, and searches for the words of a question."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from console.render.frame.hints import key_label


class Question(NamedTuple):
    """`keys`: ids of keys, which may have been given others, and what is typed as it stands here."""

    keys: tuple[str, ...]
    asked: str


QUESTIONS: Final = (
    Question(("1",), "what is wrong, where first, after which change?"),
    Question(("2", "by_latency", "drill"), "which route is slow (worst p99), and why?"),
    Question(("2", "by_errors", "drill"), "which route has errors (5xx), and why?"),
    Question(("3",), "unhealthy, down or slow endpoints, since when?"),
    Question(("2", "filter", "NAME", "enter", "failing"), "the last failing requests of a route"),
    Question(("4",), "what is happening right now? (live traffic)"),
    Question(("4", "T", "c"), "who is hammering us? (top clients, paths)"),
    Question(("command", "req ID"), "why did this request get a 404, 429 or 503?"),
    Question(("command", "x GET /PATH"), "which route and policies would take this URL?"),
    Question(("command", "unmatched"), "which requests find no route? (404)"),
    Question(("5", "drill"), "where did the time of a request go? (retries)"),
    Question(("6",), "which SLO burns, how long will its budget last?"),
    Question(("7", "drill"), "what changed before it got worse, and by whom?"),
    Question(("2", "drill", "compare"), "is a route worse than before the deploy?"),
    Question(("8",), "do all workers and nodes run the same revision?"),
    Question(("9",), "what did the gateway say, who did what? (logs)"),
    Question(("3", "act", "d"), "drain an endpoint, and see it become empty"),
    Question(("7", "act", "b"), "roll back to another configuration"),
    Question(("command", "export"), "evidence of the incident: picture and data"),
)
"""Short enough for the narrowest terminal."""


def keys_told(question: Question, keys: Mapping[str, Sequence[str]]) -> str:
    """`2 L enter`, `:req ID`. keys: those that are known by their ids now, the first of each first."""
    words = [key_label(keys[each][0]) if each in keys else each for each in question.keys]
    return " ".join(words).replace(": ", ":").replace("/ ", "/")
