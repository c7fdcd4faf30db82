"""The whole program: what the engine's tests show in one process holds for supervisor and workers, and metrics and
access lines tell the truth about it."""

import hashlib
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from tests.live.conftest import StartOrigin
from tests.support.config import free_port, one_route
from tests.support.gateway import ProcessGateway
from tests.support.gateway_answer import read_refusal
from tests.support.origin import OriginConnection, say_target
from tests.support.raw_client import Delivery

HOST: Final = b"Host: gateway.test\r\n"


def start_program(folder: Path, *endpoints: str, workers: int = 1, **keys: str) -> ProcessGateway:
    """The program with one route; not started until it is entered."""
    port, admin_port = free_port(), free_port()
    more = f'admin: {{address: "127.0.0.1:{admin_port}"}}\nworkers: {workers}'
    return ProcessGateway(folder, one_route(*endpoints, port=port, more=more, **keys), port, admin_port)


def endings(lines: list[dict[str, Any]]) -> Counter[tuple[int, str, str]]:
    """How the exchanges ended; the order of lines that are written at the same moment means nothing."""
    return Counter((line["http.response.status_code"], line["source"], line["reason"]) for line in lines)


def test_requests_good_and_bad_are_served_recorded_and_counted_by_the_program(
    start_origin: StartOrigin, tmp_path: Path
) -> None:
    origin = start_origin(say_target)
    with start_program(tmp_path, origin.address) as gateway:
        with gateway.client() as client:
            for _ in range(5):
                assert client.request(b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n").body == b"/a"
            client.send(b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n", Delivery.BYTEWISE)
            read_refusal(client, 400)
        lines = gateway.await_access_lines(6)
        assert endings(lines) == Counter({(200, "upstream", "none"): 5, (400, "client", "bad_request"): 1})
        assert gateway.metric("sightline_http_requests_total", route="all", code="200", source="upstream") == 5
        assert gateway.metric("sightline_http_requests_total", code="400", source="client") == 1
        assert gateway.stop() == 0


def test_bytes_outside_utf_8_never_break_an_access_line(start_origin: StartOrigin, tmp_path: Path) -> None:
    origin = start_origin(say_target)
    with start_program(tmp_path, origin.address) as gateway:
        with gateway.client() as client:
            request = b"GET /a?b=%ff%0d%0a HTTP/1.1\r\n" + HOST + b'User-Agent: \xff\xfe\x80"\\caf\xe9\r\n\r\n'
            assert client.request(request).status == 200
        [line] = gateway.await_access_lines(1)
        assert line["url.path"] == "/a"
        assert line["user_agent.original"]


def test_what_ended_an_exchange_stands_in_its_access_line(start_origin: StartOrigin, tmp_path: Path) -> None:
    async def never_answer(connection: OriginConnection) -> None:
        await connection.read_head()
        await connection.until_peer_ends()

    origin = start_origin(never_answer)
    with start_program(
        tmp_path,
        origin.address,
        listener="timeouts: {header: 300ms, body_idle: 300ms}",
        route="timeouts: {first_byte: 300ms}",
        more_upstreams=f'  dead: {{endpoints: ["127.0.0.1:{free_port()}"]}}',
        more_routes="  - {name: dead, match: {path: /dead}, upstream: dead}",
    ) as gateway:
        for raw in (
            b"GET / HT",
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhel",
            b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /dead HTTP/1.1\r\n" + HOST + b"\r\n",
        ):
            with gateway.client() as client:
                client.send(raw)
                client.read_response()
        leaving = gateway.client()
        leaving.send(b"GET /left HTTP/1.1\r\n" + HOST + b"\r\n")
        origin.await_received(b"/left", connection=2)
        leaving.reset()
        lines = gateway.await_access_lines(5)
    assert endings(lines) == Counter(
        {
            (408, "client", "client_timeout"): 2,
            (504, "upstream", "upstream_timeout_first_byte"): 1,
            (502, "upstream", "connect_refused"): 1,
            (499, "client", "client_disconnect"): 1,
        }
    )


def test_connections_to_several_workers_are_all_served(start_origin: StartOrigin, tmp_path: Path) -> None:
    origin = start_origin(say_target)
    with start_program(tmp_path, origin.address, workers=2) as gateway:
        clients = [gateway.client() for _ in range(40)]
        for index, client in enumerate(clients):
            client.send(b"GET /%d HTTP/1.1\r\n" % index + HOST + b"\r\n")
        for index, client in enumerate(clients):
            assert client.read_response().body == b"/%d" % index
            client.close()
        assert len(gateway.await_access_lines(40)) == 40
        assert gateway.metric("sightline_http_requests_total", route="all", code="200") == 40
        assert gateway.stop() == 0


@pytest.mark.real("curl")
def test_curl_uploads_and_downloads_through_the_program(start_origin: StartOrigin, tmp_path: Path) -> None:
    origin = start_origin(say_target)
    upload = tmp_path / "upload"
    upload.write_bytes(b"0123456789abcdef" * 65536)
    with start_program(tmp_path, origin.address) as gateway:
        url = f"http://{gateway.address[0]}:{gateway.address[1]}/upload"
        for framing in ("Transfer-Encoding: chunked", "X-Framing: length"):
            done = subprocess.run(
                ["curl", "-sS", "--fail", "--max-time", "20", "-H", framing, "-T", str(upload), url],
                capture_output=True,
                check=True,
            )
            assert done.stdout == b"/upload"
    digest = hashlib.sha256(upload.read_bytes()).digest()
    assert [hashlib.sha256(request.body).digest() for request in origin.requests] == [digest, digest]
    assert [request.framing for request in origin.requests] == ["chunked", "length"]


@pytest.mark.real("nginx")
def test_nginx_serves_as_an_upstream(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "body").write_bytes(b"0123456789abcdef" * 65536)
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log stderr; events {{}} "
        f"http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p; "
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s; "
        f"server {{ listen 127.0.0.1:{port}; location / {{ root {tmp_path}; }} }} }}"
    )
    nginx = subprocess.Popen(["nginx", "-c", str(config), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        with start_program(tmp_path, f"127.0.0.1:{port}") as gateway, gateway.client() as client:
            response = client.request(b"GET /body HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (response.status, len(response.body)) == (200, 1024 * 1024)
            response = client.request(b"HEAD /body HTTP/1.1\r\n" + HOST + b"\r\n", "HEAD")
            assert response.values("content-length") == [b"1048576"]
            part = client.request(b"GET /body HTTP/1.1\r\n" + HOST + b"Range: bytes=16-31\r\n\r\n")
            assert (part.status, part.body) == (206, b"0123456789abcdef")
            assert client.request(b"GET /missing HTTP/1.1\r\n" + HOST + b"\r\n").status == 404
    finally:
        nginx.terminate()
        nginx.wait(10)
