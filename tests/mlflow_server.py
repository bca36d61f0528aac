"""An MLflow server of a test's own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

START_SECONDS = 300.0  # on a machine that runs other tests as well


class Server:
    """An MLflow server that can be killed and started again on the same port and store."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{self.folder}/server.db",
             "--artifacts-destination", str(self.folder / "artifacts"), "--host", "127.0.0.1", "--port",
             str(self.port), "--workers", "1", *self.options],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},  # of a gigabyte that no test needs
        )  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=1):
                    return
            except OSError:
                assert self.process.poll() is None
                time.sleep(0.1)
        self.kill()
        pytest.fail("mlflow server does not answer")

    def kill(self) -> None:
        """End it without a word, in the middle of whatever it answers."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Gate:
    """A proxy before an MLflow server that lets a request pass whose credentials it takes, and answers 401 otherwise.

    Attributes:
        url: its address, without credentials.
        seen: the `Authorization` header of every request, in order; None where there was none.
        refused: how many requests were refused.
    """

    def __init__(self, port: int, takes: Callable[[str | None], bool]) -> None:
        self.seen: list[str | None] = []
        self.refused = 0
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                given = self.headers.get("Authorization")
                gate.seen.append(given)
                if not takes(given):
                    gate.refused += 1
                    self._answer(401, "text/plain", b"You are not authenticated.")
                    return
                upstream = HTTPConnection("127.0.0.1", port, timeout=60)
                headers = {key: value for key, value in self.headers.items() if key.lower() != "authorization"}
                upstream.request(self.command, self.path, body, {**headers, "Host": f"127.0.0.1:{port}"})
                answer = upstream.getresponse()
                self._answer(answer.status, answer.getheader("Content-Type", ""), answer.read())
                upstream.close()

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()
