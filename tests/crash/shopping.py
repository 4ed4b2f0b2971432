"""A shop's plugin that sends orders, carts and newsletter wishes, and what must come of them, folded by itself."""

import http.client
import json
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

PEOPLE = 60
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = 150
CARTS = 150


@dataclass(frozen=True)
class Message:
    """One request, to be sent until it is answered.

    Args:
        kind: Remarkety's event type.
        second: When it happened, counted from ``BEGIN``; no two messages of a run share one.
        body: As it is sent.
    """

    kind: str
    second: int
    body: dict[str, Any]

    @property
    def person(self) -> int:
        email: str = self.body.get("email") or self.body["customer"]["email"]
        return int(email[1:].partition("@")[0])


@dataclass
class Ledger:
    """Everything that any client ever sent."""

    messages: list[Message] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)  # seconds
    lock: threading.Lock = field(default_factory=threading.Lock)

    def new(self, kind: str, make: Any) -> Message:
        """Make a message of the next second."""
        with self.lock:
            second = len(self.messages) + 1
            message = Message(kind, second, make(moment(second)))
            self.messages.append(message)
            return message


def moment(second: int) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat()


class Plugin:
    """One connection at a time to a server that may die at any moment; old messages are repeated, late or at once.

    Args:
        port: Of the server.
        store: Id of the store and its key.
        ledger: Where everything is noted.
        chance: Where all decisions come from.
    """

    def __init__(self, port: int, store: tuple[str, str], ledger: Ledger, chance: random.Random) -> None:
        self.port = port
        self.store = store
        self.ledger = ledger
        self.chance = chance
        self.unanswered: list[Message] = []
        self.late: list[Message] = []
        self._connection: http.client.HTTPConnection | None = None

    def run(self, stopping: threading.Event) -> None:
        """Send first what was not answered, then new messages, until told to stop or until the server is gone."""
        while not stopping.is_set():
            if not self.unanswered:
                self.unanswered.append(self._next())
            if not self.send(self.unanswered[0]):
                break
            self.unanswered.pop(0)
        self.close()

    def finish(self) -> None:
        """Get an answer to everything."""
        for message in [*self.unanswered, *self.late]:
            assert self.send(message), "the server is gone"
        self.unanswered, self.late = [], []
        self.close()

    def send(self, message: Message) -> bool:
        """Send; tell whether the server answered."""
        headers = {
            "content-type": "application/json",
            "x-token": self.store[1],
            "x-event-type": message.kind,
            "x-event-time": str(int(BEGIN.timestamp()) + message.second),
            "idempotency-key": str(message.second),
        }
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self._connection.request("POST", f"/webhooks/?storeId={self.store[0]}", json.dumps(message.body), headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return False
        assert (answer.status, json.loads(text)["status"]) == (200, "OK"), (answer.status, text, message)
        with self.ledger.lock:
            self.ledger.answered.add(message.second)
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _next(self) -> Message:
        """Return a new message, one that was sent before, or one that was held back; some are held back."""
        if self.late and self.chance.random() < 0.1:
            return self.late.pop(self.chance.randrange(len(self.late)))
        if self.ledger.messages and self.chance.random() < 0.05:
            return self.chance.choice(self.ledger.messages[-400:])
        made = self._made()
        if self.chance.random() < 0.1:
            self.late.append(made)
            return self._next()
        return made

    def _made(self) -> Message:
        chance = self.chance
        kind = chance.choices(("orders/update", "carts/update", "wish"), (5, 3, 2))[0]
        if kind == "orders/update":
            return self.ledger.new(chance.choice(("orders/create", kind)), self._order)
        if kind == "carts/update":
            return self.ledger.new(kind, self._cart)
        wish = chance.choice(("newsletter/subscribe", "newsletter/unsubscribe", "customers/update"))
        person = chance.randrange(PEOPLE)
        body: dict[str, Any] = {"email": email_of(person)}
        if wish == "customers/update":
            body["accepts_marketing"] = chance.choice((True, False))
        return self.ledger.new(wish, lambda at: body | ({"updated_at": at} if wish == "customers/update" else {}))

    def _order(self, at: str) -> dict[str, Any]:
        chance, number = self.chance, self.chance.randint(1, ORDERS)
        person = number % PEOPLE  # an order has one customer
        lines = [
            {"product_id": chance.randrange(20), "sku": "s", "name": "Mug", "quantity": chance.randrange(1, 4),
             "price": chance.choice((5, 12.5, "19.90", 0.01))}
            for _ in range(chance.randint(1, 3))
        ]  # fmt: skip
        body: dict[str, Any] = {
            "id": f"{number:06}", "created_at": placed(number), "updated_at": at,
            "currency": chance.choice(("EUR", "PLN")),
            "customer": {"id": f"c{person}", "email": email_of(person)}, "line_items": lines,
            "status": {"name": chance.choice(("Paid", "Shipped", "Cancelled later"))},
            "total_price": chance.choice((10, 99.99, "1250.50", 0.1)), "test": chance.random() < 0.1,
        }  # fmt: skip
        if number % 3 == 0:
            body["cart_id"] = number
        for name in ("total_price", "status", "line_items", "test"):
            if chance.random() < 0.2:
                del body[name]
        return body

    def _cart(self, at: str) -> dict[str, Any]:
        number = self.chance.randint(1, CARTS)
        person = number % PEOPLE
        line = {"product_id": self.chance.randrange(20), "sku": "s", "name": "Mug", "quantity": 1, "price": 5}
        return {
            "id": number, "updated_at": at, "created_at": placed(0), "currency": "EUR", "total_price": 5,
            "customer": {"id": f"c{person}", "email": email_of(person)}, "line_items": [line],
        }  # fmt: skip


def email_of(person: int) -> str:
    return f"p{person}@shop.example"


def placed(number: int) -> str:
    """Return when an order was placed: among the moments at which carts change."""
    return moment(number * 20)


def milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


class Expected:
    """What must be stored, folded in the order of happening.

    Args:
        messages: Every message that was sent.
    """

    def __init__(self, messages: Iterable[Message]) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.spoken: dict[str, int] = {}
        self.carts: dict[str, Message] = {}
        self.wishes: dict[int, bool] = {}
        self.unsubscribed: dict[int, bool] = {}
        for message in sorted(messages, key=lambda one: one.second):
            family = message.kind.partition("/")[0]
            if family == "orders":
                known = self.orders.setdefault(message.body["id"], {"person": message.person})
                known |= message.body
                self.spoken[message.body["id"]] = self.spoken.get(message.body["id"], 0) + 1
            elif family == "carts":
                self.carts[str(message.body["id"])] = message
            elif family == "customers":
                self.wishes[message.person] = message.body["accepts_marketing"]
            else:
                wanted = message.kind == "newsletter/subscribe"
                self.wishes[message.person], self.unsubscribed[message.person] = wanted, not wanted

    def revenue(self, order: dict[str, Any]) -> Decimal:
        """Return what an order is worth: its total, else what its lines say."""
        if "total_price" in order:
            return Decimal(str(order["total_price"]))
        return sum((Decimal(str(line["price"])) * line["quantity"] for line in order.get("line_items", [])), Decimal(0))

    def sums(self) -> dict[tuple[int, str], tuple[int, Decimal]]:
        """Return orders and revenue by customer and currency."""
        found: dict[tuple[int, str], tuple[int, Decimal]] = {}
        for order in self.orders.values():
            if not order.get("test"):
                key = (order["person"], order["currency"])
                count, revenue = found.get(key, (0, Decimal(0)))
                found[key] = (count + 1, revenue + self.revenue(order))
        return found

    def is_open(self, cart: str) -> bool:
        """Tell whether no order has closed a cart."""
        message = self.carts[cart]
        if any(str(order.get("cart_id")) == cart for order in self.orders.values()):
            return False
        mine = (order for order in self.orders.values() if order["person"] == message.person and "cart_id" not in order)
        return all(milliseconds(order["created_at"]) < milliseconds(moment(message.second)) for order in mine)
