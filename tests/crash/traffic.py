"""Clients that send what shops send, and go on sending what was not answered."""

import base64
import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.crash.reference import Source

PEOPLE = 150
EVENTS = ("Product Viewed", "Signed Up", "Tip Given", "Order Completed", "Checkout Started")
AMOUNTS = (5, 12.5, -3, 0.000001, "19.90", "0.1", 999999999999999.5, "999999999999999.999999")


@dataclass
class Request:
    """One request, to be sent until it is answered."""

    source: Source
    path: str
    body: dict[str, Any]

    @property
    def events(self) -> list[dict[str, Any]]:
        if "batch" in self.body:
            batch: list[dict[str, Any]] = self.body["batch"]
            return batch
        return [self.body]


@dataclass
class Sent:
    """Everything that any client ever sent."""

    variants: dict[str, tuple[Source, dict[str, Any], str | None]] = field(default_factory=dict)  # by nonce
    acknowledged: set[tuple[int, str]] = field(default_factory=set)  # source id, message id
    tries: int = 0  # events that left a client, every repeat counted
    answers: int = 0  # events that were acknowledged, every repeat counted
    requests: list[Request] = field(default_factory=list)  # to be repeated now and then
    lock: threading.Lock = field(default_factory=threading.Lock)


class Writer:
    """Makes events. People share devices, mistype addresses and come back.

    Args:
        name: Makes the message ids of this writer its own.
        chance: Where all decisions come from.
        sources: To send to.
    """

    def __init__(self, name: str, chance: random.Random, sources: list[Source]) -> None:
        self.name = name
        self.chance = chance
        self.sources = sources
        self.made = 0
        self.nonces = 0

    def request(self, sent: Sent) -> Request:
        """Return a new request, or one that was sent before."""
        if sent.requests and self.chance.random() < 0.06:
            return self.chance.choice(sent.requests)
        if self.chance.random() < 0.5:
            event = self.event(sent)
            path = f"/v1/{event['type']}"
            body = event if self.chance.random() < 0.5 else {k: v for k, v in event.items() if k != "type"}
            return self._note(sent, path, body)
        return self.batch(sent, self.chance.randint(1, 30))

    def batch(self, sent: Sent, size: int) -> Request:
        """Return a new batch."""
        return self._note(sent, "/v1/batch", {"batch": [self.event(sent) for _ in range(size)]})

    def _note(self, sent: Sent, path: str, body: dict[str, Any]) -> Request:
        if self.chance.random() < 0.3:
            wrong = self.chance.choice((0, 0, 7200, -7200))
            body["sentAt"] = stamp(datetime.now(UTC) - timedelta(seconds=wrong))
        source = self.chance.choice(self.sources)
        made = Request(source, path, body)
        with sent.lock:
            for event in made.events:
                whole = {"type": path.removeprefix("/v1/"), **event}
                sent.variants[event["context"]["nonce"]] = (source, whole, body.get("sentAt"))
            sent.requests.append(made)
        return made

    def event(self, sent: Sent) -> dict[str, Any]:
        """Return one event."""
        chance = self.chance
        self.nonces += 1
        nonce = f"{self.name}-{self.nonces}"
        event: dict[str, Any] = {"messageId": self.message_id(sent), "context": {"nonce": nonce}}
        if chance.random() < 0.8:
            event["timestamp"] = stamp(datetime.now(UTC) - timedelta(seconds=chance.randint(0, 86_400)))
        if chance.random() < 0.1:
            event["context"]["active"] = False
        kind = chance.choices(("track", "identify", "page", "group", "alias"), (8, 6, 3, 2, 1))[0]
        event["type"] = kind
        if kind == "alias":
            return event | self.alias()
        event |= self.ids()
        if kind == "track":
            event["event"] = chance.choice(EVENTS)
            event["properties"] = self.properties()
            if chance.random() < 0.1:
                event["context"]["traits"] = {"email": self.email()}
        elif kind == "page":
            event["properties"] = {"path": "/"}
        elif kind == "group":
            event["groupId"] = f"g{chance.randrange(20)}"
            event["traits"] = {"plan": chance.choice(("free", "pro", None)), "seats": chance.randrange(9)}
            if chance.random() < 0.1:
                event.pop("userId", None)
                event.pop("anonymousId", None)
        else:
            traits = self.traits()
            if chance.random() < 0.9:
                event["traits"] = traits
            else:
                event["context"]["traits"] = traits
        return event

    def message_id(self, sent: Sent) -> str:
        """Return a new id; now and then one that another event has, of this source or of another."""
        if sent.requests and self.chance.random() < 0.02:
            old: str = self.chance.choice(self.chance.choice(sent.requests).events)["messageId"]
            return old
        self.made += 1
        return f"{self.name}-{self.made:05}-{self.chance.getrandbits(32):08x}"

    def person(self) -> int:
        return self.chance.randrange(PEOPLE)

    def ids(self) -> dict[str, str]:
        """Return who it is: mostly one person on that person's devices, sometimes on somebody else's."""
        who = self.person()
        device = who if self.chance.random() < 0.93 else self.person()
        user, anonymous = f"u{who}", f"a{device}-{self.chance.randrange(3)}"
        if self.chance.random() < 0.05:
            anonymous = f"once-{self.name}-{self.nonces}"
        shape = self.chance.random()
        if shape < 0.35:
            return {"userId": user, "anonymousId": anonymous}
        return {"userId": user} if shape < 0.6 else {"anonymousId": anonymous}

    def alias(self) -> dict[str, str]:
        who = self.person()
        kind = self.chance.random()
        if kind < 0.6:
            previous = f"a{who}-{self.chance.randrange(3)}"
        elif kind < 0.75:
            previous = f"u{self.person()}"
        elif kind < 0.85:
            previous = f"u{who}"
        else:
            previous = f"old-{self.chance.randrange(40)}"
        return {"userId": f"u{who}", "previousId": previous}

    def email(self) -> str:
        who = self.person()
        return f"P{who}@Shop.example" if self.chance.random() < 0.2 else f"p{who}@shop.example"

    def traits(self) -> dict[str, Any]:
        chance = self.chance
        traits: dict[str, Any] = {}
        if chance.random() < 0.35:
            traits["email"] = self.email()
        if chance.random() < 0.15:
            traits["phone"] = f"+49301234{self.person():04}"
        for name in chance.sample(("plan", "city", "score", "tags", "vip"), chance.randint(0, 3)):
            values = (None, "Kraków", chance.randrange(10**18), 1.25, True, ["a", {"b": None}], {"x": 1})
            traits[name] = chance.choice(values)
        return traits

    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = {"sku": "s1"}
        if self.chance.random() < 0.5:
            properties["revenue"] = self.chance.choice(AMOUNTS)
            if self.chance.random() < 0.5:
                properties["currency"] = self.chance.choice(("EUR", "pln", "USD"))
        return properties


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Client:
    """One connection at a time to a server that may die at any moment.

    Args:
        port: Of the server.
        sent: Where everything is noted.
        writer: Makes the requests.
    """

    def __init__(self, port: int, sent: Sent, writer: Writer) -> None:
        self.port = port
        self.sent = sent
        self.writer = writer
        self.unanswered: list[Request] = []
        self._connection: http.client.HTTPConnection | None = None

    def run(self, stopping: threading.Event) -> None:
        """Send first what was not answered, then new requests, until told to stop or until the server is gone."""
        while not stopping.is_set():
            if not self.unanswered:
                self.unanswered.append(self.writer.request(self.sent))
            if not self.send(self.unanswered[0]):
                break
            self.unanswered.pop(0)
            if self.writer.chance.random() < 0.02 and not self.lose():
                break
        self.close()

    def finish(self) -> None:
        """Get an answer to everything."""
        while self.unanswered:
            assert self.send(self.unanswered.pop(0)), "the server is gone"
        self.close()

    def send(self, request: Request) -> bool:
        """Send; tell whether the server answered.

        Raises:
            AssertionError: It answered that it does not take the request.
        """
        try:
            connection = self._post(request)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return False
        assert (answer.status, json.loads(body)) == (200, {"success": True}), (answer.status, body, request)
        with self.sent.lock:
            self.sent.answers += len(request.events)
            self.sent.acknowledged |= {(request.source.id, event["messageId"]) for event in request.events}
        return True

    def lose(self) -> bool:
        """Send a request and hang up before the answer comes; it will be sent again."""
        self.unanswered.append(self.writer.request(self.sent))
        try:
            self._post(self.unanswered[-1])
        except (OSError, http.client.HTTPException):
            return False
        finally:
            self.close()
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, request: Request) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with self.sent.lock:
            self.sent.tries += len(request.events)
        token = base64.b64encode(f"{request.source.key}:".encode()).decode()
        self._connection.request("POST", request.path, json.dumps(request.body), {"Authorization": f"Basic {token}"})
        return self._connection
