"""Measure what has to be fast; print a table and write JSON.

    python -m tests.bench [--only replies|events|orders|pages] [--events 5000000] [--orders 1000000] [--seconds 8]

Figures of one machine mean little; the ratios within one run do. Each ratio takes the median of rounds in which the
servers take turns, so that a slow minute of the machine hits all of them.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench import shop
from tests.bench.load import HEAVY, SINGLES, Load, batches, prepared, run
from tests.bench.measuring import Report, cli, console, create_source, get, settle
from tests.bench.pages import pages
from tests.bench.servers import Measured
from tests.serving import wait_for

CONNECTIONS = 64
PROFILES = 500_000
STEP = 500_000
VIEWS = 100_000
ORDERS_STEP = 100_000
STORED = 1_000_000  # events behind the pages of the console
SHOPPING = 50_000  # orders with everything around them


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--events", type=int, default=5_000_000, help="stored events of the whole-path curve")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of one round of a ratio")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of a ratio")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="folder of the JSON")
    parser.add_argument("--orders", type=int, default=1_000_000, help="stored orders of the curve of a shop")
    parser.add_argument("--only", choices=["replies", "events", "orders", "pages"], help="a part of it")
    chosen = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="tidings-bench-", dir=Path.cwd()) as folder:
        if chosen.only in (None, "replies"):
            acknowledgements(report, Path(folder), chosen.rounds, chosen.seconds)
        if chosen.only in (None, "events"):
            whole_path(report, Path(folder) / "whole", chosen.events)
        if chosen.only in (None, "orders"):
            orders_path(report, Path(folder) / "orders", chosen.orders)
        if chosen.only in (None, "pages"):
            pages(report, Path(folder) / "pages", min(STORED, chosen.events))
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
    made = list(batches(key, PROFILES, 5, 20, VIEWS // 20, "Product Viewed"))
    started = time.perf_counter()
    load = run(server.port, lambda: iter(made), connections=8, seconds=3_600)
    settle(server)
    assert not load.refused
    report.add("the same of views of products", VIEWS / (time.perf_counter() - started), "events/s")
    peak = high_water(server)
    report.add("peak memory of the server under this load", peak, "MiB")
    timeline(report, server, data)
    server.stop()
    server = Measured("tidings", data)
    report.add("ready with all that stored", server.ready_seconds, "s", "< 2", holds=server.ready_seconds < 2)
    idle(report, server, "full")
    server.stop()


def orders_path(report: Report, data: Path, orders: int) -> None:
    """HTTP, orders of three lines in batches of 20, to the order committed; then as a plugin sends them, with carts."""
    key = create_source(data)
    made = cli(data, "source", "create", "remarkety")
    server = Measured("tidings", data)
    step = max(1, min(ORDERS_STEP, orders))
    rate = 0.0
    for first in range(0, orders, step):
        rate, _ = shop_rate(server, list(shop.completed(key, first, step, 20)), step, connections=8)
        report.add(f"whole path, orders, {first:,} to {first + step:,} stored", rate, "orders/s")
    bound = ">= 3000 (at 1 million)"
    report.add(f"whole path at {orders:,} stored orders", rate, "orders/s", bound, holds=rate >= 3_000)
    plugin = (made["store_id"], made["api_key"], orders, SHOPPING)
    rate, late = shop_rate(server, list(shop.orders(*plugin)), SHOPPING)
    report.add("the same, each in a request of a shop's plugin", rate, "orders/s")
    report.add("slowest reply of them", late, "ms", "< 2000", holds=late < 2_000)
    plugin = (made["store_id"], made["api_key"], orders + SHOPPING, SHOPPING)
    requests = list(shop.shopping(*plugin))
    rate, late = shop_rate(server, requests, SHOPPING)
    report.add("with carts, updates and products around them", rate, "orders/s")
    report.add("requests of which", rate * len(requests) / SHOPPING, "requests/s")
    report.add("slowest reply of them", late, "ms", "< 2000", holds=late < 2_000)
    report.add("peak memory of the server under this load", high_water(server), "MiB")
    server.stop()


def shop_rate(
    server: Measured, requests: list[bytes], orders: int, connections: int = CONNECTIONS
) -> tuple[float, float]:
    """Return how many orders a second were committed, and the slowest reply in milliseconds."""
    started = time.perf_counter()
    load = run(server.port, lambda: iter(requests), connections=connections, seconds=3_600)
    settle(server)
    assert not load.refused, "a request was refused"
    return orders / (time.perf_counter() - started), load.percentile(1)


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


main()
