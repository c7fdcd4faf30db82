"""Texts for other programs: curl, Prometheus, Alertmanager, a configuration. Everything from outside is quoted."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from console.render.amounts import age
from console.render.table import plain
from console.state.traffic.question import example_of, parse_question
from gateway.wire.live import AccessLine, InFlightView
from gateway.wire.slo import ObjectiveStateView
from gateway.wire.views import RouteView

_SHORTEST_S: Final = 60
_GLOB: Final = frozenset("{}[]")


def curl_of(line: AccessLine | InFlightView, addresses: Sequence[str]) -> str:
    """A command that sends the like of it. addresses: of the gateway's listeners, the first of which is taken."""
    query = f"?{line.query}" if isinstance(line, AccessLine) and line.query else ""
    agent = line.user_agent if isinstance(line, AccessLine) else ""
    return _curl(line.method, line.host, f"{line.path}{query}", addresses, agent=agent)


def curl_to(route: RouteView, addresses: Sequence[str]) -> str:
    """A request that this route may take."""
    wanted = parse_question(example_of(route))
    url = urlsplit(wanted.url)
    target = f"{url.path}?{url.query}" if url.query else url.path
    return _curl(wanted.method, url.netloc if route.match.hosts else "", target, addresses, wanted.headers)


def curl_like(url: str, method: str, addresses: Sequence[str]) -> str:
    """url: with `*` for what the gateway does not remember."""
    parts = urlsplit(url.replace("*", "1"))
    return _curl(method or "GET", parts.netloc, parts.path, addresses)


def _curl(
    method: str,
    host: str,
    target: str,
    addresses: Sequence[str],
    headers: Iterable[tuple[str, str]] = (),
    *,
    agent: str = "",
) -> str:
    address = addresses[0] if addresses else host or "localhost"
    words = ["curl", "-i", *({"GET": [], "HEAD": ["-I"]}.get(method, ["-X", _word(method)]))]
    # Else curl would make several requests of {a,b} or [1-3], or none.
    words += ["-g"] if not _GLOB.isdisjoint(target) else []
    words.append(_quoted(f"http://{address}{target}"))
    words += ["-H", _quoted(f"Host: {host}")] if host and host != address else []
    words += [word for name, value in headers for word in ("-H", _quoted(f"{name}: {value}"))]
    return " ".join([*words, *(["-A", _quoted(agent)] if agent else [])])


def traceparent_of(line: AccessLine) -> str:
    """W3C Trace Context, as the gateway's own span would hand it on. The line has the ids of both."""
    return f"00-{line.trace_id}-{line.span_id}-{'01' if line.sampled else '00'}"


def requests_query(metric: str, by: str, labels: Mapping[str, str], window_s: int) -> str:
    """PromQL: how many a second, of which kinds."""
    return f"sum by ({by}) (rate({metric}{matchers(labels)}[{_span(window_s)}]))"


def p99_query(metric: str, labels: Mapping[str, str], window_s: int) -> str:
    return f"histogram_quantile(0.99, sum by (le) (rate({metric}_bucket{matchers(labels)}[{_span(window_s)}])))"


def burn_query(objective: ObjectiveStateView, window_s: int) -> str:
    """PromQL: how many times faster than it may, the objective's budget is spent."""
    labels = {"route": objective.route, "sli": objective.sli}
    bad, judged = (
        f"sum(rate(sightline_slo_requests_total{matchers(each)}[{_span(window_s)}]))"
        for each in (labels | {"result": "bad"}, labels)
    )
    return f"{bad} / {judged} / (1 - {_number(objective.target)})"


def matchers(labels: Mapping[str, str]) -> str:
    """`{route="orders", sli="latency"}`, as Prometheus and Alertmanager take them."""
    told = ", ".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in labels.items())
    return f"{{{told}}}"


def rule_text(objectives: Iterable[ObjectiveStateView]) -> str:
    """`slo: {availability: 99.9%, latency: {target: 99%, under: 300ms}}`, as a route of the configuration has it."""
    parts = []
    for each in sorted(objectives, key=lambda objective: objective.sli):
        share = f"{_number(each.target * 100)}%"
        if each.sli == "latency":
            parts.append(f"latency: {{target: {share}, under: {_number(each.under_ms or 0)}ms}}")
        else:
            parts.append(f"availability: {share}")
    return f"slo: {{{', '.join(parts)}}}" if parts else ""


def json_text(value: object) -> str:
    """In one line; empty for nothing."""
    return msgspec.json.encode(value).decode() if value else ""


def _span(window_s: int) -> str:
    return age(max(_SHORTEST_S, window_s)).replace(" ", "")


def _number(value: float) -> str:
    """Without an exponent, and nine nines are not rounded to all."""
    return f"{value:.12f}".rstrip("0").rstrip(".")


def _word(text: str) -> str:
    return shlex.quote(plain(text))


def _quoted(text: str) -> str:
    return "'" + plain(text).replace("'", "'\\''") + "'"
