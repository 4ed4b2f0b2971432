"""Workspaces, brands, sources and tokens."""

from typing import Annotated, Any, Literal

import msgspec

OWN_SOURCE = 0  # of events that Tidings itself has caused, and of imports
Trust = Literal["server", "browser"]
Scope = Literal["read", "write", "admin"]
Role = Literal["owner", "editor", "viewer"]


class SourceSettings(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an operator can set for one source.

    Args:
        currency: Currency of amounts that name none.
        country: ISO 3166 country by which phones without ``+`` are read.
        id_space: Id space of this source's user ids; "" shares the workspace's.
        correct_time: Whether the client's clock is corrected by when it says it sent.
        origins: Origins that browsers may send from; empty allows all.
        rate: Requests per second, sustained, over all its keys; 0 is no limit.
        prefix: First part of paths below which its dialect is answered for it alone; "" for none.
        browser_orders: Whether orders of requests without a key are counted (Remarkety).
        keyless_contacts: Whether contacts may be made without a key (Remarkety).
    """

    currency: str | None = None
    country: str | None = None
    id_space: str = ""
    correct_time: bool = True
    origins: list[str] = []
    rate: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    prefix: str = ""
    browser_orders: bool = False
    keyless_contacts: bool = True


class Kinds(msgspec.Struct, frozen=True):
    """What the credentials of a dialect are.

    Args:
        names: All of them, in the order in which they are shown.
        readable: Those whose value the vendor's proof is computed with: kept as they are, not only as a hash.
        labels: Those that are no secrets but names, first labels of hosts: shown in full, made from the brand's key.
        public: Those that are no secrets either, and of any form: shown in full, made of six letters.
        numbers: Those that are no secrets either, but numbers: shown in full, made by counting.
    """

    names: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """Those that are no secrets."""
        return (*self.labels, *self.public, *self.numbers)

    @property
    def usual(self) -> str:
        """The credential that a further key is one of unless another is named: the first secret."""
        return next((name for name in self.names if name not in self.shown), self.names[0])


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """Text to be pasted, with which a program sends to a source.

    Args:
        name: ``curl``, ``python``, ``node`` or ``page``.
        title: What it is, for people.
        text: Works as it stands.
        hint: What it needs, and what to know; "" for nothing.
    """

    name: str
    title: str
    text: str
    hint: str = ""


PropertyKind = Literal["text", "number", "boolean", "date"]


class Property(msgspec.Struct, kw_only=True, frozen=True):
    """What an operator has declared of a property of events.

    Args:
        kind: What its value is.
        required: Whether every event of the type has it.
    """

    kind: PropertyKind
    required: bool = False


class Declared(msgspec.Struct, kw_only=True, frozen=True):
    """A type of events that an operator knows; types that nobody has declared are taken all the same.

    Args:
        id: Number.
        workspace_id: The wall.
        type: Upper case.
        subtype: Upper case; "" is every subtype that is not declared itself.
        properties: By name.
        created_at: UTC milliseconds.
    """

    id: int
    workspace_id: int
    type: str
    subtype: str
    properties: dict[str, Property]
    created_at: int

    @property
    def title(self) -> str:
        """What events of it are called: ``PURCHASE/DELIVERY``."""
        return f"{self.type}/{self.subtype}" if self.subtype else self.type


class Source(msgspec.Struct, kw_only=True, frozen=True):
    """Where events come from: a dialect, a brand, keys and a trust level.

    Args:
        id: Number, also the scope of message ids.
        workspace_id: The wall.
        brand_id: The shop that it belongs to.
        brand_currency: Currency of the brand, for amounts of sources that name none.
        dialect: Name of the dialect, ``segment``.
        name: What operators call it.
        trust: ``server`` for a secret key, ``browser`` for a public one.
        enabled: A disabled source answers 401 or 403 by its dialect.
        settings: What an operator set.
    """

    id: int
    workspace_id: int
    brand_id: int
    brand_currency: str
    dialect: str
    name: str
    trust: Trust
    enabled: bool
    settings: SourceSettings


class Token(msgspec.Struct, kw_only=True, frozen=True):
    """A bearer token of the own API, without its secret."""

    id: int
    workspace_id: int
    name: str
    scopes: tuple[Scope, ...]
    created_at: int


class Workspace(msgspec.Struct, kw_only=True, frozen=True):
    """The wall between customers of an installation.

    Args:
        id: Number.
        name: What the command line calls it; never changes.
        title: What people call it.
        time_zone: IANA name, in which the console shows moments.
        created_at: UTC milliseconds.
    """

    id: int
    name: str
    title: str
    time_zone: str
    created_at: int


class User(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody who may sign in to the console, without the password.

    Args:
        id: Number.
        workspace_id: The only workspace that they see.
        email: Normalised.
        role: ``viewer`` looks, ``editor`` also changes data, ``owner`` also users, keys, tokens and settings.
        created_at: UTC milliseconds.
        seen_at: When they last signed in; None is never.
    """

    id: int
    workspace_id: int
    email: str
    role: Role
    created_at: int
    seen_at: int | None


class Person(msgspec.Struct, kw_only=True, frozen=True):
    """Who is signed in.

    Args:
        user: Who.
        workspace: Where.
        session_id: By which session.
        csrf: What their forms have to carry.
    """

    user: User
    workspace: Workspace
    session_id: int
    csrf: str

    @property
    def workspace_id(self) -> int:
        """The wall."""
        return self.user.workspace_id


class Actor(msgspec.Struct, frozen=True):
    """Who did something, for the audit log.

    Args:
        name: ``user:ID``, ``token:ID``, ``cli``, or ``install`` for a shop's plugin.
        ip: Address that it came from; None on the command line.
    """

    name: str
    ip: str | None = None


class Deed(msgspec.Struct, kw_only=True, frozen=True):
    """One row of the audit log.

    Args:
        id: Number, in the order of time.
        at: UTC milliseconds.
        actor: ``user:ID``, ``token:ID``, ``cli`` or ``install``.
        email: Address of the user, None where it was none or is gone.
        action: ``noun.verb``.
        subject: ``noun:ID``, "" for the workspace itself.
        detail: What changed, without secrets.
        ip: Address that it came from.
    """

    id: int
    at: int
    actor: str
    email: str | None
    action: str
    subject: str
    detail: dict[str, Any]
    ip: str | None
