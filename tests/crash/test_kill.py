"""kill -9 at any moment loses nothing that was acknowledged and repeats no state change."""

import json
import random
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.reference import Source
from tests.crash.stored import everything, reconcile, rows
from tests.crash.traffic import Client, Sent, Writer
from tests.serving import TIDINGS, Running

CLIENTS = 4
BACKLOG = 20_000
BATCH = 200


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Iterator[int]:
    """Give a seed, and print it: pytest shows it where the test fails."""
    chosen = random.SystemRandom().getrandbits(32)
    print(f"seed {chosen} of {request.node.name}")
    yield chosen


def sources_of(server: Running) -> list[Source]:
    """Make a shop's server, its web site, and a second shop whose numbers of customers are its own."""
    made = []
    for trust, space in (("server", ""), ("browser", ""), ("server", "second")):
        setting = ("--set", f"id_space={space}") if space else ()
        source = server.source("segment", "--name", f"{trust}{space}", "--trust", trust, *setting)
        made.append(Source(source["id"], source["write_key"], trust, space))
    return made


def test_nothing_is_lost_and_nothing_repeats(server: Running, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    sources = sources_of(server)
    sent = Sent()
    clients = [
        Client(server.port, sent, Writer(f"c{number}", random.Random(chance.random()), sources))
        for number in range(CLIENTS)
    ]
    for _ in range(rounds):
        load_and_kill(server, clients, chance.uniform(0.05, 1.2))
        server.start()
    for client in clients:
        client.finish()
    reference = reconcile(server, sent)
    everyone = {(source.id, body["messageId"]) for source, body, _ in sent.variants.values()}
    assert sent.acknowledged == everyone, "a client did not get its answer"
    assert reference.merged and reference.moves and reference.conflicts, "the traffic tried too little"
    check_command_line(server, sources)
    before = everything(server.data)
    server.stop()
    server.start()
    assert server.settled()["events"] == len(everyone)
    assert everything(server.data) == before, "a restart alone changed something"
    assert "Traceback" not in "".join(server.output)


def load_and_kill(server: Running, clients: list[Client], seconds: float) -> None:
    """Let all clients send for a while, then pull the plug under them."""
    stopping = threading.Event()
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client.run, stopping) for client in clients]
        wait(running, seconds)
        server.kill()
        for one in running:
            one.result()


def check_command_line(server: Running, sources: list[Source]) -> None:
    """What the command line shows of a customer is what the tables hold."""
    newest = server.cli("events", "list", "--limit", "1")[0]
    again = server.cli("events", "list", "--message-id", newest["message_id"])
    assert [event["id"] for event in again if event["source_id"] == newest["source_id"]] == [newest["id"]]
    found = rows(server.data / "tidings.db", "SELECT value FROM identifiers WHERE kind = 'user_id' LIMIT 1")[0]["value"]
    shown = server.cli("profile", "show", "--user-id", found)
    assert shown == server.cli("profile", "show", "--id", str(shown["id"]))
    assert {source["id"] for source in server.cli("source", "list")} == {source.id for source in sources}


def test_a_backlog_survives_kills_of_the_pipeline(server: Running, seed: int) -> None:
    """Kills inside and between the commits of the pipeline, with a burst of 20,000 events behind it."""
    chance = random.Random(seed)
    sent = Sent()
    client = Client(server.port, sent, Writer("burst", chance, sources_of(server)))
    with closing(sqlite3.connect(server.data / "tidings.db", isolation_level=None, timeout=30)) as lock:
        lock.execute("BEGIN IMMEDIATE")  # the pipeline cannot commit, the log goes on
        while len(sent.variants) < BACKLOG:
            assert client.send(client.writer.batch(sent, BATCH))
        client.close()
        server.kill()
    lags = [lag(server.data)]
    assert lags[0] >= BACKLOG - BATCH
    for _ in range(5):
        server.start()
        threading.Event().wait(chance.uniform(0.0, 1.2))  # the moment of the kill: not a wait for anything
        server.kill()
        lags.append(lag(server.data))
    print(f"lag after each kill: {lags}")
    assert lags == sorted(lags, reverse=True)
    server.start()
    reconcile(server, sent)
    before = everything(server.data)
    server.kill()
    server.start()
    server.settled()
    assert everything(server.data) == before


def lag(data: Path) -> int:
    """Return how many events of the log are not in the state of a folder that no server works on."""
    appended = rows(data / "log.db", "SELECT max(upto) AS upto FROM frames")[0]["upto"] or 0
    done = rows(data / "tidings.db", "SELECT upto FROM pipeline_cursor")
    return appended - (done[0]["upto"] if done else 0)


def test_a_kill_while_sources_are_made(server: Running, seed: int) -> None:
    """A source that was printed is there after the kill, with its key; another is there wholly or not at all."""
    chance = random.Random(seed)
    sent = Sent()
    clients = [Client(server.port, sent, Writer(f"c{n}", random.Random(chance.random()), [])) for n in range(2)]
    sources = sources_of(server)
    printed: list[Source] = []
    for client in clients:
        client.writer.sources = sources
    for number in range(3):
        stopping = threading.Event()
        command = [
            *TIDINGS,
            "source",
            "create",
            "segment",
            "--name",
            f"n{number}",
            "--data",
            str(server.data),
            "--json",
        ]
        with ThreadPoolExecutor(len(clients)) as pool, subprocess.Popen(command, stdout=subprocess.PIPE) as making:
            running = [pool.submit(client.run, stopping) for client in clients]
            wait(running, chance.uniform(0.3, 1.2))  # starting Python takes most of it
            if number % 2:
                making.kill()
            server.kill()
            document = making.communicate(timeout=60)[0]
            for one in running:
                one.result()
        if making.returncode == 0:
            made = json.loads(document)
            printed.append(Source(made["id"], made["write_key"], made["trust"]))
        server.start()
    for client in clients:
        client.writer.sources = [*sources, *printed]
        client.finish()
    for source in printed:
        request = Writer(f"new{source.id}", chance, [source]).batch(sent, 3)
        assert clients[0].send(request), "the key of a source that was printed"
    clients[0].close()
    reconcile(server, sent)
    known = {source["id"] for source in server.cli("source", "list")}
    assert known >= {source.id for source in [*sources, *printed]}
    keyed = {row["source_id"] for row in rows(server.data / "tidings.db", "SELECT source_id FROM credentials")}
    assert keyed == known, "a source without a key, or a key without a source"
