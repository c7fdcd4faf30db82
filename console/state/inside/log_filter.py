"""Filters of the log as the operator types them."""

from functools import lru_cache

from gateway.wire.filter import LOGS, FilterError, LogPredicate, compile_log_filter, parse_filter


def problem_of(text: str) -> tuple[int | None, str]:
    """What is wrong with a filter of logs, and the column of it from 0; nothing if nothing is."""
    try:
        parse_filter(text, LOGS)
    except FilterError as error:
        hint = f" ({error.suggestion})" if error.suggestion else ""
        return error.position, f"{error.message}{hint}"
    return None, ""


@lru_cache(maxsize=64)
def predicate_of(text: str) -> LogPredicate:
    """The same verdict as the gateway's; nothing satisfies what is no filter."""
    try:
        return compile_log_filter(parse_filter(text, LOGS))
    except FilterError:
        return lambda _record: False
