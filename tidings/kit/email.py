"""Mail addresses as identifiers."""

import re
import unicodedata
from functools import lru_cache

import idna

_LONGEST = 254  # octets, RFC 5321 section 4.5.3.1 with erratum 1690
_LONGEST_LOCAL = 64
_REFUSED = re.compile(r'[\s<>()\[\]\\,;:"@]')
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@lru_cache(maxsize=4096)
def normalise(text: str) -> str | None:
    """Bring a mail address into the form by which customers are found.

    NFC, without surrounding blanks, in lower case (no case folding: ``straße@`` is not ``strasse@``), the domain in its
    ASCII form (IDNA 2008 with UTS #46). Dots in the local part are not judged: real addresses break that rule.

    Args:
        text: The address as it was sent.

    Returns:
        The address, or None where it cannot be one.
    """
    if len(text) > 2 * _LONGEST:
        return None
    address = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())
    local, at, domain = address.rpartition("@")
    if not at or not local or len(local.encode()) > _LONGEST_LOCAL:
        return None
    if not local.isprintable() or _REFUSED.search(local):
        return None
    host = _host(domain)
    if host is None or len(local.encode()) + 1 + len(host) > _LONGEST:
        return None
    return f"{local}@{host}"


@lru_cache(maxsize=1024)
def _host(domain: str) -> str | None:
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return None
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit():
        return None
    return domain if all(_LABEL.fullmatch(label) for label in labels) else None
