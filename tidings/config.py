"""Typed settings: defaults, then the file, then the environment. ``config.default.toml`` documents them."""

import ipaddress
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from tidings.kit.places import NoPlaces, open_places

PREFIX = "TIDINGS_"


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """What an operator can set; see ``config.default.toml``."""

    host: str
    port: int
    tls_cert: str
    tls_key: str
    trusted_proxies: list[str]
    mmdb: str
    avatars: Literal["initials", "given", "gravatar"]
    rate: int
    drain_seconds: float
    disk_reserve_mib: int
    cache_mib: int
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["text", "json"]


class BadSettings(Exception):  # noqa: N818
    """The settings contradict themselves or cannot be read; the text names the place and a way out."""


def load(path: Path | None, environment: Mapping[str, str], **overrides: Any) -> Settings:
    """Return the settings.

    Args:
        path: The operator's file, None without one.
        environment: Variables; those that begin with ``TIDINGS_`` count.
        overrides: From the command line; None is "not given".

    Raises:
        BadSettings: A file or value is wrong.
    """
    merged = tomllib.loads((Path(__file__).parent / "config.default.toml").read_text("utf-8"))
    if path is not None:
        merged |= read(path)
    merged |= from_environment(environment, merged)
    merged |= {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise BadSettings(f"E001 {path or 'settings'}: {error} (config.default.toml documents every setting)") from None
    check(settings)
    return settings


def read(path: Path) -> dict[str, Any]:
    """Return a settings file.

    Raises:
        BadSettings: It cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSettings(f"E002 {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"E003 {path} is not valid TOML: {error}") from None


def from_environment(environment: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the environment names, in the types of their defaults.

    Raises:
        BadSettings: A variable names no setting, or a number is not one.
    """
    found: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in ("TIDINGS_DATA", "TIDINGS_CONFIG"):
            continue
        name = variable.removeprefix(PREFIX).lower()
        value = text
        if name not in defaults and name.endswith("_file"):
            name = name.removesuffix("_file")
            value = _secret(variable, text)
        if name not in defaults:
            raise BadSettings(f"E004 {variable} names no setting (config.default.toml lists them)")
        found[name] = _typed(variable, value, defaults[name])
    return found


def check(settings: Settings) -> None:
    """Raise BadSettings where settings contradict each other or name what is not there."""
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise BadSettings("E005 tls_cert and tls_key belong together: set both or none")
    for name in (settings.tls_cert, settings.tls_key):
        if name and not os.access(name, os.R_OK):
            raise BadSettings(f"E006 {name} cannot be read: check the path and its rights")
    for network in settings.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise BadSettings(f"E007 trusted_proxies: {network!r} is no address or network") from None
    if not 0 <= settings.port <= 65_535:
        raise BadSettings(f"E008 port {settings.port}: use 1 to 65535, or 0 for any free one")
    if settings.rate < 0 or settings.disk_reserve_mib < 0 or settings.drain_seconds < 0:
        raise BadSettings("E009 rate, disk_reserve_mib and drain_seconds cannot be negative")
    if not 0 <= settings.cache_mib <= 1_000_000:
        raise BadSettings(f"E009 cache_mib {settings.cache_mib}: use a number of MiB, or 0 to let Tidings choose")
    if not math.isfinite(settings.drain_seconds):
        raise BadSettings(f"E009 drain_seconds {settings.drain_seconds}: use a number of seconds")
    if settings.mmdb:
        try:
            open_places(Path(settings.mmdb))
        except NoPlaces as error:
            raise BadSettings(f'E011 mmdb: {error} (leave it "" to do without places)') from None


def _secret(variable: str, name: str) -> str:
    try:
        return Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadSettings(f"E002 {variable}: {name} cannot be read: {reason}") from None


def _typed(variable: str, text: str, default: Any) -> Any:
    if isinstance(default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(default, (int, float)):
        try:
            return type(default)(text)
        except ValueError:
            raise BadSettings(f"E010 {variable}={text!r} is not a number") from None
    return text
