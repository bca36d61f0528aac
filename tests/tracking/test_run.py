"""A run that is interrupted does not wait for a server that is away, and an error is not hidden by a second one."""

import os
import socketserver
import threading
from collections.abc import Iterator

import pytest

from airybench.errors import DataError
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, tried_once


@pytest.fixture
def away(monkeypatch) -> Iterator[tuple[str, list[int]]]:
    """The address of a server that hangs up, and one entry for each time that it was called."""
    calls: list[int] = []

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            calls.append(1)

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangUp) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
        server.shutdown()


@pytest.mark.parametrize(("error", "tries"), [(KeyboardInterrupt(), 1), (DataError("the store is gone"), 4)])
def test_how_often_a_server_that_is_away_is_asked_at_the_end(error, tries, away) -> None:
    url, calls = away
    with pytest.raises(type(error)) as caught, Run(Tracking(url, "1"), "0" * 32).ending():
        raise error
    assert caught.value is error
    assert len(calls) == tries


def test_requests_are_tried_again_after_the_block(monkeypatch) -> None:
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    for before in ("7", None):
        if before is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, before)
        with tried_once():
            assert os.environ[name] == "0"
        assert os.environ.get(name) == before
