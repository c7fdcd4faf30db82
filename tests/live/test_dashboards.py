"""Every query of every dashboard, asked of a real Prometheus that has scraped a gateway under scripted traffic and faults."""

import asyncio
import json
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from dashboards.lint.meaning import meaning_of, parse
from dashboards.lint.rules import panels_of
from dashboards.source import DASHBOARDS
from tests.live.conftest import report
from tests.support.collector import collecting
from tests.support.dashboard_scene import (
    GOLDEN_RATE,
    Faults,
    configuration,
    following,
    goes_stale,
    golden_origin,
    golden_path,
    hangs,
)
from tests.support.loop_thread import LoopThread
from tests.support.origin import Origin
from tests.support.paced_load import PacedLoad, exact_quantile
from tests.support.program import Program
from tests.support.prometheus import SCRAPE_S, Prometheus, with_interval
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
WINDOW_S: Final = 30
"""Of the golden values: so long nothing but the steady traffic may happen on their route."""
SETTLED_S: Final = 4.0
"""From the end of a request to its sample in Prometheus, with room: a report, a scrape."""
MOST_S: Final = 80.0
"""How long one waits for a window without a scrape that came too late."""
TOLERANCE: Final = 0.02
ALL: Final = ".+"

pytestmark = [pytest.mark.real("prometheus"), pytest.mark.timeout(150)]


@dataclass(frozen=True)
class Stage:
    """A Prometheus with everything in it, another that has native histograms in place of classic ones, the time that is shown, and what the load generator counted itself."""

    prometheus: Prometheus
    native: Prometheus
    load: PacedLoad
    start_s: float
    golden_at_s: float
    end_s: float

    def filled_in(self, expr: str, route: str = ALL, interval_s: int = 4 * SCRAPE_S) -> str:
        """The query as Grafana sends it."""
        values = {
            "$__rate_interval": f"{interval_s}s",
            "$__range": f"{math.ceil(self.end_s - self.start_s)}s",
            "$job": ALL,
            "$instance": ALL,
            "$route": route,
            "$upstream": ALL,
        }
        for name, value in values.items():
            expr = expr.replace(name, value)
        return expr


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, origin_thread: LoopThread) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("dashboards")
    origins = [Origin(origin_thread, golden_origin(_sleep)) for _ in range(2)]
    hung, stale = Origin(origin_thread, hangs), Origin(origin_thread, goes_stale)
    with collecting() as collector:
        golden = tuple(origin.address for origin in origins)
        keys = configuration(golden, hung.address, stale.address, collector.endpoint)
        program = Program(folder, *golden, more=keys.pop("more"))
        program.write(program.text(**keys))
        with program:
            yield from _played(program, keys, folder)
    for origin in (*origins, hung, stale):
        origin.close()
    report([repr(error) for origin in (*origins, hung, stale) for error in origin.errors] + origin_thread.take_errors())


def _played(program: Program, keys: dict[str, str], folder: Path) -> Iterator[Stage]:
    rules = sorted((ROOT / "alerts" / "rules").glob("recording-*.yaml"))
    copies = [with_interval(path, folder / path.name) for path in rules]
    for name in ("classic", "native"):
        (folder / name).mkdir()
    admin = [f"127.0.0.1:{program.admin_port}"]
    faults = Faults(program, folder)
    with (
        Prometheus(folder / "classic", admin, copies) as prometheus,
        Prometheus(folder / "native", admin, copies, features=("native-histograms",)) as native,
        following(program),
        PacedLoad(program.address, golden_path, GOLDEN_RATE) as load,
    ):
        start_s = time.time()
        wait_until(lambda: prometheus.query("up == 1"), "the first scrape", 10.0)
        faults.cause()
        faults.kill_a_worker()
        faults.reload(program.text(**{**keys, "route": keys["route"] + ", priority: 1"}))
        steady_s = time.time()
        while time.time() < steady_s + WINDOW_S + 2 * SETTLED_S or not (
            was_heard(prometheus, native) or time.time() > steady_s + MOST_S
        ):
            faults.cause()
        golden_at_s = time.time()
        end_s = wait_until(lambda: answered_time(prometheus, native), "both have just been answered")
        yield Stage(prometheus, native, load, start_s, golden_at_s, end_s)


def answered_time(*all_of_them: Prometheus) -> float:
    """A time at which the newest scrapes of all were answered, or 0. A scrape that fails ends all series when it began, which is
    known when it has timed out: so one that was under way is waited for."""
    at_s = time.time()
    wait_until(lambda: time.time() > at_s + 2 * SCRAPE_S, "whatever was under way has ended")
    return at_s if all(each.query("up == 1", at_s) for each in all_of_them) else 0.0


def was_heard(*all_of_them: Prometheus) -> bool:
    """Whether no scrape of the golden window came too late, as happens where the machine does something else too."""
    window = f"min_over_time(up[{math.ceil(WINDOW_S + SETTLED_S)}s])"
    return all(each.value(window) == 1 for each in all_of_them)


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


def content_of(slug: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "dashboards" / f"{slug}.json").read_text())
    return content


def targets_of(slug: str) -> list[tuple[str, dict[str, Any]]]:
    return [(panel["title"], target) for panel in panels_of(content_of(slug)) for target in panel["targets"]]


