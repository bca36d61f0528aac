"""Names, passwords and tokens reach a server that asks for them, and a token that expires is read again."""

import base64
import os
import threading
import time

import pytest
from mlflow import MlflowClient
from mlflow_server import Gate, Server

from airybench import passwords
from airybench.errors import TrackingError
from airybench.tracking import credentials
from airybench.tracking.credentials import PROVIDER, TOKEN_FILE, use_credentials
from airybench.tracking.run import Run
from airybench.tracking.store import check, client_of, connect, tracking_uri

PASSWORD = "k/e@s:t#r%é"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(autouse=True)
def no_credentials_from_outside(monkeypatch, tmp_path) -> None:
    for name in (TOKEN_FILE, PROVIDER, *(f"MLFLOW_TRACKING_{one}" for one in ("USERNAME", "PASSWORD", "TOKEN"))):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(passwords, "_whole", {})
    monkeypatch.setattr(credentials, "_LOGIN", credentials._Login())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    found = Server(tmp_path_factory.mktemp("server"))
    found.start()
    yield found
    found.kill()


@pytest.fixture
def gate(server):
    """A gate whose opinion a test sets."""
    accepted: set[str | None] = set()
    found = Gate(server.port, lambda given: given in accepted)
    found.accepted = accepted
    yield found
    found.close()


@pytest.mark.slow
def test_a_password_within_the_address_is_sent_and_appears_nowhere(gate, tmp_path) -> None:
    gate.accepted.add(basic("ann", PASSWORD))
    uri = tracking_uri(f"http://ann:{PASSWORD}@{gate.place}")
    assert uri == gate.url
    check(uri)
    tracking = connect(uri)
    assert tracking.uri == gate.url
    run = Run.create(tracking, "one", "trial", {})
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    run.keep(tmp_path / "a.txt")
    assert run.fetch("a.txt", tmp_path / "back").read_text("utf-8") == "text"
    assert not gate.refused
    assert set(gate.seen) == {basic("ann", PASSWORD)}
    with pytest.raises(TrackingError, match=r"does not know who asks \(401: You are not authenticated\)"):
        check(tracking_uri(f"http://ann:wrong@{gate.place}"))


@pytest.mark.slow
def test_what_mlflow_reads_itself_still_works(gate, monkeypatch) -> None:
    gate.accepted.update({basic("ann", "from-variables"), "Bearer from-a-variable"})
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACK"):
        check(gate.url)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "from-a-variable")
    check(gate.url)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "from-variables")
    check(gate.url)
    assert gate.seen[1:] == ["Bearer from-a-variable", basic("ann", "from-variables")]
    assert PROVIDER not in os.environ


@pytest.mark.slow
def test_a_token_that_expires_is_read_again_for_every_kind_of_request(gate, monkeypatch, tmp_path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n", encoding="ascii")
    monkeypatch.setenv(TOKEN_FILE, str(file))
    gate.accepted.add("Bearer first")
    tracking = connect(gate.url)
    run = Run.create(tracking, "one", "trial", {})
    picture = tmp_path / "picture.bin"
    picture.write_bytes(os.urandom(300_000))

    gate.accepted.clear()
    gate.accepted.add("Bearer second")
    file.write_text("second", encoding="ascii")
    run.metrics({"a": 1.0})
    assert not gate.refused, "it is read for every request"

    gate.accepted.clear()
    gate.accepted.add("Bearer third")
    threading.Timer(1.5, lambda: file.write_text("third", encoding="ascii")).start()
    began = time.monotonic()
    run.keep(picture)  # a file that must be sent from its start again
    assert time.monotonic() - began > 1
    assert gate.refused == 1
    file.unlink()  # as while another program replaces it
    assert run.fetch("picture.bin", tmp_path / "back").read_bytes() == picture.read_bytes()
    assert gate.refused == 1


def test_a_token_that_was_never_taken_is_not_waited_for(monkeypatch, tmp_path) -> None:
    gate = Gate(9, lambda given: False)
    (tmp_path / "token").write_text("wrong", encoding="ascii")
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "token"))
    monkeypatch.setattr(credentials.time, "sleep", lambda seconds: pytest.fail("it waits"))
    with pytest.raises(TrackingError, match="does not know who asks"):
        check(gate.url)
    assert gate.seen == ["Bearer wrong"]
    gate.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "token cannot be read (No such file or directory)"),
        (b" \n", "token is empty"),
        ("ü".encode(), "no ASCII"),
    ],
)
def test_a_file_without_a_token_is_refused_at_once(monkeypatch, tmp_path, content, message) -> None:
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "token"))
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(TrackingError) as caught:
        check("http://127.0.0.1:9")
    assert message in str(caught.value)
    use_credentials(f"sqlite:///{tmp_path / 'mlflow.db'}")  # of no interest to a file


def test_a_name_without_a_password_is_refused_with_the_remedy() -> None:
    with pytest.raises(TrackingError, match="user name but no password; set MLFLOW_TRACKING_USERNAME and"):
        check(tracking_uri("http://ann-or-a-token@127.0.0.1:9"))


def test_two_ways_to_log_in_are_one_too_many(monkeypatch) -> None:
    monkeypatch.setenv(PROVIDER, "kubernetes")
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_AUTH=kubernetes and a password in the tracking URI"):
        check(tracking_uri("http://ann:secret@127.0.0.1:9"))


def test_a_worker_process_receives_the_password(tmp_path) -> None:
    import pickle
    import subprocess
    import sys

    from airybench.tracking.store import Tracking

    tracking = Tracking(tracking_uri(f"http://ann:{PASSWORD}@host:5000"), "1")
    assert "k/e" not in repr(tracking)
    code = (
        "import pickle, sys; from airybench.passwords import login; "
        "found = pickle.load(sys.stdin.buffer); print(found.uri, ascii(login(found.uri)))"
    )
    told = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(tracking), capture_output=True, check=True)
    assert told.stdout.decode().split(" ", 1) == ["http://host:5000", ascii(("ann", PASSWORD)) + "\n"]
    assert isinstance(client_of(tracking.uri), MlflowClient)
