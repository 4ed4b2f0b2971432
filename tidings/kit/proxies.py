"""Who is calling, where proxies stand in between."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The proxies that are believed.

    Args:
        trusted: Addresses or networks.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks: list[Network] = [ipaddress.ip_network(network) for network in trusted]

    def caller(self, peer: str, scheme: str, headers: dict[bytes, bytes]) -> tuple[str, str]:
        """Return address and scheme of the caller: the right-most hop that is not trusted.

        Args:
            peer: Address of the connection.
            scheme: Scheme of the connection.
            headers: Lower-case names.
        """
        peer = plain(peer) or peer
        if not self._networks or not self._believes(peer):
            return peer, scheme
        hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
        caller = peer
        for hop in reversed([hop for hop in hops if hop]):
            address = plain(hop)
            if address is None:
                break
            caller = address
            if not self._believes(caller):
                break
        forwarded = headers.get(b"x-forwarded-proto", b"").decode("latin-1").split(",")[-1].strip().lower()
        return caller, forwarded if forwarded in ("http", "https") else scheme

    def _believes(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


@lru_cache(4096)
def plain(text: str) -> str | None:
    """Return the address without brackets and port, IPv4 in its own form; None if it is none."""
    if text[:1] == "[":
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def network(address: str) -> str:
    """Return what attempts are counted by: an IPv4 address, or the /64 network of an IPv6 one, which is one customer's.

    Args:
        address: Of a caller; anything else is counted as it is, cut.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
