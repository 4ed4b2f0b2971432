"""Workspaces, brands, sources and tokens."""

from typing import Annotated, Literal

import msgspec

Trust = Literal["server", "browser"]
Scope = Literal["read", "write", "admin"]


class SourceSettings(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an operator can set for one source.

    Args:
        currency: Currency of amounts that name none.
        country: ISO 3166 country by which phones without ``+`` are read.
        id_space: Id space of this source's user ids; "" shares the workspace's.
        correct_time: Whether the client's clock is corrected by when it says it sent.
        origins: Origins that browsers may send from; empty allows all.
        rate: Requests per second, sustained, over all its keys; 0 is no limit.
    """

    currency: str | None = None
    country: str | None = None
    id_space: str = ""
    correct_time: bool = True
    origins: list[str] = []
    rate: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


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
