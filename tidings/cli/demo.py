"""tidings serve --demo: a workspace with a month in it, told to the server over its own public endpoints."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tidings.app import Server
from tidings.config import Settings
from tidings.db import Tx
from tidings.demo.calls import Brand, Dialect
from tidings.demo.filling import fill
from tidings.demo.sending import Stopped
from tidings.dialects import kinds_of
from tidings.events import store as events
from tidings.kit import clock
from tidings.tenants import deeds, service, store
from tidings.tenants.audit import CLI
from tidings.tenants.model import Source, SourceSettings

if TYPE_CHECKING:
    from rich.progress import Progress

SEED = 1
BRANDS: dict[Brand, tuple[str, str, str]] = {
    "shop": ("demo-shop", "Demo shop", "EUR"),
    "wholesale": ("demo-wholesale", "Demo wholesale", "USD"),
}
DIALECTS: dict[Dialect, str] = {"segment": "Segment", "ripe": "Ripe", "reamaze_data": "Re:amaze"}
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- to be reached, not to listen on
SHARE = 0.25  # of the way between two lines, where there is no terminal
Keys = dict[tuple[Brand, Dialect], str]


class Plan(msgspec.Struct, frozen=True):
    """What an interrupted demo needs to go on as the same demo; kept in the data folder until it is complete.

    Args:
        moment: The present of the demo, UTC milliseconds.
        seed: Of everything that is left to chance.
    """

    moment: int
    seed: int


class Demo:
    """The demo of a server that answers.

    Args:
        server: To be filled.
        data: Its data folder.
        port: Where it listens.
    """

    def __init__(self, server: Server, data: Path, port: int) -> None:
        self._server = server
        self._file = data / "demo.json"
        self._url = own_url(server.settings, port)
        self._thread = threading.Thread(target=self._run, name="tidings-demo", daemon=True)

    def start(self) -> None:
        """Begin to fill, beside the server."""
        self._thread.start()

    def end(self) -> None:
        """Let it say what it has to say, once the server is gone."""
        self._thread.join(5)

    def _run(self) -> None:
        try:
            plan = self._plan()
            if plan is not None:
                self._fill(plan)
        except Stopped as problem:
            click.echo(f"The demo is not complete: {problem}. The next start with --demo goes on with it.", err=True)
        except (service.Invalid, OSError) as problem:
            click.echo(f"No demo: {problem}", err=True)

    def _plan(self) -> Plan | None:
        """Return what is to be filled in, None where there is something in the workspace already."""
        if self._file.exists():
            return msgspec.json.decode(self._file.read_bytes(), type=Plan)
        if self._server.health.lag or self._server.database.read_now(has_events):
            click.echo("There are events already: the demo does not add to them.")
            return None
        plan = Plan(clock.now(), SEED)
        complete = self._file.with_suffix(".new")
        complete.write_bytes(msgspec.json.encode(plan))
        complete.replace(self._file)
        return plan

    def _fill(self, plan: Plan) -> None:
        server, started = self._server, time.monotonic()
        keys: Keys = server.database.write_now(make_sources, clock.now())
        while server.keys.find("ripe", "api_key", keys["wholesale", "ripe"]) is None:
            time.sleep(0.05)  # it looks for new keys now and then
        told = Told()
        with told.shown():
            fill(self._url, server.settings.tls_cert or None, keys, plan.moment, plan.seed, told)
        self._file.unlink()
        click.echo(
            f"The demo is complete: {told.stored} events, {told.refused} more refused on purpose, "
            f"{time.monotonic() - started:.0f} s. Remove the data folder to be rid of it."
        )


class Told:
    """Says how far the demo is: a bar on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self.stored = 0
        self.refused = 0
        self._total = 0
        self._next = SHARE
        self._say: Callable[[], None] = self._line

    def shown(self) -> AbstractContextManager[Any]:
        """Return what shows it as long as it is entered."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console()
        if not console.is_terminal:
            return nullcontext()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        bars = Progress(*columns, console=console)
        self._say = self._bar(bars)
        return bars

    def begin(self, total: int) -> None:
        """So many events are to be sent."""
        self._total = total
        self._say()

    def sent(self, stored: int, refused: int) -> None:
        """So many more have been answered as they should."""
        self.stored += stored
        self.refused += refused
        self._say()

    def _bar(self, bars: "Progress") -> Callable[[], None]:
        task = bars.add_task("Filling in the demo", total=None)
        return lambda: bars.update(task, completed=self.stored + self.refused, total=self._total)

    def _line(self) -> None:
        done = self.stored + self.refused
        if not done:
            click.echo(f"Filling in the demo: {self._total} events.")
        elif done >= self._next * self._total:
            click.echo(f"Filling in the demo: {done} of {self._total} events.")
            self._next = (done / self._total // SHARE + 1) * SHARE


def own_url(settings: Settings, port: int) -> str:
    """Return where this process reaches itself.

    Args:
        settings: Where it was told to listen.
        port: Where it listens.
    """
    host = ANYWHERE.get(settings.host, settings.host)
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def has_events(tx: Tx) -> bool:
    """Tell whether the first workspace has events."""
    workspace_id = store.workspace_id(tx, service.WORKSPACE)
    return workspace_id is not None and events.get_counts(tx, workspace_id).get("events", 0) > 0


def make_sources(tx: Tx, now: int) -> Keys:
    """Make two brands with a source of each dialect, or take those of an interrupted demo; return a key of each.

    A key that is stored cannot be read again, so an interrupted demo's sources get new ones and lose the old.
    """
    workspace_id = service.first_workspace(tx, now)
    present = {source.name: source for source in store.list_sources(tx, workspace_id)}
    brands = {row["key"] for row in store.list_brands(tx, workspace_id)}
    keys: Keys = {}
    for brand, (label, title, currency) in BRANDS.items():
        if label not in brands:
            deeds.create_brand(tx, CLI, workspace_id, label, title, currency, now)
        for dialect, vendor in DIALECTS.items():
            name, kinds = f"{title} ({vendor})", kinds_of(dialect)
            if name in present:
                keys[brand, dialect] = renew(tx, present[name], now)
                continue
            draft = Source(
                id=0,
                workspace_id=workspace_id,
                brand_id=0,
                brand_currency="",
                dialect=dialect,
                name=name,
                trust="server",
                enabled=True,
                settings=SourceSettings(),
            )
            _, secrets = deeds.create_source(tx, CLI, draft, label, dict.fromkeys(kinds.names), now, kinds)
            keys[brand, dialect] = secrets[kinds.usual]
    return keys


def renew(tx: Tx, source: Source, now: int) -> str:
    """Give a source another key for the one that it has, and return it."""
    kinds = kinds_of(source.dialect)
    for row in store.list_credentials(tx, source.workspace_id, source.id):
        if row["name"] == kinds.usual:
            deeds.revoke_credential(tx, CLI, source.workspace_id, source.id, row["id"], now)
    return deeds.add_credential(tx, CLI, source, kinds.usual, None, now, kinds)
