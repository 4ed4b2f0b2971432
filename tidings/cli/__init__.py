"""The command line: every figure has a --json form, every command works while the server runs."""

import click

from tidings import __version__
from tidings.cli.reading import events, profile, stats
from tidings.cli.serving import serve
from tidings.cli.tenants import brand, source, token, workspace
from tidings.cli.upkeep import backup, doctor, restore


@click.group(context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None})
@click.version_option(__version__)
def main() -> None:
    """Tidings: a self-hosted customer event and engagement hub."""


for command in (serve, workspace, brand, source, token, stats, events, profile, backup, restore, doctor):
    main.add_command(command)
