"""Taking secrets out of what is written down: query values, unless their parameter is known to carry none."""

from collections.abc import Collection
from typing import Final

REDACTED: Final = "REDACTED"


def redact_query(query: str, allowed: Collection[str] = ()) -> str:
    """The query with its parameters in order, each value replaced unless its name is in `allowed`. Names are kept."""
    return "&".join([_redact_parameter(parameter, allowed) for parameter in query.split("&")])


def _redact_parameter(parameter: str, allowed: Collection[str]) -> str:
    name, equals, value = parameter.partition("=")
    if not value or name in allowed:
        return parameter
    return name + equals + REDACTED
