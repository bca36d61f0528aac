"""How requests to an MLflow server say who sends them, where MLflow does not find that in the environment itself.

MLflow reads MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN. This adds a name and password within the tracking URI, and
a token that is renewed while a sweep runs.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

from mlflow.tracking.request_auth.abstract_request_auth_provider import RequestAuthProvider
from mlflow.tracking.request_auth.registry import _request_auth_provider_registry
from requests import PreparedRequest, Response
from requests.auth import AuthBase, HTTPBasicAuth

from airybench.errors import TrackingError
from airybench.passwords import login

TOKEN_FILE = "MLFLOW_TRACKING_TOKEN_FILE"
"""Environment variable that names a file with a token, which is read again for every request."""

PROVIDER = "MLFLOW_TRACKING_AUTH"
"""Environment variable that names who adds credentials to MLflow's requests."""

NAME = "airybench"
RENEWAL_SECONDS = 120.0
"""How long a request waits for a new token after the server has refused one that it took before."""

_LOOK_SECONDS = 0.5


class _Provider(RequestAuthProvider):
    """Registered with MLflow under NAME."""

    def get_name(self) -> str:
        return NAME

    def get_auth(self) -> "_Login":
        return _LOGIN


class _Login(AuthBase):
    """Adds the name and password of the server's address, else the token, to one request."""

    def __init__(self) -> None:
        self._taken: set[str] = set()  # tokens that a server took
        self._token = ""  # the last one that was read

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        given = login(request.url or "")
        if given:
            return HTTPBasicAuth(*(one.encode() for one in given))(request)  # requests itself encodes as Latin-1
        if TOKEN_FILE in os.environ and not str(request.headers.get("Authorization")).startswith("Basic "):
            token = self._token = _token_or(self._token)
            request.headers["Authorization"] = f"Bearer {token}"
            body: Any = request.body
            start = body.tell() if hasattr(body, "tell") else None

            def renewed(answer: Response, **options: Any) -> Response:
                return self._renewed(answer, token, start, options)

            request.register_hook("response", renewed)
        return request

    def _renewed(self, answer: Response, sent: str, start: int | None, options: dict[str, Any]) -> Response:
        """Send a request again with the next token, where the one that was sent has expired."""
        if answer.status_code != 401:
            self._taken.add(sent)
            return answer
        token = _next_token(sent, RENEWAL_SECONDS if sent in self._taken else 0.0)
        if token == sent:
            return answer
        answer.content  # noqa: B018  # read to its end, so that the connection is free
        answer.close()
        again = answer.request.copy()
        again.headers["Authorization"] = f"Bearer {token}"
        if start is not None:
            body: Any = again.body  # a file, which the first request has read to its end
            body.seek(start)
        second: Response = answer.connection.send(again, **options)
        second.history.append(answer)
        second.request = again
        if second.status_code != 401:
            self._taken.add(token)
        return second


_LOGIN = _Login()
_registered = threading.Lock()


def use_credentials(uri: str) -> None:
    """Let MLflow send the credentials that its own variables do not hold; nothing happens where there are none.

    Args:
        uri: of a tracking store, without password.

    Raises:
        TrackingError: the token cannot be read, the URI has a name without a password, or the user's environment names
            another provider of credentials.
    """
    if not uri.startswith(("http://", "https://")):
        return
    given = login(uri)
    if given and not given[1]:
        raise TrackingError(
            f"tracking URI {uri} was given with a user name but no password; set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN for a token"
        )
    if TOKEN_FILE in os.environ:
        read_token()
    elif not given:
        return
    chosen = os.environ.setdefault(PROVIDER, NAME)
    if chosen != NAME:
        what = "a password in the tracking URI" if given else TOKEN_FILE
        raise TrackingError(f"{PROVIDER}={chosen} and {what} are two ways to log in; leave out one of them")
    with _registered:
        if not any(one.get_name() == NAME for one in _request_auth_provider_registry):
            _request_auth_provider_registry.register(_Provider)


def read_token() -> str:
    """The token in the file that the environment names.

    Raises:
        TrackingError: it cannot be read, or is empty.
    """
    path = Path(os.environ[TOKEN_FILE]).expanduser()
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise TrackingError(f"{TOKEN_FILE}: {path} cannot be read ({getattr(error, 'strerror', 'no ASCII')})") from None
    if not token:
        raise TrackingError(f"{TOKEN_FILE}: {path} is empty; write the token into it")
    return token


def _token_or(last: str) -> str:
    """The token in the file, or the last one that was read, while another program writes the file."""
    try:
        return read_token()
    except TrackingError:
        if not last:
            raise
        return last


def _next_token(sent: str, seconds: float) -> str:
    """The token once it is another one; after that many seconds the same."""
    end = time.monotonic() + seconds
    while (token := _token_or(sent)) == sent and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
    return token
