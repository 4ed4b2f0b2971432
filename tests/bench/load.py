"""A load generator that costs little: prepared requests over kept connections, answers counted and timed."""

import asyncio
import base64
import hashlib
import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import cast

HEAVY = b"user-heavy"  # one customer with a long history: 10,000 of 5 million events
HEAVY_SHARE = 1 / 500
STAMP = "2026-01-01T00:00:00.000Z"


class Load:
    """What a run measured.

    Args:
        connections: How many ask at once.
    """

    def __init__(self, connections: int) -> None:
        self.connections = connections
        self.answers = 0
        self.refused = 0
        self.latencies: list[float] = []
        self.seconds = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """One request after the other until the supply or the time ends."""

    def __init__(self, load: Load, supply: Iterator[bytes], deadline: float, done: "asyncio.Future[None]") -> None:
        self.load = load
        self.supply = supply
        self.deadline = deadline
        self.done = done
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own type is no subclass
        self.ask()

    def ask(self) -> None:
        request = next(self.supply, None)
        if request is None or time.perf_counter() > self.deadline:
            self.transport.close()
            return
        self.started = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        mark = self.buffer.find(b"content-length: ") + 16
        length = int(self.buffer[mark : self.buffer.find(b"\r", mark)])
        if len(self.buffer) < head + 4 + length:
            return
        self.load.answers += 1
        self.load.refused += self.buffer[9:12] != b"200"
        self.load.latencies.append(time.perf_counter() - self.started)
        self.buffer = self.buffer[head + 4 + length :]
        self.ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def run(port: int, make: Callable[[], Iterator[bytes]], *, connections: int, seconds: float) -> Load:
    """Ask as fast as the server answers.

    Args:
        port: On 127.0.0.1.
        make: Makes the supply of requests, shared by all connections.
        connections: How many ask at once.
        seconds: How long at most; the supply may end earlier.
    """
    import uvloop

    load = Load(connections)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        supply = make()
        started = time.perf_counter()
        ends = []
        for _ in range(connections):
            done: asyncio.Future[None] = loop.create_future()
            connect = loop.create_connection(
                lambda done=done: _Connection(load, supply, started + seconds, done),  # type: ignore[misc]
                "127.0.0.1",
                port,
            )
            await connect
            ends.append(done)
        await asyncio.gather(*ends)
        load.seconds = time.perf_counter() - started

    uvloop.run(main())
    return load


def request(path: str, body: bytes, key: str | None) -> bytes:
    """Return one HTTP request; without a key, without authorization."""
    authorization = b""
    if key is not None:
        authorization = b"Authorization: Basic %b\r\n" % base64.b64encode(f"{key}:".encode())
    return (
        b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b"
    ) % (path.encode(), authorization, len(body), body)


def event(rng: random.Random, profiles: int, name: str = "Article Viewed") -> bytes:
    """Return a track event of about 400 bytes of a random customer, with a random message id.

    Args:
        rng: Decides.
        profiles: How many customers there are.
        name: Of the event; "Product Viewed" also says something about a product.
    """
    return (
        b'{"type":"track","messageId":"%032x","userId":"%s","event":"%s","timestamp":"%s",'
        b'"properties":{"product_id":"p-%d","name":"Blue mug with a handle","price":12.50,"quantity":2,'
        b'"category":"Kitchen",'
        b'"url":"https://shop.example/kitchen/blue-mug"},"context":{"library":{'
        b'"name":"analytics-python","version":"2.3.4"},'
        b'"ip":"192.0.2.7","locale":"en-GB"},"integrations":{}}'
    ) % (rng.getrandbits(128), customer(rng, profiles), name.encode(), STAMP.encode(), rng.randrange(5000))


def customer(rng: random.Random, profiles: int) -> bytes:
    """Return the user id of a random customer."""
    return HEAVY if rng.random() < HEAVY_SHARE else b"user-%d" % rng.randrange(profiles)


def data_event(rng: random.Random, profiles: int, key: str | None = None) -> bytes:
    """Return an event with a value for Re:amaze's data integration, as long as a track event, of a random customer.

    Args:
        rng: Decides.
        profiles: How many customers there are.
        key: The account's, where the customer's ``authkey`` is to be in the event.
    """
    user = customer(rng, profiles)
    proof = b',"authkey":"%b"' % hashlib.sha256(b"%b:%b" % (user, key.encode())).hexdigest().encode() if key else b""
    return (
        b'{"user":{"id":"%b"%b},"event":{"name":"Product Bought","value":12.50,"created_at":"%b",'
        b'"data":{"product_id":"p-%d","name":"Blue mug with a handle","price":12.50,"quantity":2,"category":"Kitchen",'
        b'"url":"https://shop.example/kitchen/blue-mug","order":"%032x","library":"plugin 2.3.4","locale":"en-GB"}}}'
    ) % (user, proof, STAMP.encode(), rng.randrange(5000), rng.getrandbits(128))


# What one request with one event is, by the name under which it is reported: the source's dialect stands first.
SINGLES: dict[str, Callable[[str, random.Random, int], bytes]] = {
    "segment": lambda key, rng, profiles: request("/v1/track", event(rng, profiles), key),
    "ripe": lambda key, rng, profiles: request("/event/track", event(rng, profiles), key),
    "reamaze_data by key": lambda key, rng, profiles: request("/data/events", data_event(rng, profiles), key),
    "reamaze_data by authkey": lambda key, rng, profiles: request("/data/events", data_event(rng, profiles, key), None),
}


def singles(kind: str, key: str, profiles: int, seed: int) -> Iterator[bytes]:
    """Yield requests with one event each, without end."""
    rng = random.Random(seed)
    while True:
        yield SINGLES[kind](key, rng, profiles)


def prepared(kind: str, key: str, profiles: int, seed: int, count: int) -> list[bytes]:
    """Return requests made beforehand, so that making them costs the measured server nothing."""
    return list(itertools.islice(singles(kind, key, profiles, seed), count))


def batches(key: str, profiles: int, seed: int, size: int, count: int, name: str = "Article Viewed") -> Iterator[bytes]:
    """Yield batch requests."""
    rng = random.Random(seed)
    for _ in range(count):
        body = b",".join(event(rng, profiles, name) for _ in range(size))
        yield request("/v1/batch", b'{"batch":[' + body + b'],"sentAt":"' + STAMP.encode() + b'"}', key)
