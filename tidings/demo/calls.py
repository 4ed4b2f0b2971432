"""What is said to the server: the calls of three dialects, as a shop's clients write them."""

from random import Random
from typing import Any, Literal

import msgspec

from tidings.demo.people import Device, Person
from tidings.demo.rhythm import date

Brand = Literal["shop", "wholesale"]
Dialect = Literal["segment", "ripe", "reamaze_data"]

HOSTS: dict[Brand, str] = {"shop": "https://demo.shop.example", "wholesale": "https://demo.wholesale.example"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Call(msgspec.Struct, kw_only=True):
    """Something to be sent.

    Args:
        at: When it happened, UTC milliseconds.
        brand: Whose shop.
        dialect: Which source of the shop.
        body: Of the request.
        path: Where to; "" is an event of Segment, which goes in a batch with others.
        events: How many of them are to be stored.
        refused: How many are to be refused.
        status: The right answer.
        repeat: ``Idempotency-Key``, "" for none.
        stranger: Whether it comes with a key that nobody has.
    """

    at: int
    brand: Brand
    dialect: Dialect
    body: bytes
    path: str = ""
    events: int = 1
    refused: int = 0
    status: int = 200
    repeat: str = ""
    stranger: bool = False


class Diary:
    """What one household did, call by call.

    Ids of messages come from the random numbers that also decide everything else, so that the same seed and moment say
    the same again: the server knows a repeat by them.

    Args:
        brand: Where they shop.
        rng: Decides.
        until: What would be later has not happened yet, UTC milliseconds.
    """

    def __init__(self, brand: Brand, rng: Random, until: int) -> None:
        self.brand: Brand = brand
        self.rng = rng
        self.until = until
        self.calls: list[Call] = []

    def segment(self, at: int, verb: str, person: Person, device: Device | None, **members: Any) -> None:
        """Note a call of Segment's tracking API.

        Args:
            at: UTC milliseconds.
            verb: ``track``, ``page`` and so on.
            person: Who.
            device: With what; None is the shop's own server.
            members: Of the call.
        """
        who: dict[str, str] = {}
        context: dict[str, Any] = {"library": {"name": "analytics-python", "version": "2.3.4"}}
        if device is None or device.id in person.known:
            who["userId"] = person.user_id
        if device is not None:
            who["anonymousId"] = device.id
            context = {
                "library": {"name": "analytics.js", "version": "2.11.1"},
                "ip": device.ip,
                "locale": person.locale,
                "userAgent": device.agent,
            }
        self._note(at, "segment", {"type": verb, "context": context} | who | members)

    def ripe(self, at: int, verb: str, who: dict[str, str], **members: Any) -> None:
        """Note a call of Ripe's event API.

        Args:
            at: UTC milliseconds.
            verb: ``track``, ``page`` and so on.
            who: ``userId``, ``anonymousId`` or both.
            members: Of the call.
        """
        self._note(at, "ripe", who | members, f"/event/{verb}")

    def reamaze(self, at: int, user: dict[str, Any], event: dict[str, Any]) -> None:
        """Note an event of Re:amaze's data integration.

        Args:
            at: UTC milliseconds.
            user: Who, and what is known of them.
            event: What happened.
        """
        if at <= self.until:
            body = {"user": user, "event": event | {"timestamp": stamp(at)}}
            events = 1 if user.keys() <= {"id", "ip"} else 2  # what is said of the user is an identify of its own
            self.calls.append(self._reamaze(at, "/data/events", body, events))

    def reamaze_user(self, at: int, user: dict[str, Any]) -> None:
        """Note user data of Re:amaze's data integration, which has no time but that of receipt.

        Args:
            at: In which place among the others it is sent.
            user: Who, and what is known of them.
        """
        if at <= self.until:
            self.calls.append(self._reamaze(at, "/data/users", {"user": user}, 1))

    def _reamaze(self, at: int, path: str, body: dict[str, Any], events: int) -> Call:
        return Call(
            at=at,
            brand=self.brand,
            dialect="reamaze_data",
            body=_encode(body),
            path=path,
            events=events,
            repeat=self._id(),
        )

    def _note(self, at: int, dialect: Dialect, members: dict[str, Any], path: str = "") -> None:
        if at <= self.until:
            body = _encode({"messageId": self._id(), "timestamp": stamp(at)} | members)
            self.calls.append(Call(at=at, brand=self.brand, dialect=dialect, body=body, path=path))

    def _id(self) -> str:
        return f"demo-{self.rng.getrandbits(96):024x}"


def stamp(moment: int) -> str:
    """Return a moment as clients write it.

    Args:
        moment: UTC milliseconds.
    """
    return date(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")
