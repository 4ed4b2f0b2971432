"""What stands between a client and the server: proxies, TLS."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.edge.wire import Line, ask, basic, event, message, must_take
from tests.serving import Running, wait_for


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that believes this machine and a private network."""
    trusted = {"TIDINGS_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8, fd00::/8"}
    running = Running(tmp_path_factory.mktemp("behind") / "data", environment=trusted).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shop(behind: Running) -> str:
    """The key of a browser source behind the proxies."""
    made: str = behind.source("segment", "--trust", "browser")["write_key"]
    return made


def addresses(server: Running) -> dict[str, str | None]:
    """Return the address of each stored event by its message id."""
    server.settled()
    rows = server.cli("events", "list", "--limit", "1000")
    return {row["message_id"]: row["event"].get("context", {}).get("ip") for row in rows}


def test_a_forwarded_address_is_not_believed_by_default(live: Running) -> None:
    key = live.source("segment", "--trust", "browser", "--name", "page")["write_key"]
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    for header, value in forged.items():
        must_take(ask(live.port, "POST", "/v1/t", event(header), [basic(key), (header, value)]))
    found = addresses(live)
    assert [found[header] for header in forged] == ["127.0.0.1"] * 3
    said = ask(live.port, "GET", f"/v1/projects/{key}/settings", headers=[("X-Forwarded-Proto", "https")])
    assert said.json()["integrations"]["Segment.io"]["protocol"] == "http"


CHAINS = {
    "203.0.113.9": "203.0.113.9",
    "6.6.6.6, 203.0.113.9": "203.0.113.9",
    "6.6.6.6, 203.0.113.9, 10.1.2.3": "203.0.113.9",
    "203.0.113.9,10.1.2.3 ,10.0.0.1,127.0.0.1": "203.0.113.9",
    "10.1.2.3, 10.1.2.4": "10.1.2.3",
    "2001:db8::7, fd00::1": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "203.0.113.9, unknown": "127.0.0.1",
    "203.0.113.9, <script>, 10.1.2.3": "10.1.2.3",
    "": "127.0.0.1",
    ",,": "127.0.0.1",
}


def test_the_address_is_the_right_most_hop_that_is_not_a_trusted_proxy(behind: Running, shop: str) -> None:
    for number, chain in enumerate(CHAINS):
        headers = [basic(shop), ("X-Forwarded-For", chain)]
        must_take(ask(behind.port, "POST", "/v1/t", event(f"chain-{number}"), headers))
    found = addresses(behind)
    assert {chain: found[f"chain-{number}"] for number, chain in enumerate(CHAINS)} == CHAINS


def test_a_chain_in_several_headers_is_one_chain(behind: Running, shop: str) -> None:
    """RFC 9110, 5.3; HAProxy adds a header of its own instead of prolonging the one that is there."""
    headers = [basic(shop), ("X-Forwarded-For", "6.6.6.6, 203.0.113.9"), ("X-Forwarded-For", "10.1.2.3")]
    must_take(ask(behind.port, "POST", "/v1/t", event("lines"), headers))
    assert addresses(behind)["lines"] == "203.0.113.9"


def test_settings_name_the_scheme_that_the_page_uses(behind: Running, shop: str) -> None:
    for forwarded, protocol in {"https": "https", "http, HTTPS": "https", "ftp": "http", "": "http"}.items():
        said = ask(behind.port, "GET", f"/v1/projects/{shop}/settings", headers=[("X-Forwarded-Proto", forwarded)])
        assert said.json()["integrations"]["Segment.io"]["protocol"] == protocol


def test_an_address_that_the_client_states_stays(behind: Running, shop: str) -> None:
    must_take(ask(behind.port, "POST", "/v1/t", event("stated", context={"ip": "198.51.100.7"}), [basic(shop)]))
    assert addresses(behind)["stated"] == "198.51.100.7"


def test_a_servers_own_address_is_not_its_customers(live: Running, key: str) -> None:
    must_take(ask(live.port, "POST", "/v1/track", event("from-server"), [basic(key)]))
    must_take(ask(live.port, "POST", "/v1/track", event("to-server", context={"direct": True}), [basic(key)]))
    found = addresses(live)
    assert (found["from-server"], found["to-server"]) == (None, "127.0.0.1")


def test_on_a_dual_stack_socket_an_ipv4_client_is_an_ipv4_client(tmp_path: Path) -> None:
    trusted = {"TIDINGS_TRUSTED_PROXIES": "127.0.0.1"}
    server = Running(tmp_path / "data", "--host", "::", environment=trusted).start()
    try:
        key = server.source("segment", "--trust", "browser")["write_key"]
        must_take(ask(server.port, "POST", "/v1/t", event("behind"), [basic(key), ("X-Forwarded-For", "203.0.113.9")]))
        must_take(ask(server.port, "POST", "/v1/t", event("direct"), [basic(key)]))
        found = addresses(server)
        assert (found["direct"], found["behind"]) == ("127.0.0.1", "203.0.113.9")
    finally:
        server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, private = certificate
    files = {"TIDINGS_TLS_CERT": str(cert), "TIDINGS_TLS_KEY": str(private)}
    server = Running(tmp_path / "data", environment=files).start()
    context = ssl.create_default_context(cafile=str(cert))
    try:
        assert any("answers on https://" in line for line in server.output)
        key = server.cli("source", "create", "segment")["write_key"]
        path = f"/v1/projects/{key}/settings"
        wait_for(lambda: ask(server.port, "GET", path, context=context).status == 200)
        assert (
            ask(server.port, "GET", path, context=context).json()["integrations"]["Segment.io"]["protocol"] == "https"
        )
        must_take(ask(server.port, "POST", "/v1/track", event("secret"), [basic(key)], context))
        with Line(server.port) as line, pytest.raises(ConnectionError):
            line.send(message("POST", "/v1/track", event("open"), [basic(key)])).answer()
        wait_for(lambda: ask(server.port, "GET", "/readyz", context=context).json()["lag"] == 0)
        assert [row["message_id"] for row in server.cli("events", "list")] == ["secret"]
    finally:
        server.stop()
