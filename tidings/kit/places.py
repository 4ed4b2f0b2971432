"""Where an address is, by an MMDB file that the operator has (MaxMind DB file format specification 2.0)."""

import ipaddress
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

Place = dict[str, str | float]
Finder = Callable[[str], Place | None]

REMEMBERED = 10_000  # addresses
LONGEST = 45  # characters of an address


class NoPlaces(Exception):  # noqa: N818
    """The file is not there or is no MMDB file; the text says which."""


def open_places(path: Path) -> Finder:
    """Return what finds the place of an address, None for an address that the file does not know.

    A place has what the file knows of ``city``, ``region`` and ``country`` (ISO 3166 where the file has it),
    ``latitude``, ``longitude`` and ``timezone``. The file is mapped into memory and never changed; replace it by
    renaming another over it.

    Args:
        path: The file: GeoIP2 and GeoLite2 City, DB-IP and others of that layout, and flat ones.

    Raises:
        NoPlaces: It cannot be opened.
    """
    import maxminddb  # only those who have such a file pay for it

    try:
        reader = maxminddb.open_database(path)
    except OSError as error:
        raise NoPlaces(f"{path} cannot be read: {error.strerror or error}") from None
    except (maxminddb.InvalidDatabaseError, ValueError) as error:
        raise NoPlaces(f"{path} is no MMDB file: {error}") from None

    @lru_cache(REMEMBERED)
    def find(address: str) -> Place | None:
        try:
            record = reader.get(ipaddress.ip_address(address))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None  # no address, an IPv6 one in a file of IPv4, or a damaged part
        return (place_of(record) or None) if isinstance(record, dict) else None

    def bounded(address: str) -> Place | None:
        found = find(address) if len(address) <= LONGEST else None
        return None if found is None else dict(found)  # a caller may change it; the remembered one must stay

    return bounded


def place_of(record: dict[str, Any]) -> Place:
    """Return a place from a record of the file, empty where it says nothing.

    Args:
        record: As GeoIP2 City nests it, or flat as other files have it.
    """
    nested = record.get("location")
    location: dict[str, Any] = nested if isinstance(nested, dict) else record
    subdivisions = record.get("subdivisions")
    first = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
    latitude, longitude = _coordinates(location)
    found = {
        "city": _named(record.get("city")),
        "region": _named(first) or _named(record.get("region")) or _named(record.get("state1")),
        "country": _coded(record.get("country")) or _named(record.get("country_code")),
        "latitude": latitude,
        "longitude": longitude,
        "timezone": _named(location.get("time_zone")) or _named(location.get("timezone")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _coordinates(location: dict[str, Any]) -> tuple[float | None, float | None]:
    pair = [_number(location.get(name)) for name in ("latitude", "longitude")]
    both = location.get("loc")
    if pair == [None, None] and isinstance(both, str):
        pair = [_number(part) for part in both.split(",", 1)]
    return (pair[0], pair[1]) if len(pair) == 2 and None not in pair else (None, None)


def _number(value: Any) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= 180 else None


def _named(value: Any) -> str | None:
    if isinstance(value, dict):
        names = value.get("names")
        value = names.get("en") if isinstance(names, dict) else value.get("name")
    return value if isinstance(value, str) and value.strip() else None


def _coded(value: Any) -> str | None:
    code = value.get("iso_code") if isinstance(value, dict) else None
    return _named(code) or _named(value)
