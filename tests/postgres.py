"""A PostgreSQL server of the test's own, from the binaries that the distribution or the PATH has."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REASON = "no PostgreSQL here (Debian: apt-get install postgresql; Python: pip install 'airybench[cluster]')"


def binaries() -> Path | None:
    """The folder that holds `initdb` and `pg_ctl`."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    on_path = shutil.which("pg_ctl")
    candidates = [*folders, *([Path(on_path).parent] if on_path else [])]
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server with an empty database `studies`; yields its URL. Skips where there is none, but under CI."""
    folder = binaries()
    try:
        import psycopg
    except ImportError:
        folder = None
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail(REASON)
        pytest.skip(REASON)
    home = Path(tempfile.mkdtemp(prefix="airybench-postgres-"))
    user: dict[str, str | int] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses root
        name = next((n for n in ("postgres", "nobody") if _known(n)), "")
        user = {"user": name, "group": pwd.getpwnam(name).pw_gid}
        shutil.chown(home, name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*words: str) -> None:
        done = subprocess.run(
            words, cwd=home, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, check=False, **user,
        )  # type: ignore[call-overload]  # fmt: skip
        assert done.returncode == 0, done.stderr

    data = str(home / "data")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
    call(
        str(folder / "initdb"),
        "-D",
        data,
        "-U",
        "airybench",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--no-instructions",
    )
    call(str(folder / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        base = f"postgresql://airybench@127.0.0.1:{port}"
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE studies")
        yield f"{base}/studies"
    finally:
        call(str(folder / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _known(name: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False
