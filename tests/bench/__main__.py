"""Measure what the issue of the ground asks to be fast; print a table and write JSON.

    python -m tests.bench [--events 5000000] [--seconds 8] [--rounds 3] [--out bench-results]

Figures of one machine mean little; the ratios within one run do. Each ratio takes the median of rounds in which the
servers take turns, so that a slow minute of the machine hits all of them.
"""

import argparse
import json
import platform
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.load import HEAVY, SINGLES, Load, batches, prepared, run
from tests.bench.servers import Measured
from tests.serving import TIDINGS, wait_for

CONNECTIONS = 64
PROFILES = 500_000
STEP = 500_000
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


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--events", type=int, default=5_000_000, help="stored events of the whole-path curve")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of one round of a ratio")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of a ratio")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="folder of the JSON")
    chosen = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="tidings-bench-", dir=Path.cwd()) as folder:
        acknowledgements(report, Path(folder), chosen.rounds, chosen.seconds)
        whole_path(report, Path(folder) / "whole", chosen.events)
    console.print(report.table())
    chosen.out.mkdir(exist_ok=True)
    machine = {"machine": platform.processor() or platform.machine(), "cores": psutil.cpu_count(), "rows": report.rows}
    path = chosen.out / f"bench-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(machine, indent=2))
    console.print(f"written to {path}")


def acknowledgements(report: Report, folder: Path, rounds: int, seconds: float) -> None:
    """Single requests and batches of 100, against an app that reads the body and answers 200."""
    rates: dict[str, list[float]] = {"baseline": [], "idle": [], "tidings": []}
    hundreds: dict[str, list[float]] = {"idle": [], "tidings": []}
    others: dict[str, list[float]] = {kind: [] for kind in SINGLES if kind != "segment"}
    late: list[float] = []
    for turn in range(rounds):
        for kind, measured in rates.items():
            data = folder / f"{kind}-{turn}"
            key = create_source(data)
            server = Measured(kind, data)
            load = one_by_one(server, "segment", key, turn, seconds)
            measured.append(load.rate)
            if kind == "tidings":
                late.append(load.percentile(0.99))
                settle(server)
            if kind != "baseline":
                made = list(batches(key, 50_000, turn + 100, 100, int(1_500 * seconds)))
                load = run(server.port, lambda made=made: iter(made), connections=CONNECTIONS, seconds=seconds)  # type: ignore[misc]
                hundreds[kind].append(load.rate * 100)
            server.stop()
        for place, (kind, measured) in enumerate(others.items()):
            data = folder / f"other-{place}-{turn}"
            key = create_source(data, kind.split(" ")[0])
            server = Measured("tidings", data)
            measured.append(one_by_one(server, kind, key, turn, seconds).rate)
            server.stop()
    base, idle, busy = (statistics.median(rates[kind]) for kind in rates)
    report.add("requests/s of the app that only reads and answers", base, "requests/s")
    report.add("durable single track, pipeline idle", idle, "requests/s")
    report.add("durable single track, pipeline at work", busy, "requests/s")
    report.add("ratio, pipeline idle", idle / base, "")
    report.add("ratio, pipeline at work", busy / base, "", ">= 0.45", holds=busy / base >= 0.45)
    report.add("p99 of acknowledgement, 64 connections", statistics.median(late), "ms", "< 50", holds=max(late) < 50)
    for kind, measured in others.items():
        rate = statistics.median(measured)
        report.add(f"durable single event, {kind}, pipeline at work", rate, "requests/s")
        report.add(f"ratio, {kind}, pipeline at work", rate / base, "", ">= 0.45", holds=rate / base >= 0.45)
    for kind, label in (("idle", "pipeline idle"), ("tidings", "pipeline at work")):
        rate = statistics.median(hundreds[kind])
        report.add(f"batches of 100, {label}", rate, "events/s", ">= 100000", holds=rate >= 100_000)


def one_by_one(server: Measured, kind: str, key: str, turn: int, seconds: float) -> Load:
    """Requests with one event each, after some to warm up."""
    requests = prepared(kind, key, 50_000, turn, int(25_000 * seconds))
    run(server.port, lambda: iter(requests[:2_000]), connections=CONNECTIONS, seconds=seconds)
    load = run(server.port, lambda: iter(requests[2_000:]), connections=CONNECTIONS, seconds=seconds)
    assert not load.refused, "a request was refused"
    return load


def whole_path(report: Report, data: Path, events: int) -> None:
    """HTTP in batches of 20 to the profile committed, from empty to ``events``; then timeline, size, start."""
    key = create_source(data)
    server = Measured("tidings", data)
    report.add("ready on an empty folder", server.ready_seconds, "s", "< 2", holds=server.ready_seconds < 2)
    idle(report, server, "empty")
    rate = 0.0
    for step in range(max(1, events // STEP)):
        made = list(batches(key, PROFILES, step + 1_000, 20, min(STEP, events) // 20))
        started = time.perf_counter()
        load = run(server.port, lambda made=made: iter(made), connections=8, seconds=3_600)  # type: ignore[misc]
        settle(server)
        rate = len(made) * 20 / (time.perf_counter() - started)
        assert not load.refused
        report.add(f"whole path, {step * STEP:,} to {(step + 1) * STEP:,} stored", rate, "events/s")
    bound = ">= 12000 (at 5 million)"
    report.add(f"whole path at {events:,} stored events", rate, "events/s", bound, holds=rate >= 12_000)
    peak = high_water(server)
    report.add("peak memory of the server under this load", peak, "MiB")
    timeline(report, server, data)
    server.stop()
    server = Measured("tidings", data)
    report.add("ready with all that stored", server.ready_seconds, "s", "< 2", holds=server.ready_seconds < 2)
    idle(report, server, "full")
    server.stop()


def timeline(report: Report, server: Measured, data: Path) -> None:
    """The first page of a long timeline, over HTTP."""
    token = cli(data, "token", "create")["token"]
    wait_for(lambda: get(server, "/tidings/v1/stats", token) is not None)
    profile = get(server, f"/tidings/v1/profiles/by/user_id/{HEAVY.decode()}", token)
    times = []
    for _ in range(20):
        started = time.perf_counter()
        page = get(server, f"/tidings/v1/profiles/{profile['id']}/timeline?limit=50", token)
        times.append(1000 * (time.perf_counter() - started))
        assert page is not None
    middle = statistics.median(times)
    report.add(
        f"first page of a timeline of {profile['event_count']:,} events", middle, "ms", "< 20", holds=middle < 20
    )


def idle(report: Report, server: Measured, label: str) -> None:
    """Memory and processor time of a server that nobody asks anything."""
    process = psutil.Process(server.process.pid)
    before = sum(process.cpu_times()[:2])
    time.sleep(10)
    share = 100 * (sum(process.cpu_times()[:2]) - before) / 10
    size = process.memory_info().rss / 2**20
    report.add(f"idle memory, {label} folder", size, "MiB", "< 150", holds=size < 150)
    report.add(f"idle processor, {label} folder", share, "%", "< 1", holds=share < 1)


def high_water(server: Measured) -> float:
    """Return the largest memory that the server ever had, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


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


main()
