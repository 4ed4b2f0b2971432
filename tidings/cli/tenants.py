"""tidings workspace, brand, source, token: what an operator sets up."""

from pathlib import Path
from typing import Any, cast, get_args
from zoneinfo import available_timezones

import click
import msgspec

from tidings.cli.place import NUMBER, address, data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.db import Tx
from tidings.dialects import DIALECTS, dialect_of, first_parts, kinds_of
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import deeds, handshakes, handshakes_store, store
from tidings.tenants.audit import CLI
from tidings.tenants.model import Kinds, Scope, Source, SourceSettings, Trust
from tidings.tenants.rules import prefix_fault

SETTINGS = [field.name for field in msgspec.structs.fields(SourceSettings)]


@click.group()
def workspace() -> None:
    """The walls between customers of an installation."""


@workspace.command("create")
@click.argument("name")
@click.option("--time-zone", default="UTC", show_default=True, help="IANA name, for windows and schedules.")
@data_option
@json_option
def workspace_create(name: str, time_zone: str, data: Path, as_json: bool) -> None:
    """Make a workspace."""
    if time_zone not in available_timezones():
        raise click.BadParameter(f"{time_zone!r} is no IANA time zone", param_hint="--time-zone")
    with opened(data, make=True) as database:
        made = database.write_now(deeds.create_workspace, CLI, name, time_zone, clock.now())
        show({"id": made, "name": name, "time_zone": time_zone}, f"workspace {name} ({made})", as_json=as_json)


@workspace.command("list")
@data_option
@json_option
def workspace_list(data: Path, as_json: bool) -> None:
    """Show all workspaces."""
    with opened(data) as database:
        found = database.read_now(store.list_workspaces)
        show(found, "\n".join(f"{w['id']:>4}  {w['name']}  {w['time_zone']}" for w in found), as_json=as_json)


@click.group()
def brand() -> None:
    """Shops and sites of a workspace."""


@brand.command("create")
@click.argument("key")
@click.option("--name", help="What people call it (default: the key).")
@click.option("--currency", default="USD", show_default=True, help="ISO 4217, for amounts that name none.")
@workspace_option
@data_option
@json_option
def brand_create(key: str, name: str | None, currency: str, workspace: str, data: Path, as_json: bool) -> None:
    """Make a brand; KEY is the first label of its hosts."""
    with opened(data, make=True) as database:
        wall = workspace_of(database, workspace)
        made = database.write_now(deeds.create_brand, CLI, wall, key, name or key, currency, clock.now())
        show(
            {"id": made, "key": key, "name": name or key, "currency": currency.upper()}, f"brand {key}", as_json=as_json
        )


@brand.command("list")
@workspace_option
@data_option
@json_option
def brand_list(workspace: str, data: Path, as_json: bool) -> None:
    """Show the brands of a workspace."""
    with opened(data) as database:
        found = database.read_now(store.list_brands, workspace_of(database, workspace))
        show(found, "\n".join(f"{b['key']}  {b['name']}  {b['currency']}" for b in found), as_json=as_json)


@click.group()
def source() -> None:
    """Where events come from: dialect, keys, trust."""


@source.command("create")
@click.argument("dialect", type=click.Choice([dialect.name for dialect in DIALECTS]))
@click.option("--brand", "brand_key", help="Key of its brand (default: the workspace's first).")
@click.option("--name", help="What people call it (default: the dialect).")
@click.option("--trust", type=click.Choice(get_args(Trust)), default="server", show_default=True,
              help="server: the key is secret. browser: it is public, and may only do what a browser may.")  # fmt: skip
@click.option("--prefix", metavar="NAME", help="Also answer its dialect below /NAME, for this source alone.")
@click.option("--set", "pinned", multiple=True, metavar="NAME=VALUE",
              help="Pin a credential, so that clients need not change, or set a setting.")  # fmt: skip
