"""No password of any form of address is left in a text, and every driver gets it back as it was meant."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from requests.utils import get_auth_from_url
from sqlalchemy.engine import make_url

from airybench import passwords
from airybench.passwords import hidden, login, set_apart, whole

PASSWORDS = {
    "plain": "kestrel-90210",
    "slash": "kes/trel/90210",
    "at": "kes@trel@90210",
    "colon": "kes:trel:90210",
    "mark": "kes?trel#90210",
    "percent": "kes%trel%-90210",
    "bracket": "kes[trel]90210",
    "blank": "kes trel 90210",
    "encoded": "kes%2Ftrel%40902%3A10",
    "everything": "k/e@s:t?r#e%l9&0=2;1'0",
}
PLACES = {
    "http": "http://ann:{}@host:5000/mlflow",
    "https": "https://ann:{}@host",
    "sqlite": "sqlite+pysqlcipher://:{}@//data/mlflow.db",
    "postgresql": "postgresql+psycopg://ann:{}@db.host:5432/studies?sslmode=require",
    "postgres": "postgres://ann:{}@[::1]:5432/studies",
    "mysql": "mysql+pymysql://ann:{}@db/studies",
}
PIECES = ("kes", "trel", "902")


@pytest.fixture(autouse=True)
def no_other_addresses(monkeypatch) -> None:
    monkeypatch.setattr(passwords, "_whole", {})
    monkeypatch.setattr(passwords, "_seen", set())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", PASSWORDS)
def test_what_is_shown_and_stored_has_no_password(place: str, kind: str) -> None:
    typed = PLACES[place].format(PASSWORDS[kind])
    apart = set_apart(typed)
    for text in (apart, hidden(typed), hidden(f"Got unexpected extra argument ({typed}); look"), hidden(repr(typed))):
        assert not [piece for piece in (*PIECES, "k/e", "2;1") if piece in text], text
    assert apart == PLACES[place].replace("ann:{}@" if place.startswith("http") else ":{}", "").replace("//@", "//")
    assert set_apart(apart) == apart == hidden(apart)
    assert whole(apart) != apart


@pytest.mark.parametrize("kind", PASSWORDS)
def test_drivers_read_the_password_that_was_meant(kind: str) -> None:
    meant = {"encoded": "kes/trel@902:10"}.get(kind, PASSWORDS[kind])
    for place in ("postgresql", "mysql"):
        found = make_url(whole(set_apart(PLACES[place].format(PASSWORDS[kind]))))
        assert (found.username, found.password, found.host) == ("ann", meant, {"mysql": "db"}.get(place, "db.host"))
    typed = PLACES["postgres"].format(PASSWORDS[kind])
    assert conninfo_to_dict(whole(set_apart(typed)))["password"] == meant
    typed = PLACES["http"].format(PASSWORDS[kind])
    apart = set_apart(typed)
    assert get_auth_from_url(whole(apart)) == login(apart) == login(f"{apart}/api/2.0/x?a=b") == ("ann", meant)
    assert login("http://host:5000/other") is login("http://host:50001/mlflow") is None


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("postgresql://ann@db/studies", "postgresql://ann@db/studies"),
        ("postgresql://ann:@db/studies", "postgresql://ann@db/studies"),
        ("https://github_pat_90210@host/x", "https://host/x"),
        ("http://host/?token=kes&page=2#a", "http://host/?page=2#a"),
        ("postgresql://db/x?user=ann&password=kes&sslmode=require", "postgresql://db/x?user=ann&sslmode=require"),
        ("postgresql://db/x?password=kes", "postgresql://db/x"),
        ("postgresql://db/x?passfile=/home/ann/.pgpass", "postgresql://db/x?passfile=/home/ann/.pgpass"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3Dkes", "mssql+pyodbc:///"),
        ("sqlite:////data/a@b:c/mlflow.db", "sqlite:////data/a@b:c/mlflow.db"),
        ("http://host:5000/#/runs/a@helium?x=1&&y", "http://host:5000/#/runs/a@helium?x=1&&y"),
        ("https://[::1]:5000/a@b", "https://[::1]:5000/a@b"),
        ("/data/a:b@c", "/data/a:b@c"),
        ("winner:night@helium", "winner:night@helium"),
        ("models:/best@champion", "models:/best@champion"),
        ("http://90210/kes/trel@host:5000/x", "http://host:5000/x"),
        ("https://kes/trel@mlflow.example.org", "https://mlflow.example.org"),
        ("https://mlflowhost/runs/a@helium", "https://mlflowhost/runs/a@helium"),
        ("http://localhost/runs/a@10.0.0.1", "http://localhost/runs/a@10.0.0.1"),
        ("postgresql://ann@db:5432/x?password=kes@90210", "postgresql://ann@db:5432/x"),
        (
            "postgresql://db/x?user=ann&password=kes/@902#10&sslmode=require",
            "postgresql://db/x?user=ann&sslmode=require",
        ),
        ("sqlite:///data/x.db?key=1&password=kes#902@10", "sqlite:///data/x.db?key=1"),
        ("http://host/?token=kes#902", "http://host/"),
        ("databricks", "databricks"),
        ("", ""),
    ],
)
def test_other_forms(typed: str, shown: str) -> None:
    assert set_apart(typed) == shown
    assert hidden(f"see {typed} for more").replace("?odbc_connect=***", "") == f"see {shown} for more"


def test_what_was_typed_is_hidden_where_a_path_was_made_of_it() -> None:
    typed = "https://kes90210/trel@127.0.0.1:9"
    set_apart(typed)
    set_apart("postgresql://db/x?password=my%20kestrel%2F9")
    assert hidden(f"{Path(typed)}: no such file") == "https:/***@127.0.0.1:9: no such file"
    assert hidden("refused my kestrel/9 and my%20kestrel%2F9") == "refused *** and ***"


def test_a_word_that_any_text_may_contain_stays_readable() -> None:
    set_apart("postgresql://airybench:helium@db/studies")
    assert hidden("sweep of helium in postgresql://airybench:helium@db/studies") == (
        "sweep of helium in postgresql://airybench@db/studies"
    )
    set_apart("postgresql://airybench:my kestrel@db/studies")
    assert hidden('password "my kestrel" refused') == 'password "***" refused'


def test_the_address_in_the_environment_completes_a_recorded_one(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://ann:kes@db/runs")
    assert whole("postgresql://ann@db/runs") == "postgresql://ann:kes@db/runs"
    assert whole("postgresql://bob@db/runs") == "postgresql://bob@db/runs"
    assert set_apart("postgresql://ann:trel@db/runs") == "postgresql://ann@db/runs"
    assert whole("postgresql://ann@db/runs") == "postgresql://ann:trel@db/runs", "what was typed last"
