"""kill -9 while customers are forgotten and the folder is compacted: they are gone wholly or not yet, nobody else is.

Half of those who are to be forgotten send nothing more from then on, but for repeats of what they had sent.
"""

import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from tests.crash.ghosts import GHOSTS, GhostWriter, replay, traces, user_of
from tests.crash.stored import compare, count, everything
from tests.crash.test_kill import seed, sources_of
from tests.crash.traffic import Client, Sent, Writer
from tests.serving import TIDINGS, Running

__all__ = ["seed"]  # the fixture
OWN = ("compactions", "sqlite_sequence")  # what a compaction itself writes


def together(*parts: Sent) -> Sent:
    """Return everything that anybody sent."""
    made = Sent()
    for part in parts:
        made.variants |= part.variants
        made.acknowledged |= part.acknowledged
        made.tries += part.tries
        made.answers += part.answers
    return made


def command(data: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*TIDINGS, *arguments, "--data", str(data), "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_forgetting_survives_kills(server: Running, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    sources = sources_of(server)
    living, ghosts = Sent(), Sent()
    clients = [Client(server.port, living, Writer("living", random.Random(chance.random()), sources))]
    silent: set[int] = set()
    clients += [
        Client(server.port, ghosts, GhostWriter(f"g{n}", random.Random(chance.random()), sources, silent))
        for n in range(2)
    ]
    doomed = chance.sample(range(GHOSTS), GHOSTS // 2)
    for number in range(rounds):
        chosen = [doomed.pop() for _ in range(3) if doomed]
        asked: list[tuple[str, ...]] = [("profile", "forget", "--user-id", user_of(one)) for one in chosen]
        silent |= set(chosen[1:])
        asked += [("compact",)] if number % 2 else []
        kill_while(server, clients, [command(server.data, *one) for one in asked], chance)
        server.start()
    for client in clients:
        client.finish()
    figures = server.settled()
    sent = together(living, ghosts)
    found = replay(server.data, sent)
    compare(server.data, found.reference)
    appended = count(server.data)
    assert sent.answers <= appended <= sent.tries
    assert figures["events"] == len(found.reference.subjects)
    assert figures["profiles"] == len(found.reference.profiles)
    assert figures["events"] + found.erased + figures["duplicates"] + figures["forgotten"] == appended
    assert found.at, "nobody was forgotten: the kills came too early"
    print(f"{len(found.at)} forgotten, {found.erased} events erased, {found.dropped} dropped of {appended}")
    walking = {value[: len(user_of(0))] for _, value in found.reference.owners}
    gone = [number for number in found.at if user_of(number) not in walking]
    assert gone, "everybody came back"
    check_compaction(server, gone)


def kill_while(
    server: Running, clients: list[Client], commands: list["subprocess.Popen[bytes]"], chance: random.Random
) -> None:
    """Let all clients send and all commands run for a while, then pull the plug; some commands go on alone."""
    stopping = threading.Event()
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client.run, stopping) for client in clients]
        wait(running, chance.uniform(0.5, 3.0))  # starting Python takes the commands most of it
        server.kill()
        for one in running:
            one.result()
    for each in commands:
        if chance.random() < 0.5:
            each.kill()
        each.wait(120)


def check_compaction(server: Running, gone: list[int]) -> None:
    """Nothing is left of who is gone, and a compaction changes no row."""
    before = everything(server.data)
    server.cli("compact")
    for number in gone:
        assert traces(server.data, number) == []
    after = everything(server.data)
    assert {name: each for name, each in after.items() if name not in OWN} == {
        name: each for name, each in before.items() if name not in OWN
    }
    server.kill()
    server.start()
    server.settled()
    assert everything(server.data) == after
    assert "Traceback" not in "".join(server.output)
