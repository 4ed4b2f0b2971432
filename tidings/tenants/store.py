"""All queries of workspaces, brands, sources, credentials and tokens."""

from typing import Any

import msgspec
from sqlalchemy import RowMapping, delete, insert, select, update

from tidings.db import Tx
from tidings.tenants.model import OWN_SOURCE, Source, SourceSettings, Token, Workspace
from tidings.tenants.tables import brands, credentials, revisions, sources, tokens, workspaces

SOURCE = select(sources, brands.c.currency.label("brand_currency")).join(brands, brands.c.id == sources.c.brand_id)


def add_workspace(tx: Tx, name: str, time_zone: str, now: int) -> int:
    """Insert a workspace and return its id."""
    return _inserted(tx, insert(workspaces).values(name=name, time_zone=time_zone, created_at=now))


def workspace_id(tx: Tx, name: str) -> int | None:
    """Return the id of the workspace of this name."""
    return tx.execute(select(workspaces.c.id).where(workspaces.c.name == name)).scalar()


def list_workspaces(tx: Tx) -> list[dict[str, Any]]:
    """Return all workspaces of the installation."""
    return [dict(row) for row in tx.execute(select(workspaces).order_by(workspaces.c.id)).mappings()]


def get_workspace(tx: Tx, workspace_id: int) -> Workspace:
    """Return a workspace that is known to exist."""
    row = tx.execute(select(workspaces).where(workspaces.c.id == workspace_id)).mappings().one()
    return Workspace(**{**row, "title": row["title"] or row["name"]})


def change_workspace(tx: Tx, workspace_id: int, title: str, time_zone: str) -> None:
    """Change what people call a workspace, and its time zone."""
    which = workspaces.c.id == workspace_id
    tx.execute(update(workspaces).where(which).values(title=title, time_zone=time_zone))


def add_brand(tx: Tx, workspace_id: int, key: str, name: str, currency: str, now: int) -> int:
    """Insert a brand and return its id."""
    values = {"workspace_id": workspace_id, "key": key, "name": name, "currency": currency, "created_at": now}
    return _inserted(tx, insert(brands).values(values))


def brand_id(tx: Tx, workspace_id: int, key: str) -> int | None:
    """Return the id of a brand of the workspace."""
    return tx.execute(select(brands.c.id).where(brands.c.workspace_id == workspace_id, brands.c.key == key)).scalar()


def brand_exists(tx: Tx, key: str) -> bool:
    """Tell whether a key is taken in the installation (it is a host label, so it is unique over all workspaces)."""
    return tx.execute(select(brands.c.id).where(brands.c.key == key)).scalar() is not None


