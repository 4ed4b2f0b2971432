"""What every measurement uses: the table, the command line, questions to the server."""

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.servers import Measured
from tests.serving import TIDINGS, wait_for

console = Console()


class Report:
    """Rows of the table: what, figure, bound, and whether it holds."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, what: str, figure: float, unit: str, bound: str = "", *, holds: bool | None = None) -> None:
        """Add a row and say it at once."""
        self.rows.append({"what": what, "figure": round(figure, 3), "unit": unit, "bound": bound, "holds": holds})
        verdict = "" if holds is None else "holds" if holds else "[red]MISSED[/red]"
        console.print(f"{what}: {figure:,.2f} {unit} {bound and f'(bound {bound})'} {verdict}")

    def table(self) -> Table:
        """Return everything as a table."""
        table = Table("what", "figure", "unit", "bound", "")
        for row in self.rows:
            verdict = "" if row["holds"] is None else "holds" if row["holds"] else "MISSED"
            table.add_row(row["what"], f"{row['figure']:,}", row["unit"], row["bound"], verdict)
        return table


def settle(server: Measured) -> None:
    """Wait until everything acknowledged is processed."""
    wait_for(lambda: get(server, "/readyz")["lag"] == 0, 3_600)


def get(server: Measured, path: str, token: str | None = None) -> Any:
    """Return a JSON document of the server, None while the token is not known yet."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 401:
                return None
            raise


def create_source(data: Path, dialect: str = "segment") -> str:
    """Make a source and return its key."""
    made = cli(data, "source", "create", dialect)
    return str(made["write_key" if dialect == "segment" else "api_key"])


def cli(data: Path, *arguments: str) -> Any:
    """Run a command over a folder."""
    command = [*TIDINGS, *arguments, "--data", str(data), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