ASKED: Final = [
    pytest.param(target, kind, id=f"{dashboard.slug}: {title} {target['refId']}, {kind}")
    for dashboard in DASHBOARDS
    for title, target in targets_of(dashboard.slug)
    for kind in ("classic", "native")
    if (target.get("format"), kind) != ("heatmap", "native")
]


@pytest.mark.parametrize(("target", "kind"), ASKED)
def test_a_query_answers_with_numbers_and_labels(stage: Stage, target: dict[str, Any], kind: str) -> None:
    expr = stage.filled_in(target["expr"])
    prometheus = stage.native if kind == "native" else stage.prometheus
    if target.get("instant"):
        found = [(each["metric"], [each["value"][1]]) for each in prometheus.query(expr, stage.end_s)]
    else:
        series = prometheus.query_range(expr, stage.start_s, stage.end_s)
        found = [(each["metric"], [value for _, value in each["values"]]) for each in series]
    has_numbers = any(math.isfinite(float(value)) for _, values in found for value in values)
    assert has_numbers, f"nothing but NaN: {found}" if found else "the answer is empty"
    labels = meaning_of(parse(target["expr"])).labels
    for metric, _ in found:
        assert labels <= {name for name, value in metric.items() if value}, f"{metric} lacks one of {sorted(labels)}"


@pytest.mark.parametrize("number", [0, 1])
def test_an_annotation_finds_its_event(stage: Stage, number: int) -> None:
    annotation = content_of("overview")["annotations"]["list"][number]
    found = stage.prometheus.query_range(stage.filled_in(annotation["expr"]), stage.start_s, stage.end_s)
    assert found
    if annotation["useValueForTime"]:
        times_s = {float(value) / 1000 for series in found for _, value in series["values"]}
        assert len([at_s for at_s in times_s if stage.start_s - 60 < at_s < stage.end_s]) == 2


@pytest.mark.parametrize("name", ["job", "instance", "route", "upstream"])
def test_a_variable_has_values_to_choose_from(stage: Stage, name: str) -> None:
    variables = content_of("overview")["templating"]["list"]
    query = next(each for each in variables if each["name"] == name)["query"]["query"]
    matched = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
    assert matched
    values = stage.prometheus.label_values(matched[2], stage.filled_in(matched[1]))
    assert values
    assert all(values)


def test_a_percentile_has_exemplars_of_kept_traces(stage: Stage) -> None:
    expr = expr_of("overview", "How fast are the answers?", "C")
    found = stage.prometheus.exemplars(stage.filled_in(expr), stage.start_s, stage.end_s)
    assert any(len(each["labels"].get("trace_id", "")) == 32 for series in found for each in series["exemplars"])


def expr_of(slug: str, title: str, ref_id: str = "A") -> str:
    return next(str(target["expr"]) for name, target in targets_of(slug) if (name, target["refId"]) == (title, ref_id))


def agree(shown: float, counted: float) -> bool:
    return math.isclose(shown, counted, rel_tol=TOLERANCE)


@pytest.fixture
def shown(stage: Stage) -> Callable[..., float]:
    """The value of a panel's query for the golden route, over the window in which it was left alone."""

    def value(slug: str, title: str, ref_id: str = "A", native: bool = False) -> float:
        expr = expr_of(slug, title, ref_id).replace("$__range", "$__rate_interval")
        prometheus = stage.native if native else stage.prometheus
        return prometheus.value(stage.filled_in(expr, "all", WINDOW_S), stage.golden_at_s - SETTLED_S / 2)

    return value


def test_the_rate_is_what_the_load_generator_counted(stage: Stage, shown: Callable[..., float]) -> None:
    end_s = stage.golden_at_s - SETTLED_S / 2
    ended = stage.load.between(end_s - WINDOW_S, end_s)
    counted = len(ended) / WINDOW_S
    # What the machine held the generator up by it may have held up a scrape by, at either end of the window.
    held_up = min(0.1, 2 * max(each.late_s for each in ended) / WINDOW_S)
    assert math.isclose(shown("route", "How often is it asked?"), counted, rel_tol=TOLERANCE + held_up)


def test_the_error_ratio_is_what_the_load_generator_counted(stage: Stage, shown: Callable[..., float]) -> None:
    end_s = stage.golden_at_s - SETTLED_S / 2
    finished = stage.load.between(end_s - WINDOW_S, end_s)
    counted = sum(each.status >= 500 for each in finished) / len(finished)
    assert agree(shown("route", "What share fails?"), counted)


def test_the_p99_is_what_the_load_generator_measured(stage: Stage, shown: Callable[..., float]) -> None:
    end_s = stage.golden_at_s - SETTLED_S / 2
    ended = stage.load.between(end_s - WINDOW_S, end_s)
    measured = exact_quantile(0.99, [each.took_s for each in ended])
    # A machine that holds the generator up adds to what it measures, and to nothing that the gateway sees.
    held_up_s = exact_quantile(0.99, [each.late_s for each in ended])
    assert math.isclose(shown("route", "How fast is it?", "C"), measured, rel_tol=TOLERANCE, abs_tol=held_up_s)


def test_the_p99_of_native_histograms_is_within_their_bucket(stage: Stage, shown: Callable[..., float]) -> None:
    end_s = stage.golden_at_s - SETTLED_S / 2
    measured = exact_quantile(0.99, [each.took_s for each in stage.load.between(end_s - WINDOW_S, end_s)])
    assert math.isclose(shown("route", "How fast is it?", "C", native=True), measured, rel_tol=0.05)
