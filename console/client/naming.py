"""A command as it has to be typed to reach the gateway a console looks at."""

import shlex
from collections.abc import Mapping
from typing import Final

from console.client.contexts import URL_VARIABLE, Context, Wished, find_context
from console.client.problems import WrongUsage

_EXPLAIN: Final = "explain"
"""Knows no contexts, and no gateway at home."""


def reaching(line: str, context: Context, environ: Mapping[str, str]) -> str:
    """line: `sightline COMMAND ..`, with what it needs to ask the gateway of the context where the environment leads to another."""
    words = line.split(" ", 2)
    options = _explain_options(context, environ) if words[1:2] == [_EXPLAIN] else _options(context, environ)
    return " ".join([*words[:2], *options, *words[2:]])


def _options(context: Context, environ: Mapping[str, str]) -> list[str]:
    url = context.target.shown
    for wished in (
        Wished(),
        Wished(context=context.name),
        Wished(url=url),
        Wished(url=url, context=context.name),
        Wished(url=url, token_file=context.token_file, ca_file=context.ca_file),
    ):
        try:
            found = find_context(wished, environ).target
        except WrongUsage:
            continue
        if found == context.target:
            return _words(wished)
    return _words(Wished(url=url))


def _explain_options(context: Context, environ: Mapping[str, str]) -> list[str]:
    is_given = environ.get(URL_VARIABLE, "").rstrip("/") == context.target.url
    return [] if is_given else _words(Wished(url=context.target.shown, token_file=context.token_file))


def _words(wished: Wished) -> list[str]:
    given = (("--url", wished.url), ("--context", wished.context),
             ("--token-file", wished.token_file), ("--ca-file", wished.ca_file))  # fmt: skip
    return [word for option, value in given if value is not None for word in (option, shlex.quote(value))]
