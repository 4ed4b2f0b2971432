"""What a new installation is told: lines that work as printed."""

from pathlib import Path

from tidings.db import Database, Tx
from tidings.dialects import dialect_of, kinds_of
from tidings.kit import clock
from tidings.tenants import deeds, service, store
from tidings.tenants.audit import CLI
from tidings.tenants.model import Source, SourceSettings


def console_line(url: str, setup_code: str) -> str:
    """Return where the console is, with the code that makes the first owner where there is none yet.

    Args:
        url: Where the server answers.
        setup_code: Goes behind "#", which browsers never send and nobody logs; "" where there is an owner.
    """
    if not setup_code:
        return f"Console: {url}/console"
    return f"Console: {url}/console/set-up#{setup_code} (set-up code: {setup_code})"


def first_steps(database: Database, dialect: str, url: str, data: Path) -> str:
    """Make the first source of a dialect if there is none, and return what to do next."""
    source, made = database.write_now(first_source, dialect, clock.now())
    look = f"  .venv/bin/tidings profile show --data {data} --user-id u-42\n  .venv/bin/tidings stats --data {data}"
    if made is None:
        return (
            "The source of the first start is still there; its key was shown then.\n"
            f"A new key: .venv/bin/tidings source key add --data {data} {source.id}\nLook around:\n{look}"
        )
    credentials = "".join(f"  {name}: {value}\n" for name, value in made.items())
    return (
        f"\nA source for {dialect} clients is ready. Its credentials, shown once:\n{credentials}\n"
        f"Send an event:\n  {dialect_of(dialect).example(url, made)}\n\n"
        f"See the customer:\n{look}\n\n"
        f"Point an existing client at {url}: docs/dialects/ says how.\n"
    )


def first_source(tx: Tx, dialect: str, now: int) -> tuple[Source, dict[str, str] | None]:
    """Make a source of a dialect in the first workspace and return its secrets too; None if there was one before."""
    workspace_id = service.first_workspace(tx, now)
    for source in store.list_sources(tx, workspace_id):
        if source.dialect == dialect:
            return source, None
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
    kinds = kinds_of(dialect)
    return deeds.create_source(tx, CLI, draft, None, dict.fromkeys(kinds.names), now, kinds)
