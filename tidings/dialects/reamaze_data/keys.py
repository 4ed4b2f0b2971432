"""Whose request it is: the account API key, the host, or what else names the account."""

import ipaddress
from functools import lru_cache

from tidings.dialects.contract import Rejected, Request, Sources
from tidings.kit import basic
from tidings.tenants.model import Source

NAME = "reamaze_data"

_HOW = "send the account API key as Basic authorization (the key as user name, the password empty), and/or user.authkey"


def by_key(request: Request, sources: Sources, account: str) -> Source | None:
    """Return the source whose API key the Basic header has, None without such a header.

    Args:
        request: The request.
        sources: Where to look.
        account: The account that the body names, "" where it names none.

    Raises:
        Rejected: 401 an unknown key; 403 a key of another account than host or body name, or a disabled source.
    """
    key = header_key(request.headers.get(b"authorization", b""))
    if not key:
        return None
    source = sources.find(NAME, "api_key", key)
    if source is None:
        raise Rejected(401, "wrong_key", f"the API key belongs to no account: {_HOW}")
    label = host_label(request.host)
    named = _of_host(sources, label)
    if named is not None and all(other.id != source.id for other in named):
        raise Rejected(403, "another_account", f"the host names {label}, the key belongs to another account", source)
    return _checked(source, sources, account)


def by_name(request: Request, sources: Sources, account: str) -> Source:
    """Return the source that a request without a key is for: the host's, the prefix's, the body's, or the only one.

    Args:
        request: The request.
        sources: Where to look; below a source's prefix, that one only.
        account: The account that the body names, "" where it names none.

    Raises:
        Rejected: 401 none or several could be meant; 403 host and body contradict each other, or a disabled source.
    """
    label = host_label(request.host)
    named = _of_host(sources, label)
    if named is not None:
        enabled = [source for source in named if source.enabled] or list(named)
        if len(enabled) != 1:
            many = "several sources" if enabled else "no source"
            raise Rejected(401, "unknown_source", f"the host's brand {label} has {many} of this kind: {_HOW}")
        return _checked(enabled[0], sources, account)
    found = sources.only(NAME)
    if found is None and account:
        found = sources.find(NAME, "account", account)
    if found is None:
        where = "use the account's own host (ACCOUNT.example.com), or "
        raise Rejected(401, "unknown_source", f"it cannot be told for which account this is: {where}{_HOW}")
    return _checked(found, sources, account)


def unproven() -> Rejected:
    """Return the answer to a request with neither key nor authkey."""
    return Rejected(401, "no_credentials", f"there are no credentials: {_HOW}")


@lru_cache(maxsize=1024)
def header_key(header: bytes) -> str:
    """Return the key of ``Authorization: Basic base64(key:)``, "" where there is none.

    Args:
        header: The header's value; padding, colon and password may be missing, a password is not looked at.
    """
    scheme, _, credentials = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    return basic.decode(credentials).partition(":")[0].strip()


@lru_cache(maxsize=1024)
def host_label(host: str) -> str:
    """Return the first label of a host's name, which may name an account or a brand; "" for addresses and localhost.

    Args:
        host: Host header, with port.
    """
    name = host.strip().lower()
    if name.startswith("["):
        return ""
    name = name.partition(":")[0].rstrip(".")
    if name == "localhost":
        return ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.partition(".")[0]
    return ""


def _of_host(sources: Sources, label: str) -> tuple[Source, ...] | None:
    """Return the sources that a host can mean, None where its name says nothing."""
    if not label:
        return None
    source = sources.find(NAME, "account", label)
    return sources.of_brand(NAME, label) if source is None else (source,)


def _checked(source: Source, sources: Sources, account: str) -> Source:
    """Return the source if the body agrees with it and it is enabled."""
    stated = sources.find(NAME, "account", account) if account else None
    if stated is not None and stated.id != source.id:
        raise Rejected(403, "another_account", f"the body names the account {account}, not the one of this key", source)
    if not source.enabled:
        raise Rejected(403, "source_disabled", "the source of this account is disabled", source)
    return source
