"""`sightline explain`, from a file and asked of a gateway."""

import json
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from gateway.cli.main import main
from gateway.wire.exit_codes import ExitCode
from gateway.wire.explain import ExplainRequest, ExplanationView
from gateway.wire.views import ProblemView

Sightline = Callable[..., subprocess.CompletedProcess[str]]

TOKEN = "a-token-of-the-operator"


def test_a_route_that_takes_the_request_is_told_with_what_becomes_of_it(sightline: Sightline, good: Path) -> None:
    run = sightline("explain", "-c", str(good), "GET", "http://api.example.com/v1/orders/7")
    assert (run.returncode, run.stderr) == (ExitCode.OK, "")
    assert run.stdout.splitlines()[:4] == [
        "GET api.example.com/v1/orders/7",
        "route order: order is the only route that takes the request",
        "forwarded to orders as /v1/orders/7 with Host api.example.com",
        "id = 7",
    ]
    assert f"  + order ({good}:6): " in run.stdout


def test_an_answer_of_the_gateway_is_told(sightline: Sightline, good: Path) -> None:
    run = sightline("explain", "-c", str(good), "GET", "http://a.example.com/old/x")
    assert "answered by the gateway with 302 to http://a.example.com/new/x" in run.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("PUT", "http://api.example.com/v1/orders/7"), "no route: 405 method_not_allowed"),
        (("GET", "/v1/orders/7"), "no route: 404 no_route"),
        (("GET", "/%2F"), "no route: 400 bad_request"),
    ],
)
def test_no_route_is_a_condition_that_is_false(
    capsys: pytest.CaptureFixture[str], good: Path, words: tuple[str, ...], told: str
) -> None:
    assert main(["explain", "-c", str(good), *words]) == ExitCode.FAILED
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("url", ["api.example.com/v1", "nonsense", ""])
def test_what_is_no_url_is_a_usage_error(capsys: pytest.CaptureFixture[str], good: Path, url: str) -> None:
    assert main(["explain", "-c", str(good), "GET", url]) == ExitCode.USAGE
    assert f"got the URL '{url}'; expected http://HOST/PATH, or /PATH alone" in capsys.readouterr().err


def test_header_fields_client_and_listener_count(good: Path) -> None:
    match = "match: {path: /t, headers: {x-tenant: blue}, clients: [10.0.0.0/8], listeners: [public]}"
    good.write_text(good.read_text() + f"  - {{name: blue, {match}, upstream: orders}}\n")
    words = ["explain", "-c", str(good), "GET", "/t", "-H", "X-Tenant: blue"]
    assert main([*words, "--client", "10.0.0.1", "--listener", "public"]) == ExitCode.OK
    assert main(words) == ExitCode.FAILED


@pytest.mark.parametrize(
    "words",
    [
        ("-H", "no colon"),
        ("--client", "nobody"),
        ("--listener", "nowhere"),
        ("--url", "http://127.0.0.1:1"),
        ("--format", "yaml"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], good: Path, words: tuple[str, ...]
) -> None:
    assert main(["explain", "-c", str(good), "GET", "/", *words]) == ExitCode.USAGE
    assert capsys.readouterr().out == ""


def test_an_invalid_file_is_told(sightline: Sightline, good: Path) -> None:
    good.write_text("listeners: []\n")
    run = sightline("explain", "-c", str(good), "GET", "/")
    assert (run.returncode, run.stdout) == (ExitCode.CONFIG_INVALID, "")
    assert "expected at least one listener" in run.stderr


class Admin(ThreadingHTTPServer):
    """An admin API that knows one call."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _AdminHandler)
        self.requests: list[ExplainRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _AdminHandler(BaseHTTPRequestHandler):
    server: Admin

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/api/v1/explain" or self.headers["Content-Type"] != "application/json":
            self._send(404, b"not found")
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._send(
                401, msgspec.json.encode(ProblemView(title="", status=401, reason="", detail="this call needs a token"))
            )
        else:
            request = msgspec.json.decode(body, type=ExplainRequest)
            self.server.requests.append(request)
            self._send(200, b"not json" if request.url == "/odd" else msgspec.json.encode(_view(request)))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Say nothing."""


def _view(request: ExplainRequest) -> ExplanationView:
    return ExplanationView(
        revision="0123456789ab",
        method=request.method,
        host="h",
        path="/",
        route="r",
        status=200,
        reason="none",
        action="respond",
    )


@pytest.fixture
def admin() -> Iterator[Admin]:
    with Admin() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return str(path)


def test_a_running_gateway_can_be_asked(sightline: Sightline, admin: Admin, token_file: str) -> None:
    words = ("GET", "http://h/", "-H", "A: b", "--client", "10.0.0.1", "--listener", "l", "--format", "json")
    # A proxy of the environment is not asked for the admin address.
    proxy = {"http_proxy": "http://127.0.0.1:1"}
    run = sightline("explain", "--url", f"{admin.url}/", "--token-file", token_file, *words, environ=proxy)
    assert (run.returncode, run.stderr) == (ExitCode.OK, "")
    assert json.loads(run.stdout)["revision"] == "0123456789ab"
    assert admin.requests == [
        ExplainRequest(method="GET", url="http://h/", headers=[("A", "b")], client="10.0.0.1", listener="l")
    ]


def test_the_environment_may_name_the_gateway_and_the_token(
    sightline: Sightline, admin: Admin, token_file: str, good: Path
) -> None:
    environ = {"SIGHTLINE_URL": admin.url, "SIGHTLINE_TOKEN_FILE": token_file}
    run = sightline("explain", "GET", "http://h/", "--format", "json", environ=environ)
    assert (run.returncode, run.stderr) == (ExitCode.OK, "")
    assert json.loads(run.stdout)["revision"] == "0123456789ab"
    # A file that is named is what is meant.
    run = sightline("explain", "-c", str(good), "GET", "http://api.example.com/v1/orders/7", environ=environ)
    assert "is the only route that takes the request" in run.stdout
    assert "expected --config FILE" in sightline("explain", "GET", "/", environ={"SIGHTLINE_URL": ""}).stderr


def test_a_missing_token_is_denied(sightline: Sightline, admin: Admin) -> None:
    run = sightline("explain", "--url", admin.url, "GET", "/")
    assert (run.returncode, run.stdout) == (ExitCode.DENIED, "")
    assert run.stderr == "the gateway refuses: 401 this call needs a token\n"


def test_an_answer_that_is_none_means_that_no_gateway_is_there(
    sightline: Sightline, admin: Admin, token_file: str
) -> None:
    run = sightline("explain", "--url", admin.url, "--token-file", token_file, "GET", "/odd")
    assert run.returncode == ExitCode.NOT_REACHABLE


def test_a_gateway_that_is_not_there_cannot_be_asked(sightline: Sightline) -> None:
    run = sightline("explain", "--url", "http://127.0.0.1:1", "GET", "/")
    assert run.returncode == ExitCode.NOT_REACHABLE
    assert run.stderr.startswith("no gateway answers at http://127.0.0.1:1: ")


@pytest.mark.parametrize(
    "words", [("--url", "127.0.0.1:9900"), ("--url", "http://127.0.0.1:1", "--token-file", "/gone")]
)
def test_an_address_or_a_token_that_cannot_be_is_wrong_usage(words: tuple[str, ...]) -> None:
    assert main(["explain", *words, "GET", "/"]) == ExitCode.USAGE
