"""A real Prometheus that scrapes gateways every second, and what can be asked of it."""

import json
import math
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from tests.support.config import free_port
from tests.support.waiting import wait_until

START_DEADLINE_S: Final = 60.0
SCRAPE_S: Final = 1


class Prometheus:
    """targets: `HOST:PORT` of admin APIs. rule_files: with the intervals that are to hold here; see `with_interval`."""

    def __init__(
        self,
        folder: Path,
        targets: Sequence[str],
        rule_files: Sequence[Path] = (),
        job: str = "sightline",
        features: Sequence[str] = ("exemplar-storage",),
    ):
        self.port = free_port()
        self._features = features
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "prometheus.yml").write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
                    "rule_files": [str(path) for path in rule_files],
                    "scrape_configs": [{"job_name": job, "static_configs": [{"targets": list(targets)}]}],
                }
            )
        )

    def __enter__(self) -> Self:
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    f"--enable-feature={','.join(self._features)}",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self._is_ready, f"Prometheus is ready: {self.talk}", START_DEADLINE_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def talk(self) -> str:
        return (self._folder / "prometheus.log").read_text()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)

    def query(self, expr: str, at_s: float | None = None) -> list[Any]:
        """The series of an instant vector, or a scalar as a series without labels."""
        data = self._ask("query", {"query": expr, **({} if at_s is None else {"time": f"{at_s:.3f}"})})
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        result: list[Any] = data["result"]
        return result

    def query_range(self, expr: str, start_s: float, end_s: float, step_s: float = SCRAPE_S) -> list[Any]:
        """The series with their `values`, pairs of time and text."""
        asked = {"query": expr, "start": f"{start_s:.3f}", "end": f"{end_s:.3f}", "step": f"{step_s}"}
        result: list[Any] = self._ask("query_range", asked)["result"]
        return result

    def label_values(self, label: str, selector: str) -> list[str]:
        values: list[str] = self._ask(f"label/{label}/values", {"match[]": selector})
        return values

    def exemplars(self, expr: str, start_s: float, end_s: float) -> list[Any]:
        found: list[Any] = self._ask("query_exemplars", {"query": expr, "start": f"{start_s}", "end": f"{end_s}"})
        return found

    def value(self, expr: str, at_s: float | None = None) -> float:
        """The one number an expression gives; NaN if it gives none."""
        found = self.query(expr, at_s)
        return float(found[0]["value"][1]) if found else math.nan

    def _ask(self, call: str, asked: dict[str, str]) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{call}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{asked}: {refusal.read().decode()}") from None

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"Prometheus has ended: {self.talk}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False


def with_interval(source: Path, target: Path, interval: str = "1s") -> Path:
    """A copy of a rule file all of whose groups are evaluated that often."""
    content = yaml.safe_load(source.read_text())
    for group in content["groups"]:
        group["interval"] = interval
    target.write_text(yaml.safe_dump(content))
    return target
