"""HTTP by hand, for what a polite client library would not send or would hide in the answer."""

import base64
import json
import socket
import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Any

TIMEOUT = 5.0
EVENT = {"userId": "alice", "event": "Bought"}
ORIGIN = "https://shop.example"

Headers = Iterable[tuple[str, str]]


class Said:
    """An answer with its headers as they stand, repeated ones too."""

    def __init__(self, status: int, reason: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    def all(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for given, value in self.headers if given == name.lower()]

    def header(self, name: str) -> str:
        """Return the value of a header that stands there exactly once."""
        [value] = self.all(name)
        return value

    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.reason} {self.headers} {self.body[:300]!r}"


class Line:
    """A connection."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, timeout: float = TIMEOUT) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.incoming = self.socket.makefile("rb")

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.incoming.close()
        self.socket.close()

    def send(self, data: bytes) -> "Line":
        self.socket.sendall(data)
        return self

    def answer(self, method: str = "POST") -> Said:
        """Read one answer to the end; a "100 Continue" is one."""
        first = self.incoming.readline().decode("latin-1")
        if not first:
            raise ConnectionError("the server closed the connection without an answer")
        version, status, reason = first.rstrip("\r\n").split(" ", 2)
        assert version == "HTTP/1.1"
        headers = []
        while line := self.incoming.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
        said = Said(int(status), reason, headers, b"")
        if method != "HEAD" and said.status not in (100, 204, 304):
            assert not said.all("transfer-encoding")
            said.body = self.incoming.read(int(said.header("content-length")))
        return said


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Headers = (),
    context: ssl.SSLContext | None = None,
) -> Said:
    """Send one request on a connection of its own and return the answer."""
    with Line(port, context) as line:
        return line.send(message(method, path, body, headers)).answer(method)


def message(method: str, path: str, body: bytes = b"", headers: Headers = ()) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: tidings.example", *(f"{name}: {value}" for name, value in headers)]
    if body or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunks(*parts: bytes) -> bytes:
    """Return a body in the chunked coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def basic(key: str, password: str | None = "", scheme: str = "Basic") -> tuple[str, str]:
    """Return the header with a key; without colon if there is no password at all."""
    text = key if password is None else f"{key}:{password}"
    return "Authorization", f"{scheme} {base64.b64encode(text.encode()).decode()}"


def event(message_id: str | None = None, **members: Any) -> bytes:
    """Return a track event as JSON text."""
    named = {} if message_id is None else {"messageId": message_id}
    return json.dumps(EVENT | named | members).encode()


def must_fail(said: Said, status: int, code: str | None = None) -> None:
    """Check an error: the SDKs need this JSON object, from whatever layer the answer comes."""
    assert said.status == status, said
    assert said.header("content-type") == "application/json", said
    content = said.json()
    assert content["success"] is False
    assert isinstance(content["code"], str), said
    assert content["code"], said
    assert isinstance(content["message"], str), said
    assert content["message"], said
    assert content["error"] == content["message"]
    assert said.reason, "a PHP client splits the status line into three parts"
    if code is not None:
        assert content["code"] == code, said


def must_take(said: Said) -> None:
    """Check an acknowledgement."""
    assert said.status == 200, said
    assert said.header("content-type") == "application/json", said
    assert said.json() == {"success": True}
