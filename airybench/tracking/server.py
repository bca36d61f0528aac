"""Whether an MLflow server answers the requests that a command is going to send, and what it says where it does not."""

import re

from airybench.errors import TrackingError

REQUEST_SECONDS = 5.0, 30.0
"""For a connection, and for the answer: a server with a large database may take a while."""

_ASKED = "/api/2.0/mlflow/experiments/search"  # its /health answers even those whom the server refuses
_REASON = re.compile(r"\[Errno -?\d+\] ([^'\")\]]+)|(certificate verify failed[^'\")]*)|(timed out)")
_MOST = 200  # characters of an answer that are told


def check_server(uri: str, option: str) -> None:
    """Ask for the experiments of a server, with the credentials that all later requests have.

    Args:
        uri: its address.
        option: with which another one can be chosen.

    Raises:
        TrackingError: it does not answer, refuses, or is no MLflow server; with what it said.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    from airybench.tracking.credentials import use_credentials

    use_credentials(uri)
    try:
        answer = http_request(
            get_default_host_creds(uri), _ASKED, "GET", params={"max_results": "1"}, max_retries=0,
            raise_on_status=False, timeout=REQUEST_SECONDS,
        )  # fmt: skip
    except (MlflowException, OSError, ValueError) as error:
        raise TrackingError(
            f"tracking server {uri} does not answer ({_reason(error)}); start it, or choose another with {option}"
        ) from None
    status, said = answer.status_code, _said(answer.text, answer.headers.get("Content-Type", ""))
    if status == 401:
        raise TrackingError(
            f"tracking server {uri} does not know who asks (401: {said}); set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_TOKEN_FILE"
        )
    if status == 403 and "host header" in said.lower():
        host = re.sub(r"^https?://([^/]+).*", r"\1", uri)
        raise TrackingError(
            f"tracking server {uri} refuses this name of its host (403: {said}); start it with --allowed-hosts {host}"
        )
    if status == 403:
        raise TrackingError(f"tracking server {uri} refuses (403: {said}); ask its administrator for permission")
    if status != 200 or not _lists_experiments(answer.text):
        raise TrackingError(
            f"{uri} answers with status {status}, not as an MLflow server does ({said}); check the address"
        )


def _said(text: str, kind: str) -> str:
    """What a server said, in one short line: the message of MLflow, the title of a page, or the text."""
    message = re.search(r'"message": ?"((?:[^"\\]|\\.)*)"', text)
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
    if message:
        text = message[1]
    elif title:
        text = f"a page, {title[1]}"
    elif "html" in kind:
        text = "a page"
    return " ".join(text.split())[:_MOST].rstrip(".") or "nothing"


def _lists_experiments(text: str) -> bool:
    return text.lstrip().startswith("{") and ("experiments" in text or text.strip() == "{}")


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    found = _REASON.findall(text)
    return next(filter(None, found[-1])) if found else text[-_MOST:]
