"""What a new installation is told: lines that work as printed."""

from pathlib import Path

from tidings.db import Database, Tx
from tidings.dialects import DIALECTS
from tidings.kit import clock
from tidings.kit.crypto import secret
from tidings.tenants import service, store
from tidings.tenants.model import Source, SourceSettings


def first_steps(database: Database, dialect: str, url: str, data: Path) -> str:
    """Make the first source of a dialect if there is none, and return what to do next."""
    made = database.write_now(first_source, dialect, clock.now())
    look = f"  .venv/bin/tidings profile show --data {data} --user-id u-42\n  .venv/bin/tidings stats --data {data}"
    if made is None:
        return (
            "The source of the first start is still there; its key was shown then.\n"
            f"A new key: .venv/bin/tidings source key add --data {data} 1\nLook around:\n{look}"
        )
    (key,) = made.values()
    body = (
        '{"userId":"u-42","event":"Product Viewed","properties":{"name":"Blue mug"},'
        '"context":{"traits":{"email":"ana@example.org"}}}'
    )
    return (
        f"\nA source for {dialect} clients is ready. Its write key, shown once: {key}\n\n"
        f"Send an event:\n  curl -u {key}: {url}/v1/track -H 'Content-Type: application/json' -d '{body}'\n\n"
        f"See the customer:\n{look}\n\n"
        f"Point an existing client at it: host {url}, write key {key} (docs/dialects/{dialect}.md).\n"
    )


def first_source(tx: Tx, dialect: str, now: int) -> dict[str, str] | None:
    """Make a source of a dialect in the first workspace; None if it has one."""
    workspace_id = service.first_workspace(tx, now)
    if any(source.dialect == dialect for source in store.list_sources(tx, workspace_id)):
        return None
    draft = Source(
        id=0,
        workspace_id=workspace_id,
        brand_id=0,
        brand_currency="",
        dialect=dialect,
        name=dialect,
        trust="server",
        enabled=True,
        settings=SourceSettings(),
    )
    names = next(known.credentials for known in DIALECTS if known.name == dialect)
    _, secrets = service.create_source(tx, draft, None, {name: secret() for name in names}, now)
    return secrets
