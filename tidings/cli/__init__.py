"""The command line: every figure has a --json form, every command works while the server runs."""

import click

from tidings import __version__
from tidings.cli.changing import export_, forget, retry
from tidings.cli.compacting import compact
from tidings.cli.importing import import_
from tidings.cli.reading import events, profile, stats
from tidings.cli.serving import serve
from tidings.cli.suppressing import suppression
from tidings.cli.tenants import brand, source, token, workspace
from tidings.cli.types import types
from tidings.cli.upkeep import backup, doctor, restore
from tidings.cli.users import user


@click.group(context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None})
@click.version_option(__version__)
def main() -> None:
    """Tidings: a self-hosted customer event and engagement hub."""


for command in (serve, workspace, brand, source, types, token, user):
    main.add_command(command)
for command in (import_, suppression, stats, events, profile, backup, restore, doctor, compact):
    main.add_command(command)
events.add_command(retry)
profile.add_command(forget)
profile.add_command(export_)
