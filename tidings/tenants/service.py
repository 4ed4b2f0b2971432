"""Transaction scripts of the tenants room: what the command line and the API call."""

from collections.abc import Mapping

from tidings.db import Tx
from tidings.kit import crypto
from tidings.tenants import store
from tidings.tenants.model import Scope, Source, SourceSettings, Token

WORKSPACE = "default"
BRAND = "main"
CURRENCY = "USD"


class Invalid(Exception):  # noqa: N818
    """What was asked for cannot be; the text says why and what to do."""


def first_workspace(tx: Tx, now: int) -> int:
    """Return the id of the workspace that a new installation begins with, made on first use."""
    found = store.workspace_id(tx, WORKSPACE)
    if found is not None:
        return found
    made = store.add_workspace(tx, WORKSPACE, "UTC", now)
    store.add_brand(tx, made, BRAND, "Main", CURRENCY, now)
    return made


def create_workspace(tx: Tx, name: str, time_zone: str, now: int) -> int:
    """Make a workspace.

    Raises:
        Invalid: The name is taken.
    """
    if store.workspace_id(tx, name) is not None:
        raise Invalid(f"there is a workspace {name!r} already")
    return store.add_workspace(tx, name, time_zone, now)


def create_brand(tx: Tx, workspace_id: int, key: str, name: str, currency: str, now: int) -> int:
    """Make a brand.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        key: First label of the hosts that name this brand; lower case, unique in the installation.
        name: What people call it.
        currency: ISO 4217.
        now: UTC milliseconds.

    Raises:
        Invalid: The key is taken or not a host label.
    """
    if not key or not all(c.isascii() and (c.isalnum() or c == "-") for c in key) or key != key.lower():
        raise Invalid(f"brand key {key!r}: use lower-case letters, digits and '-'")
    if store.brand_exists(tx, key):
        raise Invalid(f"brand key {key!r} is taken: keys are unique in the installation")
    return store.add_brand(tx, workspace_id, key, name, currency.upper(), now)


def create_source(
    tx: Tx, draft: Source, brand: str | None, credentials: Mapping[str, str | None], now: int
) -> tuple[Source, dict[str, str]]:
    """Make a source with its credentials.

    Args:
        tx: The transaction.
        draft: The source; ``id``, ``brand_id`` and ``brand_currency`` are filled in.
        brand: Key of its brand; None takes the workspace's first.
        credentials: Names of the dialect's credentials; a value pins one, None makes one.
        now: UTC milliseconds.

    Returns:
        The source, and its secrets, to be shown once.

    Raises:
        Invalid: The brand is unknown, the name or a pinned credential is taken.
    """
    brands = store.list_brands(tx, draft.workspace_id)
    chosen = [b for b in brands if brand is None or b["key"] == brand]
    if not chosen:
        known = ", ".join(b["key"] for b in brands) or "none yet"
        wanted = "no brand yet" if brand is None else f"no brand {brand!r}"
        raise Invalid(f"{wanted} in this workspace (there are: {known}; 'tidings brand create' makes one)")
    if any(source.name == draft.name for source in store.list_sources(tx, draft.workspace_id)):
        raise Invalid(f"there is a source {draft.name!r} already: choose another --name")
    source = _with(draft, 0, chosen[0]["id"], chosen[0]["currency"])
    source = _with(source, store.add_source(tx, source, now), source.brand_id, source.brand_currency)
    secrets = {name: add_credential(tx, source, name, value, now) for name, value in credentials.items()}
    store.raise_revision(tx)
    return source, secrets


def add_credential(tx: Tx, source: Source, name: str, value: str | None, now: int) -> str:
    """Add a credential to a source and return the secret, to be shown once.

    Raises:
        Invalid: The value is empty, or another source has it.
    """
    secret = crypto.secret() if value is None else value.strip()
    if not secret or len(secret) > 200:
        raise Invalid(f"{name} must have 1 to 200 characters")
    fingerprint = crypto.fingerprint(secret)
    if store.credential_taken(tx, source.dialect, name, fingerprint):
        raise Invalid(f"another source has this {name} already: a key names one source")
    store.add_credential(tx, source, name, fingerprint, hint(secret), now)
    store.raise_revision(tx)
    return secret


def revoke_credential(tx: Tx, workspace_id: int, source_id: int, credential_id: int) -> None:
    """Make a credential useless at once.

    Raises:
        Invalid: There is none of this id.
    """
    if not store.revoke_credential(tx, workspace_id, source_id, credential_id):
        raise Invalid(f"source {source_id} has no credential {credential_id}")
    store.raise_revision(tx)


def change_source(
    tx: Tx, workspace_id: int, source_id: int, *, enabled: bool | None, settings: SourceSettings | None
) -> Source:
    """Switch a source on or off, or replace its settings.

    Raises:
        Invalid: There is none of this id.
    """
    if enabled is not None:
        store.set_enabled(tx, workspace_id, source_id, enabled)
    if settings is not None:
        store.set_settings(tx, workspace_id, source_id, settings)
    source = store.get_source(tx, workspace_id, source_id)
    if source is None:
        raise Invalid(f"there is no source {source_id} in this workspace")
    store.raise_revision(tx)
    return source


def create_token(tx: Tx, workspace_id: int, name: str, scopes: tuple[Scope, ...], now: int) -> tuple[Token, str]:
    """Make a bearer token of the own API; the secret is shown once."""
    secret = "tid_" + crypto.secret()
    draft = Token(id=0, workspace_id=workspace_id, name=name, scopes=scopes, created_at=now)
    made = store.add_token(tx, draft, crypto.fingerprint(secret), hint(secret))
    store.raise_revision(tx)
    return Token(id=made, workspace_id=workspace_id, name=name, scopes=scopes, created_at=now), secret


def revoke_token(tx: Tx, workspace_id: int, token_id: int) -> None:
    """Make a token useless at once.

    Raises:
        Invalid: There is none of this id.
    """
    if not store.revoke_token(tx, workspace_id, token_id):
        raise Invalid(f"there is no token {token_id} in this workspace")
    store.raise_revision(tx)


def hint(secret: str) -> str:
    """Return as much of a secret as tells it from another without giving it away."""
    return "…" + secret[-4:] if len(secret) >= 12 else "…"


def _with(source: Source, source_id: int, brand_id: int, brand_currency: str) -> Source:
    return Source(
        id=source_id,
        workspace_id=source.workspace_id,
        brand_id=brand_id,
        brand_currency=brand_currency,
        dialect=source.dialect,
        name=source.name,
        trust=source.trust,
        enabled=source.enabled,
        settings=source.settings,
    )
