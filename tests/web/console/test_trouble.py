"""When the data cannot be reached, or we have made a mistake, a page says so, with the safe headers on it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tidings.kit.proxies import Proxies
from tidings.tenants.passwords import WAITING, Busy, Passwords
from tidings.web.console.app import make_console
from tidings.web.console.gate import PICTURES
from tidings.web.console.visit import SESSION

# The framework's next version wants dependencies marked; the routes of the API are in the same case.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


class Broken:
    """A database whose disk has gone, or whose code is wrong."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def read(self, *_: Any, **__: Any) -> Any:
        raise self.error

    write = read


def asked(error: Exception, cookie: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    """Return what the console answers to a request when its database raises an error."""
    nothing: Any = None
    app = make_console(
        database=Broken(error),  # type: ignore[arg-type]
        keys=nothing,
        health=nothing,
        hashing=nothing,
        proxies=Proxies([]),
        setup_code="",
        secret=b"",
        settings={"avatars": "given"},
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(b"host", b"x"), (b"cookie", f"{SESSION}={cookie}".encode())]
    pairs += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/console/users", "raw_path": b"/console/users"}
    scope |= {"query_string": b"", "headers": pairs, "scheme": "http", "client": ("127.0.0.1", 1), "root_path": ""}
    scope |= {"http_version": "1.1", "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"}, "extensions": {}}

    async def ask() -> None:
        await app(scope, receive, send)

    asyncio.run(ask())
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.mark.parametrize("cookie", ["", "x" * 43])  # on the way to a route, and before
@pytest.mark.parametrize(("error", "status"), [(OSError("disk gone"), 503), (KeyError("a secret"), 500)])
def test_trouble_is_a_page(cookie: str, error: Exception, status: int) -> None:
    found, headers, text = asked(error, cookie)
    assert found == status
    assert headers["content-security-policy"] == PICTURES
    assert headers["cache-control"] == "no-store"
    assert headers.get("retry-after") == ("5" if status == 503 else None)
    assert "<h1>" in text
    assert "secret" not in text
    assert "disk gone" not in text


def test_trouble_of_a_fragment_is_a_sentence() -> None:
    status, headers, text = asked(OSError("disk gone"), hx_request="true")
    assert (status, text) == (503, "The data cannot be read or written at this moment.")
    assert headers["content-security-policy"] == PICTURES


def test_passwords_cannot_be_piled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pile(count: int) -> list[Any]:
        hashing = Passwords()
        slow: Callable[[str | None, str], bool] = lambda known, password: password == "right"  # noqa: E731
        monkeypatch.setattr("tidings.tenants.passwords.verified", slow)
        tasks = [hashing.matches(None, "right") for _ in range(count)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(pile(WAITING + 5))
    assert [isinstance(answer, Busy) for answer in answers].count(True) == 5
    assert answers.count(True) == WAITING