@click.option("--token", "tokens", multiple=True, metavar="VALUE", help="A further key that clients have already.")
@workspace_option
@data_option
@json_option
def source_create(  # noqa: PLR0913
    dialect: str,
    brand_key: str | None,
    name: str | None,
    trust: Trust,
    prefix: str | None,
    pinned: tuple[str, ...],
    tokens: tuple[str, ...],
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Make a source and print its credentials, which are shown this once."""
    kinds = kinds_of(dialect)
    given = pairs(pinned) | ({} if prefix is None else {"prefix": prefix})
    settings = settings_from({key: value for key, value in given.items() if key not in kinds.names}, SourceSettings())
    with opened(data, make=True) as database:
        wall = workspace_of(database, workspace)
        draft = Source(
            id=0,
            workspace_id=wall,
            brand_id=0,
            brand_currency="",
            dialect=dialect,
            name=name or dialect,
            trust=trust,
            enabled=True,
            settings=settings,
        )
        credentials = {credential: given.get(credential) for credential in kinds.names}
        made, secrets = database.write_now(
            make_source, draft, brand_key, credentials, tuple(dict.fromkeys(tokens)), kinds
        )
    lines = [f"source {made.id} ({made.name}, {made.dialect}, trust {made.trust})"]
    lines += [f"  {key}: {value}" for key, value in secrets.items()]
    lines += [f"  {kinds.usual} too: {value}" for value in tokens]
    base = "/".join(filter(None, (address(data), settings.prefix)))
    lines += ["Send an event:", f"  {dialect_of(dialect).example(base, secrets)}"]
    further = {"tokens": list(tokens)} if tokens else {}
    show(describe(made) | secrets | further, "\n".join(lines), as_json=as_json)


@source.command("list")
@workspace_option
@data_option
@json_option
def source_list(workspace: str, data: Path, as_json: bool) -> None:
    """Show the sources of a workspace."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        found = database.read_now(store.list_sources, wall)
        ended = {number: iso(at) for number, at in database.read_now(handshakes_store.list_ended, wall).items()}
    lines = [
        f"{s.id:>4}  {s.name}  {s.dialect}  {s.trust}{'' if s.enabled else '  disabled'}"
        + (f"  plugin taken out {ended[s.id]}" if s.id in ended else "")
        for s in found
    ]
    shown = [describe(s) | ({"plugin_ended": ended[s.id]} if s.id in ended else {}) for s in found]
    show(shown, "\n".join(lines), as_json=as_json)


@source.command("set")
@click.argument("source_id", type=NUMBER)
@click.argument("changes", nargs=-1, required=True, metavar="NAME=VALUE...")
@workspace_option
@data_option
@json_option
def source_set(source_id: int, changes: tuple[str, ...], workspace: str, data: Path, as_json: bool) -> None:
    """Change settings of a source; a running server honours them within a second."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        present = database.read_now(store.get_source, wall, source_id)
        if present is None:
            raise click.ClickException(f"there is no source {source_id} in workspace {workspace!r}")
        settings = settings_from(pairs(changes), present.settings)
        changed = database.write_now(
            deeds.change_source, CLI, wall, source_id, enabled=None, settings=settings, now=clock.now()
        )
    show(describe(changed), f"source {source_id} changed", as_json=as_json)


@source.command("disable")
@click.argument("source_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def source_disable(source_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Refuse what a source sends from now on; nothing is deleted."""
    switch(data, workspace, source_id, enabled=False, as_json=as_json)


@source.command("enable")
@click.argument("source_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def source_enable(source_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Take what a source sends again."""
    switch(data, workspace, source_id, enabled=True, as_json=as_json)


@source.command("open-install")
@click.argument("source_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def source_open_install(source_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Let one plugin of a shop connect to a source of Remarkety within 15 minutes; prints its password."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        code, until = database.write_now(handshakes.open_window, CLI, wall, source_id, clock.now())
    text = f"password: {code}\nIt works once, until {iso(until)}. The plugin's other fields can be anything."
    show({"source_id": source_id, "password": code, "until": iso(until)}, text, as_json=as_json)


@source.group("key")
def source_key() -> None:
    """Further keys of a source, for rotation without a gap."""


@source_key.command("add")
@click.argument("source_id", type=NUMBER)
@click.option("--name", "credential", help="Name of the credential (default: the dialect's first secret).")
@click.option("--value", help="Pin it to this value (default: a new random one).")
@workspace_option
@data_option
@json_option
def key_add(
    source_id: int,
    credential: str | None,
    value: str | None,
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Add a key to a source; the present ones go on working."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        found = database.read_now(store.get_source, wall, source_id)
        if found is None:
            raise click.ClickException(f"there is no source {source_id} in workspace {workspace!r}")
        kinds = kinds_of(found.dialect)
        name = credential or kinds.usual
        if name not in kinds.names:
            raise click.BadParameter(f"{found.dialect} has {', '.join(kinds.names)}", param_hint="--name")
        made = database.write_now(deeds.add_credential, CLI, found, name, value, clock.now(), kinds)
    show({"source_id": source_id, name: made}, f"{name}: {made}", as_json=as_json)


@source_key.command("list")
@click.argument("source_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def key_list(source_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Show which keys a source has, by their last characters; names in full."""
    with opened(data) as database:
        found = database.read_now(store.list_credentials, workspace_of(database, workspace), source_id)
    lines = [f"{c['id']:>4}  {c['name']}  {c['hint']}  since {iso(c['created_at'])}" for c in found]
    show(found, "\n".join(lines), as_json=as_json)


@source_key.command("revoke")
@click.argument("source_id", type=NUMBER)
@click.argument("key_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def key_revoke(source_id: int, key_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Make a key useless within a second."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        database.write_now(deeds.revoke_credential, CLI, wall, source_id, key_id, clock.now())
    show({"revoked": key_id}, f"key {key_id} revoked", as_json=as_json)


@click.group()
def token() -> None:
    """Bearer tokens of the own API."""


@token.command("create")
@click.option("--name", default="cli", show_default=True, help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(get_args(Scope)),
    default=["read"],
    show_default=True,
    help="read: look at everything. write: change data. admin: sources, keys and tokens.",
)
@workspace_option
@data_option
@json_option
def token_create(name: str, scopes: tuple[str, ...], workspace: str, data: Path, as_json: bool) -> None:
    """Make a token, which is shown this once."""
    with opened(data, make=True) as database:
        wall = workspace_of(database, workspace)
        chosen = cast(tuple[Scope, ...], tuple(scopes))
        made, secret = database.write_now(deeds.create_token, CLI, wall, name, chosen, clock.now())
    show({"id": made.id, "name": name, "scopes": scopes, "token": secret}, f"token: {secret}", as_json=as_json)


@token.command("list")
@workspace_option
@data_option
@json_option
def token_list(workspace: str, data: Path, as_json: bool) -> None:
    """Show the tokens of a workspace, by their last characters."""
    with opened(data) as database:
        found = database.read_now(store.list_tokens, workspace_of(database, workspace))
    lines = [f"{t['id']:>4}  {t['name']}  {t['hint']}  {' '.join(t['scopes'])}" for t in found]
    show(found, "\n".join(lines), as_json=as_json)


@token.command("revoke")
@click.argument("token_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def token_revoke(token_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Make a token useless within a second."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        database.write_now(deeds.revoke_token, CLI, wall, token_id, clock.now())
    show({"revoked": token_id}, f"token {token_id} revoked", as_json=as_json)


def make_source(
    tx: Tx,
    draft: Source,
    brand_key: str | None,
    credentials: dict[str, str | None],
    tokens: tuple[str, ...],
    kinds: Kinds,
) -> tuple[Source, dict[str, str]]:
    """Make a source with its credentials, and further keys that its clients have already."""
    now = clock.now()
    made, secrets = deeds.create_source(tx, CLI, draft, brand_key, credentials, now, kinds)
    for value in tokens:
        if value.strip() != secrets[kinds.usual]:
            deeds.add_credential(tx, CLI, made, kinds.usual, value, now, kinds)
    return made, secrets


def switch(data: Path, workspace: str, source_id: int, *, enabled: bool, as_json: bool) -> None:
    """Switch a source on or off."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        changed = database.write_now(
            deeds.change_source, CLI, wall, source_id, enabled=enabled, settings=None, now=clock.now()
        )
    show(describe(changed), f"source {source_id} {'enabled' if enabled else 'disabled'}", as_json=as_json)


def describe(source: Source) -> dict[str, Any]:
    """Return what is shown of a source: nothing secret."""
    shown: dict[str, Any] = msgspec.to_builtins(source)
    shown["settings"] = {name: getattr(source.settings, name) for name in SETTINGS}
    return shown


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """Return NAME=VALUE arguments as a dictionary."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r}: write NAME=VALUE")
        found[name.strip()] = value
    return found


def settings_from(changes: dict[str, str], present: SourceSettings) -> SourceSettings:
    """Return settings of a source with some of them changed."""
    merged: dict[str, Any] = {name: getattr(present, name) for name in SETTINGS}
    for name, value in changes.items():
        if name not in merged:
            raise click.UsageError(
                f"{name!r} is neither a credential of this dialect nor a setting ({', '.join(SETTINGS)})"
            )
        merged[name] = [part.strip() for part in value.split(",") if part.strip()] if name == "origins" else value
    try:
        settings = msgspec.convert(merged, SourceSettings, strict=False)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from None
    if fault := prefix_fault(settings.prefix, first_parts()):
        raise click.UsageError(f"prefix {settings.prefix!r}: {fault}")
    return settings
