"""An exchange that was recorded, as a request that can be explained, and what its record does not hold."""

from typing import Final
from urllib.parse import parse_qsl

from msgspec.structs import replace

from gateway.config.secrets import REDACTED
from gateway.wire.explain import ExplainRequest, RecordedView
from gateway.wire.live import AccessLine

_RECORDED_FIELDS: Final = ("host", "user-agent")


class Record:
    """`request` is what to explain; `view` what the record says besides."""

    def __init__(self, line: AccessLine, running: str, wanted: ExplainRequest) -> None:
        """running: the revision that explains it. wanted: how it was asked for; its header fields and listener are taken
        over, since the record has none. Raises ValueError for an exchange that ended before there was a request."""
        if not line.method or not line.path:
            raise ValueError("this exchange ended before its request was read, so there is nothing to explain")
        self.request = _request_of(line, wanted)
        self._fields = {name.lower() for name, _ in wanted.headers} | set(_RECORDED_FIELDS)
        self._redacted = {name for name, value in parse_qsl(line.query, keep_blank_values=True) if value == REDACTED}
        self.view = RecordedView(
            request_id=line.request_id,
            trace_id=line.trace_id,
            at=line.at,
            revision=line.revision,
            same_revision=line.revision == running,
            route=line.route,
            upstream=line.upstream,
            endpoint=line.endpoint,
            status=line.status,
            reason=line.reason,
            unknown=self._unknown(wanted),
        )

    def knows(self, key: str) -> bool:
        """Whether the record holds what a predicate looks at; its key as in `routing.explain.Failure`."""
        kind, _, name = key.partition(".")
        if kind == "headers":
            return name in self._fields
        return not (kind == "query" and name in self._redacted)

    def _unknown(self, wanted: ExplainRequest) -> list[str]:
        unknown = ["header fields other than Host and User-Agent"]
        if wanted.listener is None:
            unknown.append("the listener it arrived at; the first one is assumed")
        if self._redacted:
            unknown.append(f"the values of {', '.join(sorted(self._redacted))} in the query")
        return unknown


def _request_of(line: AccessLine, wanted: ExplainRequest) -> ExplainRequest:
    host = f"[{line.host}]" if ":" in line.host else line.host
    target = f"{line.path}?{line.query}" if line.query else line.path
    user_agent = [("User-Agent", line.user_agent)] if line.user_agent else []
    return replace(
        wanted,
        method=line.method,
        url=f"http://{host}{target}" if host and target.startswith("/") else target,
        headers=[*user_agent, *wanted.headers],
        client=line.client or wanted.client,
    )
