"""Whether three accounts of the same traffic agree: the client's tally, the gateway's counters, and its access lines."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from gateway.demo.traffic import Tally

Counts: TypeAlias = Counter[tuple[str, str, str]]
"""Requests by route, method and code."""

REQUESTS: Final = "sightline_http_requests_total"
RESTARTS: Final = "sightline_worker_restarts_total"


class _Line(msgspec.Struct, frozen=True):
    route: str
    method: str = msgspec.field(name="http.request.method")
    status: int = msgspec.field(name="http.response.status_code")


_line_decoder = msgspec.json.Decoder(_Line)


@dataclass(frozen=True, slots=True)
class Difference:
    """A count on which an account disagrees with the client's."""

    route: str
    method: str
    code: str
    sent: int
    recorded: int

    def __str__(self) -> str:
        return f"{self.route} {self.method} {self.code}: {self.sent} sent, {self.recorded} recorded"


def counts_of_tally(tally: Tally) -> Counts:
    return Counter({(count.route, count.method, str(count.code)): count.requests for count in tally.counts})


def counts_of_metrics(exposition: str) -> Counts:
    """The counter of requests from a scrape, summed over `source`; series that are still 0 are left out."""
    counts: Counts = Counter()
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == REQUESTS and sample.value:
                labels = sample.labels
                counts[labels["route"], labels["method"], labels["code"]] += int(sample.value)
    return counts


def worker_restarts(exposition: str) -> int:
    """How many workers had to be replaced."""
    families = text_string_to_metric_families(exposition)
    return sum(int(sample.value) for family in families for sample in family.samples if sample.name == RESTARTS)


def counts_of_lines(lines: Iterable[bytes]) -> Counts:
    """The same from access lines. Raises msgspec.DecodeError for a line that is none."""
    counts: Counts = Counter()
    for line in lines:
        facts = _line_decoder.decode(line)
        counts[facts.route, facts.method, str(facts.status)] += 1
    return counts


def differences(sent: Counts, recorded: Counts) -> list[Difference]:
    return [
        Difference(*key, sent[key], recorded[key])
        for key in sorted(sent.keys() | recorded.keys())
        if sent[key] != recorded[key]
    ]


def is_disagreement(found: list[Difference], *, is_shared: bool, restarts: int) -> bool:
    """Whether differences mean that somebody counted wrongly.

    is_shared: whoever looks at the demo may have sent requests too, so an account may have more than the client's, and may
    have killed workers (restarts), which takes with them what they had not reported.
    """
    if not is_shared:
        return bool(found)
    return not restarts and any(difference.recorded < difference.sent for difference in found)
