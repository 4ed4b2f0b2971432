"""The live stream: events as they are stored, until somebody goes."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from litestar.exceptions import TooManyRequestsException

from tests.serving import Running, wait_for
from tests.web.conftest import V1, Caller, World
from tidings.events.api import Batch
from tidings.web.streams import STREAMS, EventStream, Streams


@contextmanager
def listening(caller: Caller, query: str = "", last: int | None = None) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", caller.server.port, timeout=15)
    headers = {"Authorization": f"Bearer {caller.token}"} | ({} if last is None else {"Last-Event-ID": str(last)})
    connection.request("GET", f"{V1}/events/stream{query}", headers=headers)
    answer = connection.getresponse()
    try:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.readline().startswith(b"retry:")
        yield answer
    finally:
        connection.close()
        answer.close()


def following(answer: HTTPResponse) -> tuple[int, Any]:
    """Read the next event: its id and its data."""
    number = 0
    while line := answer.readline():
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: "):
            return number, json.loads(line[6:])
    raise EOFError


def test_a_live_event_arrives(world: World) -> None:
    with listening(world.admin) as answer:
        world.send("track", {"userId": "dave", "event": "Live", "properties": {"text": "two\nlines"}})
        number, event = following(answer)
        assert event == world.admin.get(f"/events/{number}")
        assert event["properties"] == {"text": "two\nlines"}


def test_filters_and_going_on_behind_an_event(world: World) -> None:
    newest = world.admin.get("/events?limit=1")["items"][0]["id"]
    for name in ("First", "Other", "Second"):
        world.send("track", {"userId": "bob", "event": f"Stream {name}", "messageId": f"stream-{name}"})
    world.server.settled()
    with listening(world.admin, last=newest) as answer:
        assert [following(answer)[1]["name"] for _ in range(3)] == ["Stream First", "Stream Other", "Stream Second"]
    with listening(world.admin, f"?name=Stream+Second&verb=track&source_id={world.source_id}", newest) as answer:
        assert following(answer)[1]["name"] == "Stream Second"
    with listening(world.admin, "?message_id=stream-Other", newest) as answer:
        assert following(answer)[1]["name"] == "Stream Other"


def test_a_stranger_hears_nothing_of_it(world: World) -> None:
    key, _ = world.source(world.stranger, "streamed")
    with listening(world.stranger) as answer:
        world.send("track", {"userId": "dave", "event": "Not theirs"})
        world.send("track", {"userId": "theirs", "event": "Theirs"}, key)
        assert following(answer)[1]["name"] == "Theirs"


def test_a_revoked_token_ends_its_stream(world: World) -> None:
    made = world.admin.make("/tokens", {"name": "listener", "scopes": ["read"]})
    with listening(Caller(world.server, made["secret"])) as answer:
        assert world.admin("DELETE", f"/tokens/{made['token']['id']}").status == 204
        with pytest.raises(EOFError):
            following(answer)


@pytest.mark.parametrize("last", ["x", "-1", "9" * 30, "1.5"])
def test_bad_last_event_ids(world: World, last: str) -> None:
    assert world.admin("GET", "/events/stream", headers={"Last-Event-ID": last}).status == 400


def test_a_stopping_server_ends_its_streams(server: Running) -> None:
    token = server.cli("token", "create")["token"]
    caller = Caller(server, token)
    wait_for(lambda: caller("GET", "/stats").status == 200)
    with listening(caller) as answer:
        server.stop()
        with pytest.raises(EOFError):
            following(answer)
    assert "graceful shutdown exceeded" not in "".join(server.output)


class NoKeys:
    def token(self, _: str) -> Any:
        return object()


def run(streams: Streams, batches: list[Batch], ends: int) -> list[bytes]:
    """Run one stream by itself until it has sent so many messages; return what it sent."""
    sent: list[bytes] = []
    enough = asyncio.Event()

    async def read(after: int) -> Batch:
        return batches.pop(0) if batches else Batch([], after, more=False)

    async def receive() -> Any:
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if len(sent) >= ends:
            enough.set()

    async def main() -> None:
        await asyncio.wait_for(EventStream(streams, lambda: True, read, 0)({}, receive, send), 10)  # type: ignore[arg-type]

    asyncio.run(main())
    return sent


def test_silence_is_broken_and_a_client_that_goes_is_forgotten() -> None:
    streams = Streams(NoKeys(), lambda: False, heartbeat=0.0)  # type: ignore[arg-type]
    sent = run(streams, [Batch([(5, b"{}"), (7, b"[]")], 7, more=True)], ends=4)
    assert sent[2] == b"id: 5\ndata: {}\n\nid: 7\ndata: []\n\n"
    assert sent[3] == b": still here\n\n"
    assert streams.open == 0


def test_there_is_room_for_a_hundred() -> None:
    streams = Streams(NoKeys(), lambda: False)  # type: ignore[arg-type]
    streams.open = STREAMS
    with pytest.raises(TooManyRequestsException):
        streams.answer(None, None, 0)  # type: ignore[arg-type]
