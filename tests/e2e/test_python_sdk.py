"""Segment's own SDK for Python, as it comes from PyPI, against a running server."""

import datetime
import enum
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from segment import analytics
from segment.analytics import request
from segment.analytics.client import Client

from tests.serving import Running, wait_for

BOUGHT = datetime.datetime(2024, 3, 1, 10, 0, 0, 123000, tzinfo=datetime.UTC)
Connect = Callable[..., Client]


@pytest.fixture
def failed() -> list[Exception]:
    """What the SDK has given up."""
    return []


@pytest.fixture
def connect(server: Running, failed: list[Exception]) -> Iterator[Connect]:
    """Makes clients that send to the server."""
    key = server.source("segment")["write_key"]
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        clients.append(Client(key, host=server.url, on_error=lambda error, _: failed.append(error), **options))
        return clients[-1]

    yield make
    for client in clients:
        if client.consumers:
            client.join()
    request._session.close()


def stored(server: Running) -> dict[str, dict[str, Any]]:
    """Return the stored events by message id; each id once."""
    rows = server.cli("events", "list", "--limit", "1000")
    assert [name for name, times in Counter(row["message_id"] for row in rows).items() if times > 1] == []
    return {row["message_id"]: row for row in rows}


def say_everything(client: Client) -> None:
    """Make every call that the SDK has, about Alice."""
    client.track(anonymous_id="a-1", event="Product Viewed", message_id="m-view")
    client.identify("alice", {"email": "Alice@Example.com", "plan": "pro"}, anonymous_id="a-1", message_id="m-identify")
    client.track("alice", "Bought", {"revenue": 12.5, "currency": "EUR"}, timestamp=BOUGHT, message_id="m-track")
    client.page("alice", "Docs", "Start", {"url": "https://shop.example/start"}, message_id="m-page")
    client.screen("alice", "App", "Cart", {"items": 2}, message_id="m-screen")
    client.group("alice", "acme", {"name": "Acme", "employees": 7}, message_id="m-group")
    client.alias("alice-before", "alice", message_id="m-alias")
    client.track("alice-before", "Remembered", context={"locale": "de-DE", "ip": "203.0.113.9"}, message_id="m-last")


CALLS = {"m-view", "m-identify", "m-track", "m-page", "m-screen", "m-group", "m-alias", "m-last"}


@pytest.mark.parametrize(
    "options",
    [{}, {"upload_size": 3, "gzip": True}, {"sync_mode": True}],
    ids=["one batch", "gzip in batches of 3", "sync"],
)
def test_every_call(server: Running, connect: Connect, failed: list[Exception], options: dict[str, Any]) -> None:
    client = connect(**options)
    say_everything(client)
    if client.consumers:
        client.flush()
    server.refusals_written()
    figures = server.settled()
    assert failed == []
    assert (figures["events"], figures["duplicates"], figures["refused"]) == (8, 0, 0)

    events = stored(server)
    assert set(events) == CALLS
    assert {row["verb"] for row in events.values()} == {"identify", "track", "page", "screen", "group", "alias"}
    assert events["m-track"]["time"] == int(BOUGHT.timestamp() * 1000)
    assert events["m-track"]["event"]["context"]["library"]["name"] == "analytics-python"
    assert events["m-page"]["event"]["properties"]["category"] == "Docs"
    assert events["m-screen"]["name"] == "Cart"
    assert events["m-last"]["event"]["context"]["locale"] == "de-DE"

    profile = server.cli("profile", "show", "--user-id", "alice")
    assert profile["event_count"] == 8
    assert profile["lifetime_value"] == {"EUR": "12.5"}
    assert profile["traits"]["plan"] == "pro"
    assert [group["id"] for group in profile["groups"]] == ["acme"]
    assert {(row["kind"], row["value"]) for row in profile["identifiers"]} >= {
        ("user_id", "alice"),
        ("user_id", "alice-before"),
        ("anonymous_id", "a-1"),
        ("email", "alice@example.com"),
    }


