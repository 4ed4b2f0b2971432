"""Decompressing request bodies."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.kit.bodies import STEP, Broken, TooLarge, UnknownCoding, decompress

LIMIT = 512_000


def bare(data: bytes, level: int = 9) -> bytes:
    machine = zlib.compressobj(level, wbits=-15)
    return machine.compress(data) + machine.flush()


def in_members(data: bytes, size: int) -> bytes:
    return b"".join(gzip.compress(data[place : place + size]) for place in range(0, len(data), size))


@given(st.binary(max_size=300), st.integers(0, 9))
def test_what_was_packed_comes_out(data: bytes, level: int) -> None:
    assert decompress(gzip.compress(data, level), b"gzip", LIMIT) == data
    assert decompress(gzip.compress(data, level), b" GZIP ", LIMIT) == data
    assert decompress(gzip.compress(data, level), b"x-gzip", LIMIT) == data
    assert decompress(gzip.compress(data, level), b"", LIMIT) == data
    assert decompress(gzip.compress(data, level), b"identity", LIMIT) == data
    assert decompress(in_members(data, 100), b"gzip", LIMIT) == data
    assert decompress(zlib.compress(data, level), b"deflate", LIMIT) == data
    assert decompress(bare(data, level), b"deflate", LIMIT) == data
    if not data.startswith(b"\x1f\x8b"):
        assert decompress(data, b"", LIMIT) == data


@given(st.integers(-300, 300), st.integers(1, 3), st.sampled_from([b"a", b" ", b"abcabd", bytes(range(256))]))
@settings(max_examples=300)
def test_bodies_that_end_near_a_step_come_out(more: int, steps: int, pattern: bytes) -> None:
    size = steps * STEP + more
    data = (pattern * (size // len(pattern) + 1))[:size]
    assert decompress(gzip.compress(data), b"gzip", LIMIT) == data
    assert decompress(zlib.compress(data), b"deflate", LIMIT) == data
    assert decompress(bare(data), b"deflate", LIMIT) == data


@pytest.mark.parametrize(
    ("coding", "pack"),
    [(b"identity", bytes), (b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"deflate", bare)],
)
def test_the_limit_is_exact(coding: bytes, pack: Callable[[bytes], bytes]) -> None:
    assert len(decompress(pack(b"x" * LIMIT), coding, LIMIT)) == LIMIT
    with pytest.raises(TooLarge):
        decompress(pack(b"x" * (LIMIT + 1)), coding, LIMIT)


def test_the_limit_holds_for_all_members_together() -> None:
    with pytest.raises(TooLarge):
        decompress(in_members(b"x" * (LIMIT + 1), 100_000), b"gzip", LIMIT)


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"compress", b"gzip, gzip", b"gzip;q=1", b"\xff"])
def test_other_codings_are_unknown(coding: bytes) -> None:
    with pytest.raises(UnknownCoding):
        decompress(b"{}", coding, LIMIT)


PACKED = gzip.compress(b'{"userId": "alice"}')


@pytest.mark.parametrize("cut", range(1, len(PACKED)))
def test_truncated_bodies_are_broken(cut: int) -> None:
    with pytest.raises(Broken):
        decompress(PACKED[:-cut], b"gzip", LIMIT)


@given(st.binary(min_size=1, max_size=100), st.sampled_from([b"gzip", b"deflate"]))
def test_random_bytes_are_broken_or_luck(body: bytes, coding: bytes) -> None:
    try:
        decompress(body, coding, LIMIT)
    except Broken as problem:
        assert str(problem)


@pytest.mark.parametrize("rest", [b"x", b"\0x", b"rest of something", PACKED[:-1]])
def test_what_follows_the_last_member_must_be_one_or_padding(rest: bytes) -> None:
    assert decompress(PACKED + bytes(700), b"gzip", LIMIT) == b'{"userId": "alice"}'
    with pytest.raises(Broken):
        decompress(PACKED + rest, b"gzip", LIMIT)


@pytest.mark.parametrize(("wbits", "coding"), [(31, b"gzip"), (15, b"deflate"), (-15, b"deflate")])
def test_a_bomb_is_stopped_at_the_limit(wbits: int, coding: bytes) -> None:
    machine = zlib.compressobj(9, wbits=wbits)
    bomb = b"".join([*(machine.compress(bytes(1_000_000)) for _ in range(200)), machine.flush()])
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decompress(bomb, coding, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


def test_the_time_for_many_members_grows_with_the_body_only() -> None:
    def seconds(members: int) -> float:
        body = gzip.compress(b"") * members
        started = time.perf_counter()
        decompress(body, b"gzip", LIMIT)
        return time.perf_counter() - started

    assert min(seconds(24_000) for _ in range(3)) < 20 * min(seconds(3_000) for _ in range(3))
