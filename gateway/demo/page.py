"""What the demo says: the page that tells what runs where and what to try, and the summary at the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.demo.comparison import Difference, is_disagreement
from gateway.demo.incidents import hurried
from gateway.demo.ports import HOST, Ports
from gateway.demo.traffic import Tally

_PAGE: Final = """
Sightline is running: a gateway with two workers, three services behind it, {rate:g} requests a second.

  what                  where                          process
  gateway               http://{host}:{gateway}          {gateway_pid} (supervisor), {worker_pids} (workers)
  admin API             http://{host}:{admin}          the supervisor
  catalog   (fast)      {host}:{catalog}, :{catalog_twin}         {catalog_pid}
  reports   (slow)      {host}:{reports}                 {reports_pid}
  payments  (failing)   {host}:{payments}                 {payments_pid}
  traffic               to the gateway                 {traffic_pid}

  configuration         {config}
  access lines          {access_log}
  operational log       {gateway_log}

Send it something:
  curl -i http://{host}:{gateway}/v1/products/7
  curl -i http://{host}:{gateway}/v1/products/7/recommendations      # nothing listens there: 502, and it says why
  curl -i -X PATCH http://{host}:{gateway}/v1/orders                 # 405 with Allow
  curl -i -H 'Host: alpha.partners.example' http://{host}:{gateway}/
  curl -d '{{"product": 7}}' http://{host}:{gateway}/v1/orders

See what it did, and why (`sightline` is in the bin folder of the environment, here .venv/bin):
  export SIGHTLINE_URL=http://{host}:{admin}
  sightline console
  sightline status
  sightline routes --sort errors
  sightline tail 'status:5xx | slow'
  sightline inflight
  sightline explain --url http://{host}:{admin} GET /v1/products/7
  tail -f {access_log}
  curl -s http://{host}:{admin}/metrics | grep sightline_http_failures_total | grep -v ' 0$'

Change it while it runs (save the file; a mistake changes nothing and is told in the operational log):
  $EDITOR {config}
  kill -9 {worker_pid}      # a worker: another is there within a second; what it had not yet reported is lost

{incidents}

{ending}
"""

_INCIDENTS: Final = """\
What will go wrong, and again every {round} minutes (--calm leaves it out), with the keys that show it on the console
(`sightline console`) and the commands that tell it too:
  at    for   what                                             console          sightline ...
{lines}"""


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one demo, all in one temporary folder."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "gateway.yaml"

    @property
    def access_log(self) -> Path:
        return self.folder / "access.jsonl"

    @property
    def own_log(self) -> Path:
        """What the demo says while the console has the terminal."""
        return self.folder / "demo.log"

    @property
    def gateway_log(self) -> Path:
        return self.folder / "gateway.log"


@dataclass(frozen=True, slots=True)
class Running:
    """What there is to tell of a demo that runs. for_s: seconds it will last, None for until it is ended."""

    ports: Ports
    places: Places
    pids: Mapping[str, int]
    worker_pids: Sequence[int]
    rate: float
    for_s: float | None
    round_s: float | None = None
    """Seconds after which the incidents begin again; None where there are none."""
    has_console: bool = False


def page(running: Running) -> str:
    ports, places = running.ports, running.places
    return _PAGE.format(
        host=HOST,
        gateway=ports.gateway,
        admin=ports.admin,
        catalog=ports.catalog,
        catalog_twin=ports.catalog_twin,
        reports=ports.reports,
        payments=ports.payments,
        config=places.config,
        access_log=places.access_log,
        gateway_log=places.gateway_log,
        worker_pids=" ".join(str(pid) for pid in running.worker_pids),
        worker_pid=running.worker_pids[0],
        rate=running.rate,
        incidents=_script(running.round_s),
        ending=_ending(running),
        **{f"{name}_pid": pid for name, pid in running.pids.items()},
    )


def _ending(running: Running) -> str:
    if running.has_console:
        return "The console opens now; leave it with :q, and everything ends."
    return "Ctrl-C ends everything." if running.for_s is None else f"Ends by itself after {running.for_s:g} seconds."


def _script(round_s: float | None) -> str:
    if round_s is None:
        return "Nothing will go wrong beyond what the services do of themselves."
    lines = [
        f"  {_minutes(each.at_s)}  {each.for_s:>2.0f} s  {each.what:<47}  {each.screen:<15}  {each.twins}"
        for each in hurried(round_s)
    ]
    return _INCIDENTS.format(round=_minutes(round_s), lines="\n".join(lines))


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def moved_ports(replaced: Mapping[str, tuple[int, int]]) -> Iterable[str]:
    """One line for each port that was taken."""
    for name, (wanted, chosen) in replaced.items():
        yield f"port {wanted} is taken; {name.replace('_', ' ')} uses {chosen}"


def traffic_table(tally: Tally) -> str:
    """A line for each route: requests, answers by code, and how long they took as the client saw it."""
    lines = [f"  {'route':<16} {'requests':>8} {'p50 ms':>8} {'p99 ms':>8}  codes"]
    for route, durations in tally.duration_ms.items():
        codes: dict[int, int] = {}
        for count in tally.counts:
            if count.route == route:
                codes[count.code] = codes.get(count.code, 0) + count.requests
        shown = "  ".join(f"{code}: {requests}" for code, requests in sorted(codes.items()))
        p50, p99 = _quantile(durations, 0.50), _quantile(durations, 0.99)
        lines.append(f"  {route:<16} {sum(codes.values()):>8} {p50:>8.1f} {p99:>8.1f}  {shown}")
    return "\n".join(lines)


def account(name: str, total: int, found: list[Difference], *, is_shared: bool, restarts: int = 0) -> str:
    """One line that says whether an account agrees with the client's, and one for each count on which it does not.

    is_shared, restarts: see `is_disagreement`.
    """
    line = f"  {name:<16} {total:>8}  "
    if not found:
        return f"{line}agrees for every route, method and code"
    details = "".join(f"\n    {difference}" for difference in found)
    if is_disagreement(found, is_shared=is_shared, restarts=restarts):
        return f"{line}DIFFERS{details}"
    if all(difference.recorded > difference.sent for difference in found):
        return f"{line}agrees, and has what was sent beside the demo's own traffic{details}"
    killed = "a killed worker" if restarts == 1 else f"{restarts} killed workers"
    return f"{line}lacks what {killed} had not reported, and has what was sent beside the demo's own traffic{details}"


def _quantile(sorted_values: list[float], quantile: float) -> float:
    return sorted_values[min(int(len(sorted_values) * quantile), len(sorted_values) - 1)]
