"""tidings stats, events, profile: what is stored."""

from pathlib import Path
from typing import Any

import click
import msgspec

from tidings.cli.place import NUMBER, data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.db import Database
from tidings.events import store as event_store
from tidings.events.service import present, stats_of
from tidings.folder import Folder
from tidings.kit import clock
from tidings.kit import email as emails
from tidings.kit.digest import digest
from tidings.kit.times import iso
from tidings.log.sqlite import appended
from tidings.profiles import deeds
from tidings.profiles import service as profiles
from tidings.tenants import audit
from tidings.tenants import store as tenants


@click.command()
@workspace_option
@data_option
@json_option
def stats(workspace: str, data: Path, as_json: bool) -> None:
    """Show what is stored and what is still to be processed."""
    with opened(data) as database:
        found = database.read_now(stats_of, workspace_of(database, workspace), appended(Folder(data).log))
    show(found, "\n".join(f"{name:>12}  {value}" for name, value in found.items()), as_json=as_json)


@click.group()
def events() -> None:
    """Stored events."""


@events.command("list")
@click.option("--message-id", help="Only the event that came with this id.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Events at most.")
@workspace_option
@data_option
@json_option
def events_list(message_id: str | None, limit: int, workspace: str, data: Path, as_json: bool) -> None:
    """Show stored events, newest first."""
    with opened(data) as database:
        rows = matching(database, workspace_of(database, workspace), message_id, limit)
    found = [present(row) for row in rows]
    lines = [f"{e['id']:>8}  {iso(e['time'])}  {e['verb']:<8}  {e['name'] or ''}  {e['message_id']}" for e in found]
    show(found, "\n".join(lines) or "no events", as_json=as_json)


def matching(database: Database, workspace_id: int, message_id: str | None, limit: int) -> list[dict[str, Any]]:
    """Return stored events, all or by message id."""
    ids = list(database.read_now(tenants.name_sources, workspace_id))
    if message_id is None:
        return database.read_now(event_store.find_events, workspace_id, ids, event_store.Filter(), limit)[0]
    return database.read_now(event_store.by_message, workspace_id, digest(message_id), ids)[:limit]


@click.group()
def profile() -> None:
    """Customers."""


@profile.command("show")
@click.option("--email", help="Address of the customer.")
@click.option("--user-id", help="The shop's own id of the customer.")
@click.option("--id", "profile_id", type=NUMBER, help="Number of the profile.")
@workspace_option
@data_option
@json_option
def profile_show(
    email: str | None,
    user_id: str | None,
    profile_id: int | None,
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Show one customer, with what was merged into it."""
    if sum(given is not None for given in (email, user_id, profile_id)) != 1:
        raise click.UsageError("give one of --email, --user-id and --id")
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        if profile_id is not None:
            found = database.read_now(profiles.view, wall, profile_id)
        elif email is not None:
            found = database.read_now(profiles.find, wall, "email", emails.normalise(email) or email)
        else:
            found = database.read_now(profiles.find, wall, "user_id", user_id or "")
    if found is None:
        raise click.ClickException("no such profile (events are processed within a moment: see 'tidings stats', lag)")
    show(msgspec.structs.asdict(found), as_text(found), as_json=as_json)


@profile.command("unmerge")
@click.argument("child_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def profile_unmerge(child_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Take the merge of profile CHILD_ID into another one back (profile show lists merges)."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        done = database.write_now(deeds.unmerge, audit.CLI, wall, child_id, clock.now())
    if not done:
        raise click.ClickException(f"profile {child_id} is not merged into another")
    show({"unmerged": child_id}, f"profile {child_id} stands by itself again", as_json=as_json)


def as_text(found: profiles.ProfileView) -> str:
    """Return a profile for people."""
    lines = [f"profile {found.id}, {found.event_count} events, first seen {iso(found.first_seen)}"]
    if found.last_seen is not None:
        lines[0] += f", last {iso(found.last_seen)}"
    lines += [f"  {row['kind']}: {row['value']}" for row in found.identifiers]
    lines += [f"  {name} = {value}" for name, value in found.traits.items()]
    lines += [f"  lifetime value {amount} {currency}" for currency, amount in found.lifetime_value.items()]
    lines += [f"  group {group['id']} since {iso(group['since'])}" for group in found.groups]
    lines += [f"  merged: {row['child_id']} into {row['parent_id']} by {row['cause']}" for row in found.merges]
    lines += [
        f"  conflict with {row['other_id']} over {row['kind']} {row['value']}: {row['reason']}"
        for row in found.conflicts
    ]
    return "\n".join(lines)
