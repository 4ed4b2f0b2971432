"""What the forms of sources take, and what they say of the rest."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from tidings.kit.pages import Form
from tidings.tenants.api import LINE, SECRET, Parts
from tidings.tenants.model import Kinds, SourceSettings, Trust
from tidings.tenants.rules import prefix_fault

ORIGINS, ORIGIN = 100, 300  # of one source; characters of one
LONGEST_KEY = 200
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@\\,]+")
_USUAL = {"http": ":80", "https": ":443"}  # browsers leave these out
_secret = re.compile(SECRET)
_ACRONYMS = {"api": "API", "sso": "SSO", "id": "id"}

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}(?!\n)$")]
Country = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}(?!\n)$")]


class NewSource(Struct, kw_only=True):
    """What the form of a new source sends, beside values of its credentials."""

    name: Name
    brand: Annotated[str, Meta(max_length=63)]
    trust: Trust
    currency: Currency | None = None
    country: Country | None = None
    prefix: Annotated[str, Meta(max_length=100)] = ""
    origins: Annotated[str, Meta(max_length=(ORIGIN + 2) * ORIGINS)] = ""


class Changed(Struct, kw_only=True):
    """What the form of a present source sends."""

    name: Name
    currency: Currency | None = None
    country: Country | None = None
    id_space: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]*(?!\n)$", max_length=64)] = ""
    correct_time: bool
    rate: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    prefix: Annotated[str, Meta(max_length=100)] = ""
    origins: Annotated[str, Meta(max_length=(ORIGIN + 2) * ORIGINS)] = ""
    keyless: bool = False  # the form has the two that follow, which sources of Remarkety have
    browser_orders: bool = False
    keyless_contacts: bool = False


class NewKey(Struct):
    """What the form of a further key sends."""

    name: Annotated[str, Meta(max_length=50)]
    value: Annotated[str, Meta(max_length=LONGEST_KEY, pattern=SECRET)] | None = None


def settings_of(form: Form, wanted: NewSource | Changed, present: SourceSettings, parts: Parts) -> SourceSettings:
    """Return the settings that a form asks for; what is wrong with them is said in the form.

    Args:
        form: Gets the faults.
        wanted: What it sent.
        present: What stays where the form has no field.
        parts: First parts of the dialects' paths.
    """
    if fault := prefix_fault(wanted.prefix, parts):
        form.fault("prefix", fault)
    changes: dict[str, Any] = {
        "currency": wanted.currency and wanted.currency.upper(),
        "country": wanted.country and wanted.country.upper(),
        "prefix": wanted.prefix,
        "origins": origins_of(form, wanted.origins),
    }
    if isinstance(wanted, Changed):
        changes |= {"id_space": wanted.id_space, "correct_time": wanted.correct_time, "rate": wanted.rate}
    if isinstance(wanted, Changed) and wanted.keyless:
        changes |= {"browser_orders": wanted.browser_orders, "keyless_contacts": wanted.keyless_contacts}
    return msgspec.structs.replace(present, **changes)


def origins_of(form: Form, text: str) -> list[str]:
    """Return the origins that a field names, one a line, as browsers write them.

    Args:
        form: Gets the fault.
        text: Of the field.
    """
    found: list[str] = []
    for line in text.split():
        origin = line.lower().rstrip("/")
        if origin == "null" or (_ORIGIN.fullmatch(origin) and _has_host(origin)):
            scheme = origin.partition(":")[0]
            found.append(origin.removesuffix(_USUAL.get(scheme, "/")))
        elif "://" in origin and _has_host(origin):
            form.fault("origins", f"{line[:60]}: an origin ends behind the host: leave the path out")
        else:
            form.fault("origins", f"{line[:60]}: write scheme and host, like https://www.shop.example")
    if len(found) > ORIGINS or any(len(origin) > ORIGIN for origin in found):
        form.fault("origins", f"use at most {ORIGINS} origins of {ORIGIN} characters")
    return list(dict.fromkeys(found))


def pinned(form: Form, kinds: Kinds) -> dict[str, str | None]:
    """Return the values that a form pins credentials to, None for those to be made; faults go to the fields.

    Args:
        form: Its fields are named like the credentials.
        kinds: What the dialect's credentials are.
    """
    given = {name: form[name].strip() or None for name in kinds.names}
    for name, value in given.items():
        if value is not None and not (_secret.match(value) and len(value) <= LONGEST_KEY):
            form.fault(name, f"use 1 to {LONGEST_KEY} letters, digits and signs, without blanks")
    return given


def spoken(credential: str) -> str:
    """Return the name of a credential for people: ``api_key`` is "API key"."""
    words = [_ACRONYMS.get(word, word) for word in credential.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is none
        return False
