"""tidings compact."""

from pathlib import Path

import click

from tidings.cli.alone import left_to_the_pipeline
from tidings.cli.place import data_option, json_option, opened, show
from tidings.db import compactions
from tidings.db.squeezing import keep_copies_in
from tidings.folder import Folder
from tidings.kit import clock

MIB = 1024 * 1024
ASIDE = "replaced-*"  # what 'tidings restore --replace' has moved aside


@click.command()
@click.option(
    "--wait", "seconds", type=click.IntRange(1), default=3600, show_default=True, help="Seconds to wait for a server."
)
@data_option
@json_option
def compact(seconds: int, data: Path, as_json: bool) -> None:
    """Leave no byte of what was erased in the data folder: write its files anew, whether the server runs or not."""
    keep_copies_in(data)
    with opened(data) as database:
        before = size_of(data)
        number = database.write_now(compactions.ask, clock.now())
        done = left_to_the_pipeline(
            data, database, lambda: database.read_now(compactions.outcome, number).done, seconds
        )
        failure = database.read_now(compactions.outcome, number).failure
    if not done:
        raise click.ClickException(f"the server has not done it within {seconds} s; it goes on trying, and logs it")
    if failure is not None:
        raise click.ClickException(failure)
    aside = sorted(str(path) for path in data.glob(ASIDE))
    after = size_of(data)
    lines = [f"{data} is compacted: {before / MIB:.1f} MiB before, {after / MIB:.1f} MiB after"]
    lines += [f"  {path} still holds what was there before a restore: remove it" for path in aside]
    document = {"before_bytes": before, "after_bytes": after, "replaced": aside}
    show(document, "\n".join(lines), as_json=as_json)


def size_of(data: Path) -> int:
    """Return how many bytes the two files of a folder have, with their write-ahead logs."""
    folder = Folder(data)
    files = [path.with_name(path.name + suffix) for path in (folder.state, folder.log) for suffix in ("", "-wal")]
    return sum(file.stat().st_size for file in files if file.exists())
