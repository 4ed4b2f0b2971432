"""Decompressing request bodies without being blown up by them."""

import zlib

GZIP_MAGIC = b"\x1f\x8b"
STEP = 65_536


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
    while body:
        machine = zlib.decompressobj(wbits=31)
        _run(machine, body, plain, limit)
        body = machine.unused_data.lstrip(b"\0")
    return bytes(plain)


def _inflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 means zlib; some clients send the bare deflate stream.
    plain = bytearray()
    try:
        _run(zlib.decompressobj(), body, plain, limit)
    except Broken:
        plain.clear()
        _run(zlib.decompressobj(wbits=-15), body, plain, limit)
    return bytes(plain)


def _run(machine: "zlib._Decompress", body: bytes, plain: bytearray, limit: int) -> None:
    try:
        while body and not machine.eof:
            plain += machine.decompress(body, STEP)
            if len(plain) > limit:
                raise TooLarge
            body = machine.unconsumed_tail
    except zlib.error as error:
        raise Broken(str(error)) from None
    if not machine.eof:
        raise Broken("it ends in the middle")
