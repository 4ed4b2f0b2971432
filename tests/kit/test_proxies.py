"""Who is calling, where proxies stand in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit.proxies import Proxies

SHOP = Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


def caller(chain: str, peer: str = "127.0.0.1", proxies: Proxies = SHOP) -> str:
    return proxies.caller(peer, "http", {b"x-forwarded-for": chain.encode("latin-1", "replace")})[0]


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.2.3,10.0.0.1 , 127.0.0.1", "203.0.113.9"),
        ("10.1.2.3, 10.1.2.4", "10.1.2.3"),
        ("2001:DB8::0:7, fd00::1", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("", "127.0.0.1"),
        (" , ,", "127.0.0.1"),
        ("203.0.113.9, unknown", "127.0.0.1"),
        ("203.0.113.9, _hidden, 10.1.2.3", "10.1.2.3"),
    ],
)
def test_the_right_most_hop_that_is_not_believed(chain: str, address: str) -> None:
    assert caller(chain) == address


@pytest.mark.parametrize("chain", ["203.0.113.9:51234", "[2001:db8::7]:443", "6.6.6.6, 203.0.113.9:80, 10.0.0.1"])
def test_a_hop_may_have_a_port(chain: str) -> None:
    """As Azure's gateways write it."""
    assert caller(chain) in ("203.0.113.9", "2001:db8::7")


def test_an_ipv4_peer_of_a_dual_stack_socket_is_that_peer() -> None:
    assert caller("203.0.113.9", "::ffff:10.1.2.3") == "203.0.113.9"
    assert caller("", "::ffff:198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize("peer", ["203.0.113.5", "::1", "", "unix", "11.0.0.1"])
def test_a_stranger_is_not_believed(peer: str) -> None:
    headers = {b"x-forwarded-for": b"6.6.6.6", b"x-forwarded-proto": b"https"}
    assert SHOP.caller(peer, "http", headers) == (peer, "http")
    assert Proxies([]).caller(peer, "http", headers) == (peer, "http")


@pytest.mark.parametrize(
    ("stated", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("", "http"), ("ftp", "http")],
)
def test_the_scheme_is_the_last_proxys(stated: str, scheme: str) -> None:
    assert SHOP.caller("127.0.0.1", "http", {b"x-forwarded-proto": stated.encode()}) == ("127.0.0.1", scheme)


@given(st.binary(max_size=80), st.binary(max_size=20))
def test_nonsense_changes_nothing_for_the_worse(chain: bytes, scheme: bytes) -> None:
    address, found = SHOP.caller("127.0.0.1", "http", {b"x-forwarded-for": chain, b"x-forwarded-proto": scheme})
    assert address
    assert found in ("http", "https")