def list_brands(tx: Tx, workspace_id: int) -> list[dict[str, Any]]:
    """Return the brands of a workspace."""
    query = select(brands).where(brands.c.workspace_id == workspace_id).order_by(brands.c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def change_brand(tx: Tx, workspace_id: int, brand_id: int, name: str, currency: str) -> bool:
    """Change what people call a brand, and its currency; tell whether it exists."""
    which = (brands.c.workspace_id == workspace_id) & (brands.c.id == brand_id)
    return tx.execute(update(brands).where(which).values(name=name, currency=currency)).rowcount > 0


def add_source(tx: Tx, source: Source, now: int) -> int:
    """Insert a source (its ``id`` is ignored) and return its id."""
    values = {
        "workspace_id": source.workspace_id,
        "brand_id": source.brand_id,
        "dialect": source.dialect,
        "name": source.name,
        "trust": source.trust,
        "enabled": source.enabled,
        "settings": msgspec.to_builtins(source.settings),
        "created_at": now,
    }
    return _inserted(tx, insert(sources).values(values))


def list_sources(tx: Tx, workspace_id: int) -> list[Source]:
    """Return the sources of a workspace."""
    query = SOURCE.where(sources.c.workspace_id == workspace_id).order_by(sources.c.id)
    return [_source(row) for row in tx.execute(query).mappings()]


def name_sources(tx: Tx, workspace_id: int) -> dict[int, str]:
    """Return what people call the sources of a workspace, with the one of Tidings' own events."""
    return {OWN_SOURCE: "Tidings"} | {source.id: source.name for source in list_sources(tx, workspace_id)}


def get_source(tx: Tx, workspace_id: int, source_id: int) -> Source | None:
    """Return one source of a workspace."""
    query = SOURCE.where(sources.c.workspace_id == workspace_id, sources.c.id == source_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _source(row)


def rename_source(tx: Tx, workspace_id: int, source_id: int, name: str) -> bool:
    """Call a source something else; tell whether it exists."""
    which = (sources.c.workspace_id == workspace_id) & (sources.c.id == source_id)
    return tx.execute(update(sources).where(which).values(name=name)).rowcount > 0


def set_enabled(tx: Tx, workspace_id: int, source_id: int, enabled: bool) -> bool:
    """Switch a source on or off; tell whether it exists."""
    which = (sources.c.workspace_id == workspace_id) & (sources.c.id == source_id)
    return tx.execute(update(sources).where(which).values(enabled=enabled)).rowcount > 0


def set_settings(tx: Tx, workspace_id: int, source_id: int, settings: SourceSettings) -> bool:
    """Replace the settings of a source; tell whether it exists."""
    which = (sources.c.workspace_id == workspace_id) & (sources.c.id == source_id)
    return tx.execute(update(sources).where(which).values(settings=msgspec.to_builtins(settings))).rowcount > 0


def prefix_taken(tx: Tx, prefix: str, source_id: int) -> bool:
    """Tell whether another source has a prefix: over all workspaces, since it alone names its source."""
    same = sources.c.settings["prefix"].as_string() == prefix
    return tx.execute(select(sources.c.id).where(same, sources.c.id != source_id)).first() is not None


def add_credential(
    tx: Tx, source: Source, name: str, fingerprint: str, hint: str, now: int, secret: str | None
) -> None:
    """Insert a credential of a source; ``secret`` is its value where the vendor's proof is computed with it."""
    values = {
        "workspace_id": source.workspace_id,
        "source_id": source.id,
        "dialect": source.dialect,
        "name": name,
        "fingerprint": fingerprint,
        "hint": hint,
        "created_at": now,
        "secret": secret,
    }
    tx.execute(insert(credentials).values(values))


def list_shown(tx: Tx, dialect: str, name: str) -> list[str]:
    """Return all values of a credential that is no secret: over all workspaces, since it alone names its source."""
    c = credentials.c
    return list(tx.execute(select(c.hint).where(c.dialect == dialect, c.name == name)).scalars())


def credential_taken(tx: Tx, dialect: str, name: str, fingerprint: str) -> bool:
    """Tell whether a secret is in use already: over all workspaces, since it alone names its source."""
    same = (credentials.c.dialect == dialect) & (credentials.c.name == name)
    query = select(credentials.c.id).where(same & (credentials.c.fingerprint == fingerprint))
    return tx.execute(query).scalar() is not None


def list_credentials(tx: Tx, workspace_id: int, source_id: int) -> list[dict[str, Any]]:
    """Return the credentials of a source without anything secret."""
    c = credentials.c
    query = select(c.id, c.name, c.hint, c.created_at).where(c.workspace_id == workspace_id, c.source_id == source_id)
    return [dict(row) for row in tx.execute(query.order_by(c.id)).mappings()]


def list_fingerprints(tx: Tx, workspace_id: int, source_id: int, name: str) -> list[str]:
    """Return the hashes of all values of one credential of a source."""
    c = credentials.c
    query = select(c.fingerprint).where(c.workspace_id == workspace_id, c.source_id == source_id, c.name == name)
    return list(tx.execute(query).scalars())


def revoke_credential(tx: Tx, workspace_id: int, source_id: int, credential_id: int) -> bool:
    """Delete a credential; tell whether it existed."""
    c = credentials.c
    which = (c.workspace_id == workspace_id) & (c.source_id == source_id) & (c.id == credential_id)
    return tx.execute(delete(credentials).where(which)).rowcount > 0


def load_sources(tx: Tx) -> dict[int, Source]:
    """Return the sources of the whole installation by their ids, for the table in memory."""
    return {row["id"]: _source(row) for row in tx.execute(SOURCE.order_by(sources.c.id)).mappings()}


def load_credentials(tx: Tx) -> list[tuple[str, str, str, int, str | None]]:
    """Return (dialect, credential, fingerprint, source's id, value) of the whole installation, oldest first."""
    c = credentials.c
    rows = tx.execute(select(c.dialect, c.name, c.fingerprint, c.source_id, c.secret).order_by(c.id)).all()
    return [(dialect, name, fingerprint, source, secret) for dialect, name, fingerprint, source, secret in rows]


def load_brand_keys(tx: Tx) -> dict[int, str]:
    """Return the brand keys of the whole installation by the brands' ids, for the table in memory."""
    rows = tx.execute(select(brands.c.id, brands.c.key)).mappings()
    return {row["id"]: row["key"] for row in rows}


def add_token(tx: Tx, token: Token, fingerprint: str, hint: str) -> int:
    """Insert a token (its ``id`` is ignored) and return its id."""
    values = {
        "workspace_id": token.workspace_id,
        "name": token.name,
        "fingerprint": fingerprint,
        "hint": hint,
        "scopes": list(token.scopes),
        "created_at": token.created_at,
    }
    return _inserted(tx, insert(tokens).values(values))


def list_tokens(tx: Tx, workspace_id: int) -> list[dict[str, Any]]:
    """Return the tokens of a workspace without their secrets."""
    c = tokens.c
    query = select(c.id, c.name, c.hint, c.scopes, c.created_at).where(c.workspace_id == workspace_id).order_by(c.id)
    return [dict(row) for row in tx.execute(query).mappings()]


def revoke_token(tx: Tx, workspace_id: int, token_id: int) -> bool:
    """Delete a token; tell whether it existed."""
    which = (tokens.c.workspace_id == workspace_id) & (tokens.c.id == token_id)
    return tx.execute(delete(tokens).where(which)).rowcount > 0


def load_tokens(tx: Tx) -> list[tuple[str, Token]]:
    """Return (fingerprint, token) of the whole installation, for the table in memory."""
    rows = tx.execute(select(tokens)).mappings()
    return [(row["fingerprint"], _token(row)) for row in rows]


def revision(tx: Tx) -> int:
    """Return the number that every change of this room raises."""
    return tx.execute(select(revisions.c.value).where(revisions.c.name == "tenants")).scalar() or 0


def raise_revision(tx: Tx) -> None:
    """Tell every running server that sources, keys or tokens have changed."""
    raised = update(revisions).where(revisions.c.name == "tenants").values(value=revisions.c.value + 1)
    if tx.execute(raised).rowcount == 0:
        tx.execute(insert(revisions).values(name="tenants", value=1))


def _inserted(tx: Tx, statement: Any) -> int:
    key = tx.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def _source(row: RowMapping) -> Source:
    return Source(
        id=row["id"],
        workspace_id=row["workspace_id"],
        brand_id=row["brand_id"],
        brand_currency=row["brand_currency"],
        dialect=row["dialect"],
        name=row["name"],
        trust=row["trust"],
        enabled=row["enabled"],
        settings=msgspec.convert(row["settings"], SourceSettings),
    )


def _token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
    )
