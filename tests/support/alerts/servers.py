"""A real Prometheus with a real Alertmanager behind it, and somebody whom Alertmanager tells."""

import json
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from tests.support.alerts.rules import ROOT
from tests.support.config import free_port
from tests.support.waiting import wait_until

_START_DEADLINE_S: Final = 60.0
_FIRING: Final = 'ALERTS{alertstate="firing"}'


class Server:
    """A process that says on its port when it is ready. Subclasses give the command."""

    def __init__(self, folder: Path, name: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with (self._folder / f"{self._name}.log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        try:
            wait_until(self._is_ready, f"{self._name} is ready", _START_DEADLINE_S)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as response:
            return json.load(response)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / f"{self._name}.log").read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False


class Prometheus(Server):
    """Scrapes every second whatever `set_targets` names."""

    def __init__(self, folder: Path, rules: Sequence[Path], alertmanager: int, features: str = "") -> None:
        super().__init__(folder, "prometheus")
        self._features = features
        self.data = folder / "tsdb"
        self._targets = folder / "targets.json"
        self.set_targets({})
        example = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
        job = example["scrape_configs"][0] | {"scrape_timeout": "1s"}
        del job["static_configs"]
        job["file_sd_configs"] = [{"files": [str(self._targets)], "refresh_interval": "1s"}]
        example |= {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [job],
        }
        example["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(example))

    def command(self) -> list[str]:
        return [
            "prometheus",
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--rules.alert.resend-delay=1s",
            *([f"--enable-feature={self._features}"] if self._features else []),
            "--log.level=warn",
        ]

    def set_targets(self, jobs: Mapping[str, Sequence[int]]) -> None:
        """Ports of admin APIs by the job they are to be scraped under."""
        groups = [
            {"labels": {"job": job}, "targets": [f"127.0.0.1:{port}" for port in ports]}
            for job, ports in jobs.items()
            if ports
        ]
        replacement = self._targets.with_suffix(".new")
        replacement.write_text(json.dumps(groups))
        replacement.replace(self._targets)

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self.ask(f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {found["metric"]["alertname"] for found in self.query(_FIRING)}

    def firing_among(self, alerts: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Those of these alerts that fire now with these labels."""
        firing = [found["metric"] for found in self.query(_FIRING)]
        return [
            alert
            for alert, labels in alerts.items()
            if any(found["alertname"] == alert and labels.items() <= found.items() for found in firing)
        ]


class Alertmanager(Server):
    """The example of deploy/, with its waits shortened and its receivers turned to ours."""

    def __init__(self, folder: Path, receiver: int) -> None:
        super().__init__(folder, "alertmanager")
        text = (ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
        example = yaml.safe_load(text.replace("127.0.0.1:9094", f"127.0.0.1:{receiver}"))
        for route in (example["route"], *example["route"]["routes"]):
            route |= {"group_wait": "0s", "group_interval": "1s"}
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(example))

    def command(self) -> list[str]:
        return [
            "prometheus-alertmanager",
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={self._folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]

    def alerts(self, name: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The alerts of this name and with these labels that it holds, with `status.state` and `status.inhibitedBy`."""
        matchers = [f'{label}="{value}"' for label, value in {"alertname": name, **labels}.items()]
        query = urllib.parse.urlencode([("filter", matcher) for matcher in matchers])
        found: list[dict[str, Any]] = self.ask(f"/api/v2/alerts?{query}")
        return found


class Receiver:
    """Takes Alertmanager's notifications: which alerts reached which receiver."""

    def __init__(self) -> None:
        self.notified: dict[str, set[str]] = {}
        notified = self.notified

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                names = {alert["labels"]["alertname"] for alert in body["alerts"] if alert["status"] == "firing"}
                notified.setdefault(self.path.strip("/"), set()).update(names)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def all_notified(self) -> set[str]:
        return set().union(*self.notified.values())
