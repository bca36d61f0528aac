"""Passwords in addresses: taken off where an address enters the program, hidden in every text, put back to connect.

Everything in between knows an address without its password, so that no study, tag, page or message can contain it.
"""

import os
import re
from urllib.parse import quote, unquote

_SECRET_NAME = re.compile(r"(?i)passw|passphrase|^pwd$|^pass$|token|secret|credential|(api|access)_?key")
_SECRET_VALUE = re.compile(r"(?i)\b(pwd|password)=")  # an ODBC connection within a parameter
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"<>`]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d{1,5})?")
_BARE = re.compile(r"(?!localhost$)[\w-]+")  # may be a host, or the beginning of a token with `/` in it
_NETWORK_HOST = re.compile(r"(localhost|\[[0-9A-Fa-f:.]+\]|[\w-]+(\.[\w-]+)+|[\w.-]+:\d{1,5})(:\d{1,5})?([/?#]|$)")
_WORD = re.compile(r"[A-Za-z]{,15}|.{,3}")  # a password that any text may contain: it is hidden in addresses alone

_whole: dict[str, str] = {}
"""Addresses of this process that have a password, by the address without it."""

_seen: set[str] = set()
"""Passwords of this process, as they were typed, decoded and encoded."""


def hidden(text: str) -> str:
    """A text without the passwords in it: those of addresses are left out, those known to this process become `***`.

    Of `http` and `https` the name of the user is left out too, since it may be a token.

    >>> hidden("no answer from postgresql://ann:s/e@c:r@db:5432/studies")
    'no answer from postgresql://ann@db:5432/studies'
    >>> hidden("http://ann:secret@host:5000"), hidden("sqlite:////data/a@b/mlflow.db")
    ('http://host:5000', 'sqlite:////data/a@b/mlflow.db')
    """
    for password in sorted(_seen, key=len, reverse=True):
        text = text.replace(password, "***")
    return _ADDRESS.sub(lambda found: _public(found[0]), text)


def set_apart(address: str) -> str:
    """An address without its password, which this process keeps for `whole` and `login`.

    Args:
        address: any URL, or a path, which is returned as it is.

    >>> set_apart("mysql://ann:50%25@db/runs"), whole("mysql://ann@db/runs"), login("mysql://ann@db/runs")
    ('mysql://ann@db/runs', 'mysql://ann:50%25@db/runs', ('ann', '50%'))
    """
    scheme, separator, rest = address.partition("://")
    public = _public(address) if separator else address
    if public == address:
        return address
    part, (user, password) = _user_part(scheme, rest), _user(address)
    encoded = quote(password, safe="")  # what drivers read
    _whole[public] = f"{scheme}://{quote(user, safe='')}:{encoded}@{rest[len(part) + 1 :]}" if part else address
    values = [one.partition("=")[2] for one in _parameters(scheme, rest) if _is_secret(one)]
    typed = part if _web(scheme) and ":" not in part else part.partition(":")[2]  # alone it may be a token
    secrets = (password, encoded, typed, *values, *map(unquote, values))
    _seen.update(one for one in secrets if not _WORD.fullmatch(one))
    return public


def whole(address: str) -> str:
    """An address with the password that belongs to it, if this process knows one, for the driver of a database.

    The one in MLFLOW_TRACKING_URI is known, so that a study that was recorded without it is found again.
    """
    if address not in _whole:
        set_apart(os.environ.get("MLFLOW_TRACKING_URI", ""))
    return _whole.get(address, address)


def login(url: str) -> tuple[str, str] | None:
    """User and password that were given with the address of a server, or of the database; None where there were none.

    Args:
        url: the address without them, or a page below it.
    """
    whole(url)
    for address, known in _whole.items():
        if url == address or url.startswith(f"{address.rstrip('/')}/"):
            return _user(known)
    return None


def _public(address: str) -> str:
    scheme, _, rest = address.partition("://")
    part = _user_part(scheme, rest)
    if part:
        name = "" if _web(scheme) else part.partition(":")[0]
        rest = f"{name}@{rest[len(part) + 1 :]}" if name else rest[len(part) + 1 :]
    parameters = _parameters(scheme, rest)
    kept = [one for one in parameters if not _is_secret(one)]
    if kept != parameters:
        before, _, after = rest.partition("?")
        _, mark, fragment = after.partition("#")
        if _is_secret(parameters[-1]) or not _web(scheme):
            mark = fragment = ""  # it may belong to the password
        rest = f"{before}{'?' if kept else ''}{'&'.join(kept)}{mark}{fragment}"
    return f"{scheme}://{rest}"


def _user(address: str) -> tuple[str, str]:
    scheme, _, rest = address.partition("://")
    user, _, password = _user_part(scheme, rest).partition(":")
    return unquote(user), unquote(password)


def _user_part(scheme: str, rest: str) -> str:
    """What stands before the host, up to the last `@`: people type passwords with `/`, `?` and `@` as they are."""
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    in_query = any(_is_secret(one) for one in _parameters(scheme, rest))
    last = rest.rfind("@", 0, rest.index("?") if in_query else len(rest))
    if last < 0 or not place:
        return ""
    if _web(scheme) and _HOST.fullmatch(place):  # then it is in a path
        token = _BARE.fullmatch(place) and _NETWORK_HOST.match(rest, last + 1)
        return rest[:last] if token else ""
    return rest[:last]


def _web(scheme: str) -> bool:
    return scheme.lower() in ("http", "https")


def _parameters(scheme: str, rest: str) -> list[str]:
    """Each `name=value` of the query, as it is written; addresses of databases have no fragment after it."""
    query = rest.partition("?")[2]
    return (query.partition("#")[0] if _web(scheme) else query).split("&")


def _is_secret(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return bool(value) and bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(unquote(value)))
