"""The transaction scripts of ``service`` with their rows in the audit log: what command line, API and console call."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.tenants import audit, service, store
from tidings.tenants.model import Actor, Kinds, Scope, Source, SourceSettings, Token


def create_workspace(tx: Tx, actor: Actor, name: str, time_zone: str, now: int) -> int:
    """Make a workspace; see ``service.create_workspace``."""
    made = service.create_workspace(tx, name, time_zone, now)
    audit.record(tx, actor, made, "workspace.created", now, name=name, time_zone=time_zone)
    return made


def change_workspace(tx: Tx, actor: Actor, workspace_id: int, title: str, time_zone: str, now: int) -> None:
    """Change what people call a workspace, and the zone in which the console shows moments.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: Which.
        title: For people; the name of the command line stays.
        time_zone: IANA name.
        now: UTC milliseconds.
    """
    store.change_workspace(tx, workspace_id, title, time_zone)
    audit.record(tx, actor, workspace_id, "workspace.changed", now, title=title, time_zone=time_zone)


def create_brand(tx: Tx, actor: Actor, workspace_id: int, key: str, name: str, currency: str, now: int) -> int:
    """Make a brand; see ``service.create_brand``."""
    made = service.create_brand(tx, workspace_id, key, name, currency, now)
    detail = {"key": key, "name": name, "currency": currency.upper()}
    audit.record(tx, actor, workspace_id, "brand.created", now, f"brand:{made}", **detail)
    return made


def change_brand(tx: Tx, actor: Actor, workspace_id: int, brand_id: int, name: str, currency: str, now: int) -> None:
    """Change what people call a brand, and the currency of amounts that name none.

    Raises:
        Invalid: There is none of this number.
    """
    if not store.change_brand(tx, workspace_id, brand_id, name, currency.upper()):
        raise service.Invalid(f"there is no brand {brand_id} in this workspace")
    store.raise_revision(tx)  # its sources carry the currency
    audit.record(
        tx, actor, workspace_id, "brand.changed", now, f"brand:{brand_id}", name=name, currency=currency.upper()
    )


def create_source(
    tx: Tx,
    actor: Actor,
    draft: Source,
    brand: str | None,
    credentials: Mapping[str, str | None],
    now: int,
    kinds: Kinds,
) -> tuple[Source, dict[str, str]]:
    """Make a source with its credentials; see ``service.create_source``."""
    source, secrets = service.create_source(tx, draft, brand, credentials, now, kinds)
    detail = {"name": source.name, "dialect": source.dialect, "trust": source.trust}
    audit.record(tx, actor, source.workspace_id, "source.created", now, f"source:{source.id}", **detail)
    return source, secrets


def rename_source(tx: Tx, actor: Actor, workspace_id: int, source_id: int, name: str, now: int) -> None:
    """Call a source something else; see ``service.rename_source``."""
    before = store.get_source(tx, workspace_id, source_id)
    if before is not None and before.name == name:
        return
    service.rename_source(tx, workspace_id, source_id, name)
    audit.record(tx, actor, workspace_id, "source.renamed", now, f"source:{source_id}", name=name)


def change_source(
    tx: Tx, actor: Actor, workspace_id: int, source_id: int, *,
    enabled: bool | None, settings: SourceSettings | None, now: int,
) -> Source:  # fmt: skip
    """Switch a source on or off, or replace its settings; see ``service.change_source``."""
    before = store.get_source(tx, workspace_id, source_id)
    source = service.change_source(tx, workspace_id, source_id, enabled=enabled, settings=settings)
    changes = {} if before is None else differences(before, source)
    if changes:
        audit.record(tx, actor, workspace_id, "source.changed", now, f"source:{source_id}", **changes)
    return source


def add_credential(tx: Tx, actor: Actor, source: Source, name: str, value: str | None, now: int, kinds: Kinds) -> str:
    """Add a credential to a source; see ``service.add_credential``."""
    secret = service.add_credential(tx, source, name, value, now, kinds)
    hint = store.list_credentials(tx, source.workspace_id, source.id)[-1]["hint"]
    audit.record(tx, actor, source.workspace_id, "key.added", now, f"source:{source.id}", name=name, hint=hint)
    return secret


def revoke_credential(tx: Tx, actor: Actor, workspace_id: int, source_id: int, credential_id: int, now: int) -> None:
    """Make a credential useless at once; see ``service.revoke_credential``."""
    present = store.list_credentials(tx, workspace_id, source_id)
    service.revoke_credential(tx, workspace_id, source_id, credential_id)
    detail = next({"name": row["name"], "hint": row["hint"]} for row in present if row["id"] == credential_id)
    audit.record(tx, actor, workspace_id, "key.revoked", now, f"source:{source_id}", **detail)


def create_token(
    tx: Tx, actor: Actor, workspace_id: int, name: str, scopes: tuple[Scope, ...], now: int
) -> tuple[Token, str]:
    """Make a bearer token; see ``service.create_token``."""
    token, secret = service.create_token(tx, workspace_id, name, scopes, now)
    audit.record(tx, actor, workspace_id, "token.created", now, f"token:{token.id}", name=name, scopes=list(scopes))
    return token, secret


def revoke_token(tx: Tx, actor: Actor, workspace_id: int, token_id: int, now: int) -> None:
    """Make a token useless at once; see ``service.revoke_token``."""
    present = store.list_tokens(tx, workspace_id)
    service.revoke_token(tx, workspace_id, token_id)
    name = next(row["name"] for row in present if row["id"] == token_id)
    audit.record(tx, actor, workspace_id, "token.revoked", now, f"token:{token_id}", name=name)


def differences(before: Source, after: Source) -> dict[str, Any]:
    """Return what was changed of a source, with the new values."""
    changed = {} if before.enabled == after.enabled else {"enabled": after.enabled}
    old, new = (msgspec.structs.asdict(source.settings) for source in (before, after))
    return changed | {name: value for name, value in new.items() if old[name] != value}
