"""How a body may come, and what is done to one that comes wrong."""

import gzip
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.wire import ORIGIN, Line, ask, basic, chunks, event, message, must_fail, must_take
from tests.serving import Running

REQUEST_LIMIT = 512_000
MIB = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, wbits=-15)
    return machine.compress(data) + machine.flush()


def zipped_twice(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:])


def zeros(size: int, machine: "zlib._Compress") -> bytes:
    return b"".join([*(machine.compress(bytes(MIB)) for _ in range(size // MIB)), machine.flush()])


def peak(server: Running) -> int:
    """Return the most bytes of memory that the server has had so far."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


CODINGS: list[tuple[str, str | None, Callable[[bytes], bytes]]] = [
    ("none", None, bytes),
    ("identity", "identity", bytes),
    ("gzip", "gzip", gzip.compress),
    ("GZIP", "GZIP", gzip.compress),
    ("x-gzip", "x-gzip", gzip.compress),
    ("gzip without a header", None, gzip.compress),
    ("gzip called identity", "identity", gzip.compress),
    ("gzip in members", "gzip", zipped_twice),
    ("gzip in members without a header", None, zipped_twice),
    ("gzip with padding", "gzip", lambda data: gzip.compress(data) + bytes(512)),
    ("deflate", "deflate", zlib.compress),
    ("deflate without zlib header", "deflate", raw_deflate),
]


def test_a_body_in_any_coding_is_stored(live: Running, key: str) -> None:
    for name, coding, pack in CODINGS:
        headers = [basic(key)] + ([] if coding is None else [("Content-Encoding", coding)])
        body = event(f"coding {name}", properties={"name": "Zażółć 🦆"})
        must_take(ask(live.port, "POST", "/v1/track", pack(body), headers))
    live.settled()
    stored = [row for row in live.cli("events", "list", "--limit", "1000") if row["message_id"].startswith("coding ")]
    assert sorted(row["message_id"] for row in stored) == sorted(f"coding {name}" for name, _, _ in CODINGS)
    assert all(row["event"]["properties"] == {"name": "Zażółć 🦆"} for row in stored)


@pytest.mark.parametrize("size", [65_536, 65_537, 65_546, 131_080])
@pytest.mark.parametrize("filler", [b" ", b"a"])
def test_bare_deflate_may_end_where_a_step_of_decompression_does(
    live: Running, key: str, size: int, filler: bytes
) -> None:
    start, end = (b'{"batch": []}', b"") if filler == b" " else (b'{"batch": [], "filler": "', b'"}')
    body = start + filler * (size - len(start) - len(end)) + end
    must_take(ask(live.port, "POST", "/v1/batch", raw_deflate(body), [basic(key), ("Content-Encoding", "deflate")]))


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "x" * 300, "\xe9"])
def test_an_unknown_coding_is_refused(live: Running, key: str, coding: str) -> None:
    said = ask(live.port, "POST", "/v1/track", event(), [basic(key), ("Content-Encoding", coding)])
    must_fail(said, 415, "unsupported_encoding")


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(event())[:-9]),
        ("gzip", gzip.compress(event())[:12]),
        ("gzip", b"\x1f\x8b"),
        ("gzip", event()),
        ("gzip", gzip.compress(event()) + b"rest"),
        ("gzip", gzip.compress(event())[:-8] + bytes(8)),
        ("identity", gzip.compress(event())[:-9]),
        ("deflate", zlib.compress(event())[:-5]),
        ("deflate", raw_deflate(event())[:-5]),
        ("deflate", event()),
    ],
)
def test_broken_compression_is_the_clients_mistake(live: Running, key: str, coding: str, body: bytes) -> None:
    headers = [basic(key), ("Content-Encoding", coding), ("Origin", ORIGIN)]
    said = ask(live.port, "POST", "/v1/track", body, headers)
    must_fail(said, 400, "bad_request")
    assert said.header("access-control-allow-origin") == ORIGIN


def many_empty_members() -> bytes:
    empty = gzip.compress(b"")
    return empty * (REQUEST_LIMIT // len(empty))


@pytest.mark.parametrize(
    ("coding", "build"),  # built by the test: every worker reads this file
    [
        ("gzip", lambda: zeros(480 * MIB, zlib.compressobj(9, wbits=31))),
        ("deflate", lambda: zeros(480 * MIB, zlib.compressobj(9))),
        ("deflate", lambda: zeros(480 * MIB, zlib.compressobj(9, wbits=-15))),
        ("gzip", many_empty_members),
    ],
    ids=["gzip", "zlib", "bare deflate", "empty members"],
)
def test_a_decompression_bomb_costs_nothing(live: Running, key: str, coding: str, build: Callable[[], bytes]) -> None:
    bomb = build()
    assert len(bomb) <= REQUEST_LIMIT
    ask(live.port, "POST", "/v1/batch", event(), [basic(key)])
    before, started = peak(live), time.monotonic()
    said = ask(live.port, "POST", "/v1/batch", bomb, [basic(key), ("Content-Encoding", coding)])
    took = time.monotonic() - started
    must_fail(said, 400)
    assert peak(live) - before < 16 * MIB
    assert took < 2


def test_chunked_bodies_need_no_length(live: Running, key: str) -> None:
    data = gzip.compress(event("chunked"))
    head = message("GET", "/v1/track", headers=[basic(key), ("Transfer-Encoding", "chunked")])
    with Line(live.port) as line:
        line.send(head.replace(b"GET", b"POST", 1))
        for place in range(len(data)):  # a byte in each chunk, each chunk in a packet of its own
            line.send(b"1\r\n" + data[place : place + 1] + b"\r\n")
        must_take(line.send(b"0\r\n\r\n").answer())
    live.settled()
    assert len(live.cli("events", "list", "--message-id", "chunked")) == 1


def test_who_expects_100_continue_gets_it_before_the_body(live: Running, key: str) -> None:
    body = event(properties={"filler": "x" * 20_000})
    sent = message("POST", "/v1/track", body, [basic(key), ("Expect", "100-continue")])
    with Line(live.port) as line:
        assert line.send(sent.removesuffix(body)).answer().status == 100
        must_take(line.send(body).answer())


def batch_of(size: int) -> bytes:
    """Return a batch of exactly this many bytes."""
    events = [json.loads(event(properties={"filler": "x" * 30_000})) | {"type": "track"} for _ in range(16)]
    body = json.dumps({"batch": events}).encode()
    return body + b" " * (size - len(body))


def test_the_largest_body_is_taken(live: Running, key: str) -> None:
    must_take(ask(live.port, "POST", "/v1/batch", batch_of(REQUEST_LIMIT), [basic(key)]))
    packed = [basic(key), ("Content-Encoding", "gzip")]
    must_take(ask(live.port, "POST", "/v1/batch", gzip.compress(batch_of(REQUEST_LIMIT)), packed))


@pytest.mark.parametrize("size", [REQUEST_LIMIT + 1, 2 * MIB, 24 * MIB])
def test_a_body_that_is_too_large_is_read_to_the_end_and_answered(live: Running, key: str, size: int) -> None:
    headers = [basic(key), ("Origin", ORIGIN)]
    before = peak(live)
    with Line(live.port, timeout=20) as line:
        said = line.send(message("POST", "/v1/batch", b" " * size, headers)).answer()
        must_fail(said, 400)
        assert said.json()["message"] == "Exceed payload limit"
        assert said.header("access-control-allow-origin") == ORIGIN
        must_take(line.send(message("POST", "/v1/track", event(), headers)).answer())  # the connection goes on
    assert peak(live) - before < 16 * MIB


def test_a_chunked_body_that_is_too_large_is_answered(live: Running, key: str) -> None:
    head = message("GET", "/v1/b", headers=[basic(key), ("Transfer-Encoding", "chunked")]).replace(b"GET", b"POST", 1)
    with Line(live.port, timeout=20) as line:
        must_fail(line.send(head + chunks(*[b" " * 64_000] * 200)).answer(), 400)


def test_a_gzipped_body_that_is_too_large_is_refused(live: Running, key: str) -> None:
    packed = [basic(key), ("Content-Encoding", "gzip")]
    must_fail(ask(live.port, "POST", "/v1/batch", gzip.compress(batch_of(REQUEST_LIMIT + 1)), packed), 400)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "nonsense", "\xe9"])
@pytest.mark.parametrize("accept", ["text/plain", "*/*"])
def test_content_type_and_accept_say_nothing(live: Running, key: str, kind: str, accept: str) -> None:
    headers = [basic(key), ("Content-Type", kind), ("Accept", accept)]
    must_take(ask(live.port, "POST", "/v1/track", event(), headers))


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"userId=alice&event=x"]
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_a_body_that_is_no_object_is_refused(live: Running, key: str, path: str, body: bytes) -> None:
    must_fail(ask(live.port, "POST", path, body, [basic(key)]), 400, "bad_request")
