"""Settings: defaults, file, environment, command line, in this order; every mistake has an id and a way out."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tidings import config
from tidings.config import BadSettings, Settings, load

NAMES = {field.name for field in msgspec.structs.fields(Settings)}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tidings.toml"
    path.write_text(text)
    return path


def test_the_defaults_are_complete_and_harmless() -> None:
    settings = load(None, {})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.tls_cert, settings.tls_key, settings.trusted_proxies, settings.rate) == ("", "", [], 0)
    assert (settings.drain_seconds, settings.disk_reserve_mib) == (5.0, 256)
    assert (settings.log_level, settings.log_format) == ("info", "text")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load(written(tmp_path, ""), {}) == load(None, {})


def test_the_later_goes_over_the_earlier(tmp_path: Path) -> None:
    path = written(tmp_path, 'port = 1\nhost = "file"\nrate = 1\n')
    environment = {"TIDINGS_PORT": "2", "TIDINGS_HOST": "environment", "PATH": "/bin", "tidings_rate": "9"}
    found = load(path, environment, port=3, host=None)
    assert (found.port, found.host, found.rate) == (3, "environment", 1)
    assert load(path, environment).port == 2
    assert load(path, {}).port == 1
    assert load(path, {}, port=0).port == 0  # 0 is given, None is not


def test_every_setting_can_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "pem"
    file.write_text("x")
    texts = {
        "host": "::1",
        "port": "9",
        "tls_cert": str(file),
        "tls_key": str(file),
        "trusted_proxies": " 10.0.0.0/8 , ::1 ,, ",
        "mmdb": "",
        "avatars": "gravatar",
        "rate": "7",
        "drain_seconds": "0.5",
        "disk_reserve_mib": "1",
        "cache_mib": "100",
        "log_level": "debug",
        "log_format": "json",
    }
    assert set(texts) == NAMES
    found = load(None, {f"TIDINGS_{name.upper()}": text for name, text in texts.items()})
    assert found == Settings(
        host="::1",
        port=9,
        tls_cert=str(file),
        tls_key=str(file),
        trusted_proxies=["10.0.0.0/8", "::1"],
        mmdb="",
        avatars="gravatar",
        rate=7,
        drain_seconds=0.5,
        disk_reserve_mib=1,
        cache_mib=100,
        log_level="debug",
        log_format="json",
    )


def test_an_empty_list_from_the_environment_is_empty(tmp_path: Path) -> None:
    path = written(tmp_path, 'trusted_proxies = ["10.0.0.1"]')
    assert load(path, {}).trusted_proxies == ["10.0.0.1"]
    assert load(path, {"TIDINGS_TRUSTED_PROXIES": ""}).trusted_proxies == []


def test_any_setting_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("  203.0.113.9\n")
    assert load(None, {"TIDINGS_HOST_FILE": str(file)}).host == "203.0.113.9"
    file.write_text("9000\n")
    assert load(None, {"TIDINGS_PORT_FILE": str(file)}).port == 9000


def test_variables_of_the_command_line_are_no_settings() -> None:
    assert load(None, {"TIDINGS_DATA": "/x", "TIDINGS_CONFIG": "/y"}) == load(None, {})


def test_whole_numbers_are_taken_where_fractions_may_stand(tmp_path: Path) -> None:
    assert load(written(tmp_path, "drain_seconds = 3"), {}).drain_seconds == 3.0
    assert load(None, {"TIDINGS_DRAIN_SECONDS": "3"}).drain_seconds == 3.0


def test_the_file_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "tidings.toml"
    path.write_bytes('# ünï\nhost = "ünï"'.encode())
    assert load(path, {}).host == "ünï"


Mistake = tuple[str, str | bytes | None, dict[str, str]]
MISTAKES: list[Mistake] = [
    ("E001", 'port = "8080"', {}),
    ("E001", "port = 1.5", {}),
    ("E001", "trusted_proxies = 'one'", {}),
    ("E001", "trusted_proxies = [1]", {}),
    ("E001", 'log_level = "loud"', {}),
    ("E001", None, {"TIDINGS_LOG_FORMAT": "xml"}),
    ("E001", "prot = 8080", {}),
    ("E001", "[server]\nport = 1", {}),
    ("E002", None, {"TIDINGS_HOST_FILE": "/nowhere/secret"}),
    ("E003", "port = ", {}),
    ("E003", "port = 1\nport = 2", {}),
    ("E003", b"host = '\xff'", {}),
    ("E004", None, {"TIDINGS_PROT": "1"}),
    ("E004", None, {"TIDINGS_": "1"}),
    ("E005", 'tls_cert = "/etc/hostname"', {}),
    ("E005", None, {"TIDINGS_TLS_KEY": "/etc/hostname"}),
    ("E006", 'tls_cert = "/nowhere/a"\ntls_key = "/nowhere/b"', {}),
    ("E007", 'trusted_proxies = ["10.0.0.0/8", "proxy.example"]', {}),
    ("E007", 'trusted_proxies = ["10.0.0.1/8"]', {}),  # bits behind the mask: meant otherwise
    ("E007", None, {"TIDINGS_TRUSTED_PROXIES": "10.0.0.0/40"}),
    ("E008", "port = 65536", {}),
    ("E008", None, {"TIDINGS_PORT": "-1"}),
    ("E009", "rate = -1", {}),
    ("E009", "disk_reserve_mib = -1", {}),
    ("E009", "cache_mib = -1", {}),
    ("E009", None, {"TIDINGS_CACHE_MIB": "1000001"}),
    ("E009", None, {"TIDINGS_DRAIN_SECONDS": "-0.1"}),
    ("E010", None, {"TIDINGS_PORT": "http"}),
    ("E010", None, {"TIDINGS_PORT": "1.5"}),
    ("E010", None, {"TIDINGS_RATE": ""}),
    ("E010", None, {"TIDINGS_DRAIN_SECONDS": "five"}),
    ("E011", 'mmdb = "/nowhere/places.mmdb"', {}),
    ("E011", 'mmdb = "/etc"', {}),
    ("E011", None, {"TIDINGS_MMDB": __file__}),
]


@pytest.mark.parametrize(("code", "text", "environment"), MISTAKES)
def test_a_mistake_has_an_id_and_names_the_place(
    tmp_path: Path, code: str, text: str | bytes | None, environment: dict[str, str]
) -> None:
    path = tmp_path / "tidings.toml"
    path.write_bytes(text if isinstance(text, bytes) else (text or "").encode())
    with pytest.raises(BadSettings) as caught:
        load(path, environment)
    message = str(caught.value)
    assert message.startswith(code + " ")
    assert len(message) > 20
    assert "\n" not in message
    if code in ("E003", "E010", "E004"):
        assert str(path) in message or next(iter(environment)) in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"^E002 .*none\.toml cannot be read: No such file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(BadSettings, match=r"^E002 "):
        load(tmp_path, {})  # a folder


def test_a_secret_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSettings, match=r"^E0"):
        load(None, {"TIDINGS_HOST_FILE": str(file)})


@pytest.mark.parametrize("number", ["nan", "inf", "1e400"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(BadSettings, match=r"^E0"):
        load(None, {"TIDINGS_DRAIN_SECONDS": number})


def test_a_mistake_on_the_command_line_is_found_too() -> None:
    with pytest.raises(BadSettings, match=r"^E008"):
        load(None, {}, port=70_000)


def test_every_id_is_tested_and_none_is_used_twice_over() -> None:
    source = Path(config.__file__).read_text()
    known = set(re.findall(r"\bE0\d\d\b", source))
    tested = {code for code, _, _ in MISTAKES}
    assert known == tested == {f"E{number:03}" for number in range(1, 12)}


def test_a_value_is_not_changed_on_the_way() -> None:
    found: Any = load(None, {"TIDINGS_HOST": " a,b "})
    assert found.host == " a,b "
