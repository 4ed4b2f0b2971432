"""Decompressing request bodies without being blown up by them."""

import zlib

GZIP_MAGIC = b"\x1f\x8b"
STEP = 65_536
PIECE = 8_192


class TooLarge(Exception):  # noqa: N818
    """More bytes than the limit came out."""


class Broken(Exception):  # noqa: N818
    """The bytes are not what their coding says."""


class UnknownCoding(Exception):  # noqa: N818
    """A Content-Encoding that is not understood."""


def decompress(body: bytes, coding: bytes, limit: int) -> bytes:
    """Return the plain body.

    Args:
        body: As it came.
        coding: Content-Encoding, empty where none was sent; gzip is recognised without it.
        limit: Bytes at most.

    Raises:
        TooLarge: It is longer.
        Broken: It is truncated or damaged.
        UnknownCoding: It is neither identity, gzip nor deflate.
    """
    coding = coding.strip().lower()
    if coding in (b"gzip", b"x-gzip") or (coding in (b"", b"identity") and body[:2] == GZIP_MAGIC):
        return _gunzip(body, limit)
    if coding == b"deflate":
        return _inflate(body, limit)
    if coding not in (b"", b"identity"):
        raise UnknownCoding(coding.decode("latin-1"))
    if len(body) > limit:
        raise TooLarge
    return body


def _gunzip(body: bytes, limit: int) -> bytes:
    # Several members in one body are legal.
    plain = bytearray()
    place = 0
    while place < len(body):
        place = _run(zlib.decompressobj(wbits=31), body, place, plain, limit)
        while body[place : place + 1] == b"\0":  # padding
            place += 1
    return bytes(plain)


def _inflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 means zlib; some clients send the bare deflate stream.
    plain = bytearray()
    try:
        _run(zlib.decompressobj(), body, 0, plain, limit)
    except Broken:
        plain.clear()
        _run(zlib.decompressobj(wbits=-15), body, 0, plain, limit)
    return bytes(plain)


def _run(machine: "zlib._Decompress", body: bytes, place: int, plain: bytearray, limit: int) -> int:
    """Decompress one stream that begins at a place; return where it ends."""
    waiting = b""
    try:
        while not machine.eof:
            fed = waiting or body[place : place + PIECE]  # in pieces: what is left over is copied each time
            if not waiting:
                place += len(fed)
            part = machine.decompress(fed, STEP)
            plain += part
            if len(plain) > limit:
                raise TooLarge
            waiting = machine.unconsumed_tail
            if not part and not waiting and place >= len(body) and not machine.eof:
                raise Broken("it ends in the middle")
    except zlib.error as error:
        raise Broken(str(error)) from None
    return place - len(machine.unused_data)
