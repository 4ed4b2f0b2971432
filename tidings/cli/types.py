"""tidings types: which types of events an operator knows, and what they have."""

from pathlib import Path
from typing import Any, cast, get_args

import click

from tidings.cli.place import NUMBER, data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import vocabulary, vocabulary_store
from tidings.tenants.audit import CLI
from tidings.tenants.model import Declared, Property, PropertyKind

KINDS = get_args(PropertyKind)


@click.group()
def types() -> None:
    """Types of events that you know: what is not as declared is taken with a note."""


@types.command("add")
@click.argument("name", metavar="TYPE")
@click.argument("subtype", default="")
@click.option("--property", "optional", multiple=True, metavar="NAME=KIND",
              help=f"A property that its events can have; KIND is {', '.join(KINDS)}.")  # fmt: skip
@click.option("--required", multiple=True, metavar="NAME=KIND", help="One that all of them have.")
@workspace_option
@data_option
@json_option
def types_add(
    name: str,
    subtype: str,
    optional: tuple[str, ...],
    required: tuple[str, ...],
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Declare a type of events; one of the same name is replaced. Without SUBTYPE it stands for all others."""
    properties = {key: Property(kind=kind) for key, kind in map(split, optional)}
    properties |= {key: Property(kind=kind, required=True) for key, kind in map(split, required)}
    with opened(data, make=True) as database:
        draft = Declared(
            id=0,
            workspace_id=workspace_of(database, workspace),
            type=name,
            subtype=subtype,
            properties=properties,
            created_at=clock.now(),
        )
        made = database.write_now(vocabulary.declare, CLI, draft)
    show(described(made), f"type {made.id}: {line(made)}", as_json=as_json)


@types.command("list")
@workspace_option
@data_option
@json_option
def types_list(workspace: str, data: Path, as_json: bool) -> None:
    """Show the declared types of a workspace."""
    with opened(data) as database:
        found = database.read_now(vocabulary_store.list_declared, workspace_of(database, workspace))
    show([described(one) for one in found], "\n".join(f"{one.id:>4}  {line(one)}" for one in found), as_json=as_json)


@types.command("remove")
@click.argument("type_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def types_remove(type_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Take a declaration back; events of the type are taken as before, without notes."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        gone = database.write_now(vocabulary.withdraw, CLI, wall, type_id, clock.now())
    show({"removed": type_id}, f"type {type_id} ({gone.title}) removed", as_json=as_json)


def split(text: str) -> tuple[str, PropertyKind]:
    """Return name and kind of a property from NAME=KIND."""
    name, _, kind = text.rpartition("=")
    if not name.strip() or kind not in KINDS:
        raise click.UsageError(f"{text!r}: write NAME=KIND, and for KIND one of {', '.join(KINDS)}")
    return name.strip(), cast(PropertyKind, kind)


def described(declared: Declared) -> dict[str, Any]:
    """Return what is shown of a declared type."""
    properties = {name: {"kind": one.kind, "required": one.required} for name, one in declared.properties.items()}
    return {
        "id": declared.id,
        "type": declared.type,
        "subtype": declared.subtype,
        "properties": properties,
        "created": iso(declared.created_at),
    }


def line(declared: Declared) -> str:
    """Return a declared type as a line."""
    marks = [f"{name}{'!' if one.required else ''}={one.kind}" for name, one in declared.properties.items()]
    return "  ".join([declared.title, *marks])
