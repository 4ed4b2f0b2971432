"""A writer of small MMDB files, so that no vendor's data need be kept here (MaxMind DB file format 2.0)."""

import ipaddress
import struct
from pathlib import Path
from typing import Any

BERLIN = {
    "city": {"geoname_id": 2950159, "names": {"de": "Berlin", "en": "Berlin"}},
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "location": {"latitude": 52.52, "longitude": 13.405, "time_zone": "Europe/Berlin"},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "State of Berlin"}}],
}
PLACE = {
    "city": "Berlin",
    "region": "State of Berlin",
    "country": "DE",
    "latitude": 52.52,
    "longitude": 13.405,
    "timezone": "Europe/Berlin",
}


def encode(value: Any) -> bytes:
    """Return a value as the data section has it; bytes are encoded already."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        text = value.encode()
        return head(2, len(text)) + text
    if isinstance(value, float):
        return head(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        return number(6, 4, value)
    if isinstance(value, list):
        return head(11, len(value)) + b"".join(encode(element) for element in value)
    return head(7, len(value)) + b"".join(encode(key) + encode(member) for key, member in value.items())


def number(kind: int, size: int, value: int) -> bytes:
    return head(kind, size) + value.to_bytes(size, "big")


def head(kind: int, size: int) -> bytes:
    more = b"" if size < 29 else bytes([size - 29])
    short = min(size, 29)
    return (bytes([kind << 5 | short]) if kind < 8 else bytes([short, kind - 7])) + more


def write(path: Path, networks: dict[str, Any]) -> Path:
    """Write a file that knows these networks (which must not overlap).

    Args:
        path: The file.
        networks: Record of each network, IPv4 or IPv6.
    """
    tree: list[list[Any]] = [[None, None]]
    for text, record in networks.items():
        network = ipaddress.ip_network(text)
        skipped = 96 if network.version == 4 else 0  # IPv4 lies below ::/96
        bits = format(int(network.network_address), "0128b")[: network.prefixlen + skipped]
        node = 0
        for bit in bits[:-1]:
            if tree[node][int(bit)] is None:
                tree.append([None, None])
                tree[node][int(bit)] = len(tree) - 1
            node = tree[node][int(bit)]
        tree[node][int(bits[-1])] = (record,)
    data = b""
    nodes = b""
    for pair in tree:
        for child in pair:
            if isinstance(child, tuple):
                value = len(tree) + 16 + len(data)
                data += encode(child[0])
            else:
                value = len(tree) if child is None else child
            nodes += value.to_bytes(3, "big")
    about = {
        "node_count": len(tree),
        "record_size": number(5, 2, 24),
        "ip_version": number(5, 2, 6),
        "database_type": "Test-City",
        "languages": ["en"],
        "binary_format_major_version": number(5, 2, 2),
        "binary_format_minor_version": number(5, 2, 0),
        "build_epoch": number(9, 8, 1),
        "description": {"en": "made by a test"},
    }
    path.write_bytes(nodes + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(about))
    return path
