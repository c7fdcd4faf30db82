"""What three days and yesterday looked like, written into a Prometheus before it starts."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_STEP_S: Final = 300
_DAYS_S: Final = 3 * 86_400
_PER_STEP: Final = 3_000
"""Requests: ten per second."""

_YESTERDAY: Final = "job:sightline_http_requests:rate5m"


def write_history(folder: Path, *, busy_job: str, traffic_job: str, traffic_rate: float) -> None:
    """Blocks below `folder` (a data directory of Prometheus).

    Three days of the routes `orders` and `search` of busy_job, by an instance that is gone since: of each 0.5 % more were
    bad than their objectives allow. And what traffic_job had yesterday around this time, in requests per second.
    """
    source = folder.with_suffix(".openmetrics")
    now_s = int(time.time())
    source.write_text(
        "\n".join([*_objectives(busy_job, now_s), *_yesterday(traffic_job, traffic_rate, now_s), "# EOF\n"])
    )
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(source), str(folder)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def _objectives(job: str, now_s: int) -> Iterator[str]:
    steps = range(_DAYS_S // _STEP_S - 2)
    begin_s = now_s - _DAYS_S
    target = f'job="{job}",instance="retired"'
    yield "# TYPE sightline_slo_requests counter"
    for route, sli, bad in (("orders", "availability", 18), ("search", "latency", 45)):
        for result, count in (("bad", bad), ("good", _PER_STEP - bad)):
            labels = f'{target},route="{route}",sli="{sli}",result="{result}"'
            for step in steps:
                yield f"sightline_slo_requests_total{{{labels}}} {step * count} {begin_s + step * _STEP_S}"
    yield "# TYPE sightline_http_requests counter"
    for route in ("orders", "search"):
        labels = f'{target},route="{route}",method="GET",code="200",source="upstream"'
        for step in steps:
            yield f"sightline_http_requests_total{{{labels}}} {step * _PER_STEP} {begin_s + step * _STEP_S}"


def _yesterday(job: str, rate: float, now_s: int) -> Iterator[str]:
    yield f"# TYPE {_YESTERDAY} gauge"
    for second in range(-26 * 3600, -22 * 3600, 60):
        yield f'{_YESTERDAY}{{job="{job}"}} {rate} {now_s + second}'
