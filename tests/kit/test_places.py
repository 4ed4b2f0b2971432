"""Places of addresses: the layouts of files, and files that are none."""

from pathlib import Path
from typing import Any

import pytest

from tests.mmdb import BERLIN, PLACE, write
from tidings.kit.places import NoPlaces, open_places, place_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(
        tmp_path / "places.mmdb", {"203.0.113.0/24": BERLIN, "2001:db8::/32": {"city": "Ulm", "country": "DE"}}
    )


def test_an_address_has_a_place(file: Path) -> None:
    find = open_places(file)
    assert find("203.0.113.9") == PLACE
    assert find("2001:db8::1") == {"city": "Ulm", "country": "DE"}
    for nowhere in (
        "198.51.100.1",
        "2001:db9::1",
        "127.0.0.1",
        "",
        "no address",
        "203.0.113.9:80",
        "\x00",
        "\ud83d",
        "203.0.28937",
        "1" * 10_000,
    ):
        assert find(nowhere) is None


def test_a_place_may_be_changed_by_whoever_gets_it(file: Path) -> None:
    find = open_places(file)
    first = find("203.0.113.9")
    assert first is not None
    first["city"] = "Elsewhere"
    assert find("203.0.113.9") == PLACE


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"city": "Ulm", "region": "BW", "country": "DE", "loc": "48.4,10.0", "timezone": "Europe/Berlin"},
         {"city": "Ulm", "region": "BW", "country": "DE", "latitude": 48.4, "longitude": 10.0,
          "timezone": "Europe/Berlin"}),
        ({"city": "Ulm", "state1": "BW", "country_code": "DE", "latitude": 48.4, "longitude": 10.0, "city2": ""},
         {"city": "Ulm", "region": "BW", "country": "DE", "latitude": 48.4, "longitude": 10.0}),
        ({"country": {"names": {"en": "Germany"}}}, {"country": "Germany"}),
        ({"location": {"latitude": 48.4}}, {}),
        ({"location": {"latitude": float("nan"), "longitude": 1.0}}, {}),
        ({"loc": "here"}, {}),
        ({"loc": "1,2,3"}, {}),
        ({"city": {"names": {"de": "Ulm"}}, "subdivisions": [], "country": 5, "latitude": True}, {}),
        ({"city": " ", "country": {"iso_code": ""}}, {}),
    ],
)  # fmt: skip
def test_layouts(record: dict[str, Any], place: dict[str, Any]) -> None:
    assert place_of(record) == place


def test_an_empty_record_is_no_place(tmp_path: Path) -> None:
    find = open_places(write(tmp_path / "odd.mmdb", {"203.0.113.0/24": {"asn": 1}, "198.51.100.0/24": "text"}))
    assert find("203.0.113.9") is find("198.51.100.9") is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoPlaces, match=r"none\.mmdb cannot be read: No such file"):
        open_places(tmp_path / "none.mmdb")
    with pytest.raises(NoPlaces, match=str(tmp_path)):
        open_places(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", b"\xab\xcd\xefMaxMind.com", b"\xab\xcd\xefMaxMind.com\xe0"])
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(content)
    with pytest.raises(NoPlaces, match=r"broken\.mmdb"):
        open_places(broken)


def test_a_damaged_file_never_fails_a_request(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    marker = whole.index(b"\xab\xcd\xefMaxMind.com")
    damaged = tmp_path / "damaged.mmdb"
    damaged.write_bytes(whole[: marker - 250] + b"\xff" * 250 + whole[marker:])
    assert open_places(damaged)("203.0.113.9") is None