def test_the_module_itself_as_its_documentation_uses_it(
    server: Running, monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    del connect  # closes the SDK's connections afterwards
    monkeypatch.setattr(analytics, "write_key", server.source("segment", "--name", "module")["write_key"])
    monkeypatch.setattr(analytics, "host", server.url + "/")
    monkeypatch.setattr(analytics, "default_client", None)
    analytics.identify("bob", {"email": "bob@example.com"})
    analytics.track("bob", "Signed Up")
    analytics.shutdown()
    assert server.settled()["events"] == 2
    assert server.cli("profile", "show", "--email", "bob@example.com")["event_count"] == 2


class Plan(enum.Enum):
    PRO = "pro"


def test_unusual_values_cost_no_event(server: Running, connect: Connect, failed: list[Exception]) -> None:
    client = connect(upload_size=100)
    odd: dict[str, Any] = {
        "nothing": None,
        "not_a_number": float("nan"),
        "endless": float("inf"),
        "price": Decimal("19.99"),
        "tiny": 1e-07,
        "huge": 2**70,
        "beyond": int("9" * 400),
        "moment": BOUGHT,
        "day": datetime.date(2024, 2, 29),
        "duck": "🦆 Zażółć",
        "half": "\ud83d",
        "nul": "a\x00b",
        "plan": Plan.PRO,
        "tags": ("a", {"deep": [1, [2, [3]]]}),
        "bytes": b"text",
        "": "no name",
        "dollar.$name": 1,
    }
    for number, (name, value) in enumerate(odd.items()):
        client.track(f"odd-{number}", "Odd", {name: value}, message_id=f"odd-{number}")
    client.track("odd", "Odd", odd, message_id="odd-all")
    client.identify("odd", odd, message_id="odd-traits")
    client.track(42, "A number as id", message_id="odd-id")
    client.track("odd", "An old naive time", timestamp=datetime.datetime(2024, 3, 1), message_id="odd-time")  # noqa: DTZ001
    client.track("odd", "x" * 20_000, message_id="odd-name")
    client.track("odd", "A long message id", message_id="m" * 300)
    client.flush()
    server.refusals_written()
    figures = server.settled()
    assert failed == []
    assert (figures["events"], figures["refused"]) == (len(odd) + 6, 0)
    properties = stored(server)["odd-all"]["event"]["properties"]
    assert properties["not_a_number"] is None
    assert properties["endless"] is None
    assert (properties["price"], properties["tiny"], properties["huge"]) == (19.99, 1e-07, 2**70)
    assert properties["moment"] == "2024-03-01T10:00:00.123000+00:00"
    assert properties["day"] == "2024-02-29"
    assert (properties["duck"], properties["half"], properties["nul"]) == ("🦆 Zażółć", "\ufffd", "ab")
    assert properties["plan"] == "pro"
    assert stored(server)["odd-id"]["event"]["user_id"] == "42"
    assert server.cli("profile", "show", "--user-id", "odd")["traits"]["duck"] == "🦆 Zażółć"


def test_a_message_that_is_sent_twice_counts_once(server: Running, connect: Connect) -> None:
    client = connect(sync_mode=True)
    for revenue in (5, 500):
        client.track("alice", "Bought", {"revenue": revenue}, message_id="order-1")
    figures = server.settled()
    assert (figures["events"], figures["duplicates"]) == (1, 1)
    assert server.cli("profile", "show", "--user-id", "alice")["lifetime_value"] == {"USD": "5"}


def test_errors_are_understood_and_not_repeated(server: Running, connect: Connect) -> None:
    del connect
    with pytest.raises(request.APIError) as error:
        Client("unknown", host=server.url, sync_mode=True).track("alice", "Bought")
    assert (error.value.status, error.value.code) == (401, "unknown_source")
    failed: list[Exception] = []
    client = Client("unknown", host=server.url, on_error=lambda error, _: failed.append(error))
    client.track("alice", "Bought")
    client.shutdown()
    assert [str(error) for error in failed] == ["[Segment] unknown_source: The write key belongs to no source (401)"]
    assert server.settled()["events"] == 0


def test_a_client_that_is_told_to_slow_down_loses_nothing(
    server: Running, connect: Connect, failed: list[Exception]
) -> None:
    client = connect(upload_size=1)
    server.cli("source", "set", "1", "rate=4")

    def refused() -> int:
        found = re.search(r'requests_total{.*status="429"} (\d+)', server.call("GET", "/metrics").body.decode())
        return int(found[1]) if found else 0

    def hurry() -> bool:
        for _ in range(10):
            server.call("GET", f"/sourceConfig/?writeKey={client.write_key}")
        return refused() > 0

    wait_for(hurry)
    before = refused()
    for number in range(6):
        client.track("alice", "Bought", message_id=f"m-{number}")
    client.flush()
    assert failed == []
    assert refused() > before
    server.settled()
    assert sorted(stored(server)) == [f"m-{number}" for number in range(6)]


@pytest.mark.parametrize("gzip", [False, True])
def test_the_server_goes_down_in_the_middle_and_comes_back(
    server: Running, connect: Connect, failed: list[Exception], gzip: bool, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(upload_size=5, gzip=gzip)
    ids = [f"m-{number:03}" for number in range(300)]
    with caplog.at_level(logging.DEBUG, "segment"):
        for name in ids:
            client.track("alice", "Bought", {"revenue": 1}, message_id=name)
        wait_for(lambda: "data uploaded successfully" in caplog.text)
        server.kill()
        wait_for(lambda: "Network error retry" in caplog.text)
        assert client.queue.qsize() > 0, "there is something left to send"
    server.start()
    client.flush()
    assert failed == []
    server.refusals_written()
    figures = server.settled()
    assert (figures["events"], figures["refused"]) == (300, 0)
    assert sorted(stored(server)) == ids
    for name in (ids[0], ids[-1]):
        assert len(server.cli("events", "list", "--message-id", name)) == 1
    profile = server.cli("profile", "show", "--user-id", "alice")
    assert (profile["event_count"], profile["lifetime_value"]) == (300, {"USD": "300"})


def test_the_server_is_down_at_first(server: Running, connect: Connect, failed: list[Exception]) -> None:
    client = connect()
    server.stop()
    say_everything(client)
    wait_for(lambda: client.queue.qsize() == 0)  # the SDK has taken the batch and is trying
    server.start()
    client.flush()
    assert failed == []
    server.settled()
    assert set(stored(server)) == CALLS
