"""Whether a text of any format names somebody: as it stands, or with the escapes of JSON or of an address."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_plus

import idna

SHORT = 4  # characters below which a value has to stand where values stand: "12" is in every second number
_ROUNDS = 2  # JSON inside JSON, or inside an address
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Mentions:
    """What looks for some values.

    Args:
        values: Identifiers, normalised.
    """

    def __init__(self, values: Iterable[str]) -> None:
        wanted = {_plain(spelling) for value in values if value for spelling in _spellings(value)}
        self._long = [value for value in wanted if len(value) >= SHORT]
        self._short = [_as_a_value(value) for value in wanted if len(value) < SHORT]

    def within(self, *texts: str | None) -> bool:
        """Tell whether one of the texts has one of the values in it, not as a part of a longer word."""
        return any(self._named(reading) for text in texts if text for reading in _readings(text))

    def _named(self, text: str) -> bool:
        return any(_stands(value, text) for value in self._long) or any(one.search(text) for one in self._short)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _spellings(value: str) -> Iterable[str]:
    """Yield a value, and an address also with the international form of its domain, as people write it."""
    yield value
    local, at, domain = value.rpartition("@")
    if at and "xn--" in domain:
        try:
            yield f"{local}@{idna.decode(domain)}"
        except (idna.IDNAError, UnicodeError):
            return


def _readings(text: str) -> set[str]:
    """Return a text and what it says once its escapes are read."""
    found, last = {text}, {text}
    for _ in range(_ROUNDS):
        last = {read(one) for one in last for mark, read in _READERS if mark in one} - found
        found |= last
    return {_plain(one) for one in found}


def _unescaped(text: str) -> str:
    read = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _LETTERS.get(m[2], m[2]), text)
    return read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="replace")


_READERS = (("\\", _unescaped), ("%", _unquoted), ("+", _unquoted))


def _stands(value: str, text: str) -> bool:
    """Tell whether a value is in a text and is no part of a longer word."""
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        begins = at == 0 or not (text[at - 1].isalnum() and value[0].isalnum())
        ends = end == len(text) or not (text[end].isalnum() and value[-1].isalnum())
        if begins and ends:
            return True
        at = text.find(value, at + 1)
    return False


def _as_a_value(value: str) -> re.Pattern[str]:
    """Return what finds a short value in quotes, behind "=", as the whole text, or as the number of something's id."""
    exact = re.escape(value)
    return re.compile(rf"\A{exact}\Z|[\"'=]{exact}(?=[\"'&]|\Z)|id[\"']?\s*[:=]\s*{exact}(?![\w.])")
