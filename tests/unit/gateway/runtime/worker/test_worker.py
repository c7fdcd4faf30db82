"""What a worker process is made of."""

import subprocess
import sys


def test_a_worker_imports_nothing_that_only_the_supervisor_needs() -> None:
    code = "import sys, gateway.runtime.worker.__main__; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "httptools" in loaded
    forbidden = {"aiohttp", "pydantic", "opentelemetry", "prometheus_client", "structlog", "yaml", "grpc"}
    assert forbidden.intersection(loaded) == set()
