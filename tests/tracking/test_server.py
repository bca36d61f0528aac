"""A server is asked what a sweep is going to ask, and what it says where it refuses is handed on."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from mlflow_server import Server

from airybench.errors import TrackingError
from airybench.tracking.store import check, connect

NAME = "mlflowhost"


@contextmanager
def answering(status: int, kind: str, text: str) -> Iterator[str]:
    """A server that gives one answer to everything except /health, which is always well."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            well = self.path == "/health"
            body = b"OK" if well else text.encode()
            self.send_response(200 if well else status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("text", ["{}", json.dumps({"experiments": [{"experiment_id": "0"}], "next_page_token": "a"})])
def test_an_mlflow_server_is_taken(text: str) -> None:
    with answering(200, "application/json", text) as uri:
        check(uri)
        check(f"{uri}/behind/a/prefix/")


@pytest.mark.parametrize(
    ("status", "kind", "text", "said"),
    [
        (403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected",
         "refuses this name of its host (403: Invalid Host header - possible DNS rebinding attack detected); start it "
         "with --allowed-hosts 127.0.0.1:"),
        (403, "text/plain", "Permission denied",
         "refuses (403: Permission denied); ask its administrator for permission"),
        (401, "application/json", '{"error_code": "UNAUTHENTICATED", "message": "Token \\"a\\" has expired."}',
         r'does not know who asks (401: Token \"a\" has expired); set MLFLOW_TRACKING_USERNAME'),
        (404, "text/html", "<html><title>404 Not\nFound</title>" + "x" * 999,
         "status 404, not as an MLflow server does (a page, 404 Not Found); check"),
        (200, "text/html", "<HTML><body>Please log in</body></HTML>",
         "status 200, not as an MLflow server does (a page); check"),
        (500, "text/plain", "", "status 500, not as an MLflow server does (nothing); check"),
    ],
)  # fmt: skip
def test_what_a_server_says_is_handed_on(status: int, kind: str, text: str, said: str) -> None:
    with answering(status, kind, text) as uri, pytest.raises(TrackingError) as caught:
        check(uri)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://127.0.0.1:9", "(Connection refused)"),
        ("http://no.such.host.invalid:5000", "no.such.host.invalid:5000 does not answer ("),
        ("http://ann:sec/ret@no.such.host.invalid:5000",
         "tracking server http://no.such.host.invalid:5000 does not answer ("),
    ],
)  # fmt: skip
def test_a_server_that_is_not_there(uri: str, said: str) -> None:
    with pytest.raises(TrackingError) as caught:
        check(uri)
    assert said in str(caught.value)
    assert "ret" not in str(caught.value).replace("retr", "").replace("start", "")
    assert len(str(caught.value)) < 400


@pytest.fixture
def second_name(monkeypatch) -> str:
    """Another name of this machine, for this process."""
    plain = socket.getaddrinfo

    def look_up(host, *arguments, **options):
        return plain("127.0.0.1" if host == NAME else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return NAME


@pytest.mark.slow
def test_a_real_server_refuses_a_name_until_it_is_allowed(tmp_path, second_name) -> None:
    server = Server(tmp_path)
    server.start()
    uri = f"http://{second_name}:{server.port}"
    check(server.url)
    with pytest.raises(TrackingError, match=f"Invalid Host header.*--allowed-hosts {second_name}:{server.port}$"):
        check(uri)
    server.kill()
    server.options = ("--allowed-hosts", f"{second_name}:{server.port},localhost:*,127.0.0.1:*")
    server.start()
    check(uri)
    assert connect(uri).experiment_id == connect(server.url).experiment_id
    server.kill()
