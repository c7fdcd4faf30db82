"""Operational logs: one structlog chain for our own events and those of libraries, on stderr, secrets taken out.

JSON when nobody is looking (stderr is no terminal), readable otherwise. Field names are those of the access line.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, TextIO, TypeAlias

import orjson
import structlog
from opentelemetry import trace

from gateway.telemetry.redaction import REDACTED

_SECRET_KEY: Final = re.compile(
    r"authorization|cookie|passw(or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|credential|signature",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}")
_USERINFO: Final = re.compile(r"(://)[^/@\s:]*:[^/@\s]*@")
_MAX_DEPTH: Final = 6

_QUIETER: Final = {"opentelemetry": logging.ERROR, "urllib3": logging.ERROR, "aiohttp.access": logging.WARNING}
"""Libraries whose warnings are told by our own metrics or by nobody's need."""


Keep: TypeAlias = Callable[[MutableMapping[str, Any]], None]
"""Given each record as it is written, with what was raised as the text `exception`. Called from any thread; must not log."""


def configure_logs(
    level: str = "info", stream: TextIO | None = None, *, as_json: bool | None = None, keep: Keep | None = None
) -> None:
    """Set up structlog and the standard library's logging for this process, to stderr unless told otherwise.

    level: debug, info, warning or error. as_json: by default, whether the stream is no terminal. keep: who else wants them.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if as_json is None else as_json
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="@timestamp"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(as_json=as_json, keep=keep),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIETER.items():
        logging.getLogger(name).setLevel(least)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of keys that name a secret, and credentials within texts, at any depth."""
    for key, value in event.items():
        event[key] = REDACTED if _SECRET_KEY.search(key) else _redacted(value, _MAX_DEPTH)
    return event


def _rendering(*, as_json: bool, keep: Keep | None) -> list[structlog.types.Processor]:
    kept = [_keeping(keep)] if keep is not None else []
    if as_json:
        render = structlog.processors.JSONRenderer(serializer=_dump)
        return [structlog.processors.format_exc_info, redact, *kept, render]
    return [redact, *kept, structlog.dev.ConsoleRenderer(timestamp_key="@timestamp")]


def _keeping(keep: Keep) -> structlog.types.Processor:
    def pass_on(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # For a terminal what was raised is rendered later, with colours.
        told = (
            redact(logger, name, structlog.processors.format_exc_info(logger, name, dict(event)))
            if event.get("exc_info")
            else event
        )
        keep(told)
        return event

    return pass_on


def _dump(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event.setdefault("trace_id", trace.format_trace_id(context.trace_id))
        event.setdefault("span_id", trace.format_span_id(context.span_id))
    return event


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _USERINFO.sub(rf"\1{REDACTED}@", _SECRET_TEXT.sub(rf"\1 {REDACTED}", value))
    if depth == 0:
        return REDACTED if isinstance(value, Mapping | list | tuple) else value
    if isinstance(value, Mapping):
        return {
            key: REDACTED if _SECRET_KEY.search(str(key)) else _redacted(item, depth - 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(item, depth - 1) for item in value]
    return value
