"""However a customer's events are split over the dialects, ordered, cut and repeated: the same rules, the same profile.

The dialects' own handlers make the events, the pipeline's own script stores them. What must come of it is said twice,
by code that knows none of theirs: by the slow fold of the crash test, event by event in the order of arrival; and, for
one customer whom no two dialects call by different user ids, by a sum that knows no order at all, of orders too.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.crash import reference, stored
from tests.crash.reference import Accepted, Fold, Identifier
from tests.dialects import asking
from tests.dialects.asking import Shop
from tests.dialects.ray import shop as restaurants
from tests.dialects.reamaze_data import desk as desks
from tests.dialects.remarkety import store as stores
from tests.dialects.segment.shop import BASIC
from tidings.commerce import service as commerce
from tidings.db.engine import make_engine
from tidings.db.migrate import migrate
from tidings.dialects.contract import Intake, Request, Route
from tidings.dialects.ray import RAY, tokens
from tidings.dialects.reamaze_data import REAMAZE_DATA
from tidings.dialects.remarkety import REMARKETY
from tidings.dialects.ripe import RIPE
from tidings.dialects.segment import SEGMENT
from tidings.events.model import Record
from tidings.log.contract import Frame
from tidings.pipeline.batch import process
from tidings.profiles import store as profiles
from tidings.tenants.model import Source

T0 = 1_700_000_000_000
LATER = T0 + 86_400_000  # when the first request arrives
ENCODE = msgspec.json.Encoder(decimal_format="number").encode
KEY = bytes(32)
PEOPLE, DEVICES = 3, 4
CURRENCIES = ("EUR", "USD", "pln")
NAMES = {"segment": "v1", "ripe": "event"}  # first parts of the paths of those that share their calls
LOOK, BUY, TELL, JOIN = "look", "buy", "tell", "join"
EXAMPLES = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Deed:
    """Something that a customer did, to be told in one of the dialects.

    Args:
        dialect: In which.
        kind: What.
        who: Number of the customer.
        named: Whether it names the user id, the email and the phone.
        device: Number of the device, None for none.
        amount: What a purchase was worth, and whether it is told as text.
        currency: Of the amount; Re:amaze's events have none, their source says it.
        traits: What the customer tells.
        keyed: Whether Re:amaze's client sends the account's key; else it proves itself by an authkey.
        second: When, after T0; no two are alike.
    """

    dialect: str
    kind: str
    who: int
    named: tuple[bool, bool, bool]
    device: int | None
    amount: tuple[Decimal, bool]
    currency: str
    traits: dict[str, Any]
    keyed: bool
    second: int = 0

    @property
    def stamp(self) -> str:
        moment = datetime.fromtimestamp(T0 / 1000 + self.second, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def email(self) -> str:
        return f"Person{self.who}@Shop.example" if self.second % 2 else f"person{self.who}@shop.example"

    @property
    def told(self) -> dict[str, Any]:
        """Email and phone, as far as it names them."""
        return {
            **({"email": self.email} if self.named[1] else {}),
            **({"phone": f"+4930123400{self.who}"} if self.named[2] else {}),
        }

    @property
    def money(self) -> Any:
        amount, as_text = self.amount
        return format(amount, "f") if as_text else amount

    @property
    def said(self) -> dict[str, Any]:
        """Traits that it tells where null says nothing."""
        return {name: value for name, value in self.traits.items() if value is not None} if self.kind == TELL else {}


class Both(Accepted):
    """An event that says at once who somebody is and what they paid, as a value (``worth``) or for an ``order``."""

    @property
    def amount(self) -> tuple[str, Decimal] | None:
        """Currency and value."""
        worth: tuple[str, Decimal] | None = self.body.get("worth")
        return worth


@dataclass
class Asked:
    """A request, and what its events must mean.

    Args:
        dialect: In which dialect.
        path: Where it goes.
        body: Of the request.
        headers: Of the request.
        source: Who it is, to the reference.
        meant: Its events, in the reference's spelling.
    """

    dialect: str
    path: str
    body: Any
    headers: dict[str, str]
    source: reference.Source
    meant: list[dict[str, Any]]


class World:
    """The sources of an example.

    Args:
        ripe_trust: Of the Ripe source.
        ripe_space: Its id space.
    """

    def __init__(self, ripe_trust: str = "server", ripe_space: str = "") -> None:
        shop = Shop(numbered(asking.source("segment"), 1), ("write_key", "wk_1"))
        site = asking.source("ripe", ripe_trust, settings={"id_space": ripe_space})
        self.sources: dict[str, Any] = {
            "segment": shop,
            "ripe": Shop(numbered(site, 2), ("api_key", "wk_1")),
            "reamaze_data": desks.Desk({"acme": ("shop", desks.source(3))}, {"acme": ("wk_1",)}),
            "remarkety": stores.Stores({"AAABBB": ("shop", stores.source(4))}, {"AAABBB": (stores.KEY,)}),
            "ray": restaurants.accounts(),  # it numbers its source itself
        }
        self.known = {
            "segment": reference.Source(1, "", "server"),
            "ripe": reference.Source(2, "", ripe_trust, ripe_space),
            "reamaze_data": reference.Source(3, "", "server"),
            "authkey": reference.Source(3, "", "browser"),
            "remarkety": reference.Source(4, "", "server"),
            "ray": reference.Source(5, "", "server"),
        }

    def requests(self, deeds: list[Deed], cuts: list[bool]) -> list[Asked]:
        """Return the requests that tell deeds in their order; neighbours in Segment's dialect may share a batch."""
        found: list[Asked] = []
        for deed, cut in zip(deeds, cuts, strict=True):
            others = {"reamaze_data": self.to_desk, "remarkety": self.to_store, "ray": self.to_restaurant}
            if deed.dialect in others:
                found.append(others[deed.dialect](deed))
                continue
            call = tell(deed)
            path = f"/{NAMES[deed.dialect]}/{call['type']}"
            one = Asked(deed.dialect, path, call, BASIC, self.known[deed.dialect], [mean(deed, call)])
            if not cut and deed.dialect == "segment" and found and found[-1].dialect == "segment":
                before = found[-1]
                events = before.body.get("batch", [before.body])
                one = Asked(
                    "segment", "/v1/batch", {"batch": [*events, call]}, BASIC, before.source, before.meant + one.meant
                )
                found.pop()
            found.append(one)
        return found

    def to_desk(self, deed: Deed) -> Asked:
        """Return a deed as Re:amaze's clients tell it: with the user id, without a device, without groups."""
        user = {"id": f"u{deed.who}", **deed.told}
        headers = {"idempotency-key": f"k{deed.second}"}
        source = self.known["reamaze_data" if deed.keyed else "authkey"]
        if deed.keyed:
            headers |= BASIC
        else:
            user["authkey"] = desks.authkey(user["id"], "wk_1")
        if deed.kind == TELL:
            user["data"] = deed.traits
        who = {"userId": f"u{deed.who}"}
        said = deed.told | (deed.traits if deed.kind == TELL else {})
        if deed.kind == TELL and deed.named[1]:
            return Asked(
                "reamaze_data",
                "/data/users",
                {"user": user},
                headers,
                source,
                [{"type": "identify", "traits": said, **who}],
            )
        event: dict[str, Any] = {"name": deed.kind, "created_at": deed.stamp}
        properties: dict[str, Any] = {}
        if deed.kind == BUY:
            event["value"] = deed.money
            properties = {"revenue": deed.amount[0], "currency": "EUR"}
        track = {"type": "track", "event": deed.kind, "properties": properties, "timestamp": deed.stamp, **who}
        meant = [track | {"context": {"traits": deed.told}}]
        if said:
            meant.insert(0, {"type": "identify", "traits": said, "timestamp": deed.stamp, **who})
        return Asked("reamaze_data", "/data/events", {"user": user, "event": event}, headers, source, meant)

    def to_store(self, deed: Deed) -> Asked:
        """Return a deed as Remarkety's plugins tell it: customers, and their orders, which are no value."""
        who = {"id": f"u{deed.who}"} if deed.named[0] else {}
        meant: dict[str, Any] = {"type": "identify", "traits": deed.said | deed.told, "timestamp": deed.stamp}
        if deed.named[0]:
            meant["userId"] = f"u{deed.who}"
        if deed.kind == BUY:
            total, currency = abs(deed.amount[0]), deed.currency
            body: dict[str, Any] = {
                "id": f"o{deed.second}",
                "created_at": deed.stamp,
                "updated_at": deed.stamp,
                "currency": currency,
            }
            body |= {"total_price": total, "customer": who | deed.told, "line_items": []}
            meant["order"] = (currency.upper(), total)
        else:
            body = {**who, **deed.told, **deed.said, "updated_at": deed.stamp}
        topic = "orders/create" if deed.kind == BUY else "customers/update"
        headers = {"x-event-type": topic, **stores.KEYED}
        return Asked("remarkety", "/webhooks", body, headers, self.known["remarkety"], [meant])

    def to_restaurant(self, deed: Deed) -> Asked:
        """Return a deed as RAY's API takes it: without a user id, a purchase with the number of an order or without."""
        said = {name: value for name, value in deed.said.items() if name == "country"}
        meant: dict[str, Any] = {"type": "identify", "traits": said | deed.told, "timestamp": deed.stamp}
        kind, properties = deed.kind, {}
        if kind == BUY:
            kind = "purchase"
            properties = {"amount": deed.money, "currency": deed.currency}
            meant["worth"] = (deed.currency.upper(), deed.amount[0])
            if deed.keyed:
                total = abs(deed.amount[0])
                properties |= {"amount": total, "orderId": f"o{deed.second}"}
                meant["order"] = (meant.pop("worth")[0], total)
        body = {
            "type": kind,
            "storeId": 3,
            "timestamp": deed.stamp,
            "user": said | deed.told,
            "customProps": properties,
        }
        return Asked("ray", "/events/interaction", body, {}, self.known["ray"], [meant])

    def take(self, asked: Asked, received: int) -> Intake:
        """Return what the dialect's own handler makes of a request."""
        dialect = DIALECTS[asked.dialect]
        route: Route = next(route for route in dialect.routes if route.path == asked.path)
        headers = asked.headers
        if asked.dialect == "ray":
            shop = self.sources["ray"]
            token = tokens.issue(shop.shop, restaurants.LOGIN, shop, received)["access_token"]
            headers = {"authorization": f"Bearer {token}"}
        request = Request(
            method="POST",
            path=asked.path,
            parameters={},
            query=b"",
            headers={name.encode(): value.encode() for name, value in headers.items()},
            body=ENCODE(asked.body),
            client="203.0.113.9",
            scheme="https",
            host="localhost",
            received=received,
        )
        intake = route.handle(request, self.sources[asked.dialect])
        assert intake.reply.status == 200, intake.reply.body
        assert len(intake.events) == len(asked.meant)
        return intake


DIALECTS: dict[str, Any] = {one.name: one for one in (SEGMENT, RIPE, REAMAZE_DATA, REMARKETY, RAY)}


def numbered(source: Source, number: int) -> Source:
    return msgspec.structs.replace(source, id=number)


def tell(deed: Deed) -> dict[str, Any]:
    """Return a deed as a call, which Segment and Ripe share."""
    call: dict[str, Any] = {"messageId": f"m{deed.second}", "timestamp": deed.stamp}
    if deed.named[0]:
        call["userId"] = f"u{deed.who}"
    if deed.device is not None:
        call["anonymousId"] = f"a{deed.device}"
    if deed.kind == TELL:
        return call | {"type": "identify", "traits": deed.traits | deed.told}
    call["context"] = {"traits": deed.told}
    if deed.kind == JOIN:
        return call | {"type": "group", "groupId": "g1", "traits": {"plan": deed.second}}
    if deed.kind == LOOK:
        return call | {"type": "page", "properties": {"path": "/"}}
    properties = {"revenue": deed.money, "currency": deed.currency}
    return call | {"type": "track", "event": "Bought", "properties": properties}


def mean(deed: Deed, call: dict[str, Any]) -> dict[str, Any]:
    """Return what a call means: itself, but Ripe knows no money."""
    if deed.kind != BUY:
        return call
    properties = {"revenue": deed.amount[0], "currency": deed.currency}
    return call | {"properties": properties if deed.dialect == "segment" else {}}


class Pipe:
    """An empty installation that requests are put into.

    Args:
        data: Its folder.
    """

    def __init__(self, data: Path) -> None:
        self.data = data

    def put(self, world: World, asked: list[Asked], frames: list[int], again: list[int]) -> list[Accepted]:
        """Take requests, some of them twice, and process them; return what must have been accepted, in order.

        Args:
            world: Whose they are.
            asked: In order of arrival.
            frames: How many requests share a frame, over and over.
            again: Places of requests that come once more, after all others.
        """
        accepted: list[Accepted] = []
        payloads: list[bytes] = []
        everything = [*asked, *(asked[place % len(asked)] for place in again)]
        for place, one in enumerate(everything):
            received = LATER + place * 60_000
            intake = world.take(one, received)
            assert intake.source is not None
            record = Record(
                workspace_id=1,
                source_id=one.source.id,
                trust=intake.trust or intake.source.trust,
                id_space=intake.source.settings.id_space,
                received=received,
                events=intake.events,
                proven=intake.proven,
            )
            payloads.append(ENCODE(record))
            if place < len(asked):
                for event, meant in zip(intake.events, one.meant, strict=True):
                    said = Both if one.dialect in ("remarkety", "ray") else Accepted
                    accepted.append(said(one.source, meant | {"messageId": event.message_id}, None, received))
        engine = make_engine(self.data / "tidings.db", mode="write")
        with engine.connect() as tx:
            for position, batch in enumerate(cut(payloads, frames), 1):
                with tx.begin():
                    process(tx, [Frame(position, batch, position)], 200_000, bisect=False, key=KEY)
        engine.dispose()
        return accepted


def cut(payloads: list[bytes], sizes: list[int]) -> Iterator[list[bytes]]:
    """Yield all payloads in pieces of these sizes, over and over."""
    place = turn = 0
    while place < len(payloads):
        size = sizes[turn % len(sizes)]
        yield payloads[place : place + size]
        place, turn = place + size, turn + 1


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state that nothing has happened to."""
    path = tmp_path_factory.mktemp("empty") / "tidings.db"
    migrate(path, T0)
    return path


@pytest.fixture
def fresh(empty: Path, tmp_path: Path) -> Any:
    """Return what makes a new installation for each example."""

    def make() -> Pipe:
        for old in tmp_path.glob("tidings.db*"):
            old.unlink()
        shutil.copy(empty, tmp_path / "tidings.db")
        return Pipe(tmp_path)

    return make


def exact(places: int) -> st.SearchStrategy[Decimal]:
    """Return amounts with so many decimals, up to the largest that counts."""
    end = 10 ** (15 + places)
    return st.integers(1 - end, end - 1).map(lambda number: Decimal(number).scaleb(-places))


amounts = st.tuples(st.integers(0, 6).flatmap(exact), st.booleans())
traits = st.dictionaries(
    st.sampled_from(("plan", "city", "score")),
    st.one_of(st.none(), st.sampled_from(("pro", "Kraków", "東京")), st.integers(0, 9)),
)
countries = st.dictionaries(st.just("country"), st.sampled_from(("PT", "DE", None)))


@st.composite
def stories(draw: st.DrawFn, people: int) -> list[Deed]:
    """Draw deeds in the order of their arrival; the time at which each happened has nothing to do with it."""
    deeds: list[Deed] = []
    for _ in range(draw(st.integers(1, 14))):
        named = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
        device = draw(st.none() | st.integers(0, DEVICES - 1))
        dialect = draw(st.sampled_from(list(DIALECTS)))
        if device is None or (people == 1 and any(named)):  # the one says who they are by their user id at least
            named = (True, *named[1:])
        if dialect == "ray":  # it knows no user ids
            named, device = (False, named[1] or not named[2], named[2]), None
        if dialect == "remarkety":
            named, device = (named[0] or not named[1], *named[1:]), None
        deed = Deed(
            dialect=dialect,
            kind=draw(st.sampled_from((LOOK, BUY, BUY, TELL, TELL, JOIN))),
            who=draw(st.integers(0, people - 1)),
            named=named,
            device=device,
            amount=draw(amounts),
            currency=draw(st.sampled_from(CURRENCIES)),
            traits=draw(traits) | draw(countries),
            keyed=people == 1 or draw(st.booleans()),
        )
        deeds.append(deed)
    for deed, second in zip(deeds, draw(st.permutations(range(len(deeds)))), strict=True):
        deed.second = second
    return deeds


sizes = st.lists(st.integers(1, 5), min_size=1, max_size=3)
repeats = st.lists(st.integers(0, 20), max_size=4)


@EXAMPLES
@given(deeds=stories(PEOPLE), data=st.data(), frames=sizes, again=repeats)
def test_people_who_share_devices_and_dialects(
    fresh: Any, deeds: list[Deed], data: st.DataObject, frames: list[int], again: list[int]
) -> None:
    world = World(data.draw(st.sampled_from(("server", "browser"))), data.draw(st.sampled_from(("", "leads"))))
    cuts = data.draw(st.lists(st.booleans(), min_size=len(deeds), max_size=len(deeds)))
    pipe = fresh()
    fold = Fold()
    for event in pipe.put(world, world.requests(deeds, cuts), frames, again):
        fold.add(event)
    found = {root: stored.shown(profile) for root, profile in stored.profiles(pipe.data).items()}
    assert found == {profile.id: stored.expected(profile) for profile in fold.profiles.values()}


@EXAMPLES
@given(deeds=stories(1), data=st.data(), frames=sizes, again=repeats)
def test_one_customer_in_any_order(
    fresh: Any, deeds: list[Deed], data: st.DataObject, frames: list[int], again: list[int]
) -> None:
    world = World()
    cuts = data.draw(st.lists(st.booleans(), min_size=len(deeds), max_size=len(deeds)))
    pipe = fresh()
    accepted = pipe.put(world, world.requests(deeds, cuts), frames, again)
    shown = {root: stored.shown(profile) for root, profile in stored.profiles(pipe.data).items()}
    found = {frozenset(one["identifiers"]): (one["value"], one["traits"], one["events"]) for one in shown.values()}
    assert found == {names: summed(accepted, names) for names in connected(accepted)}
    revenue = {frozenset(shown[root]["identifiers"]): sums for root, sums in revenues(pipe.data, shown).items()}
    assert revenue == {names: ordered(accepted, names) for names in connected(accepted)}


def revenues(data: Path, roots: Iterable[int]) -> dict[int, dict[str, Decimal]]:
    """Return what the orders of customers add up to."""
    with stored.reading(data) as tx:
        return {root: commerce.figures_of(tx, 1, profiles.members(tx, 1, root)).revenue for root in roots}


def ordered(accepted: list[Accepted], names: frozenset[Identifier]) -> dict[str, Decimal]:
    """Return the totals of the orders that are somebody's, by currency."""
    sums: dict[str, Decimal] = {}
    orders = (one.body["order"] for one in accepted if "order" in one.body and names & set(one.identifiers))
    for currency, total in orders:
        sums[currency] = sums.get(currency, Decimal(0)) + total
    return sums


def connected(accepted: list[Accepted]) -> set[frozenset[Identifier]]:
    """Return which identifiers have events in common, directly or over others."""
    sets: list[set[Identifier]] = []
    for event in accepted:
        names = set(event.identifiers)
        names.update(*(one for one in sets if one & names))
        sets = [one for one in sets if not one & names] + [names]
    return {frozenset(one) for one in sets}


def summed(accepted: list[Accepted], names: frozenset[Identifier]) -> tuple[Any, Any, int]:
    """Return value, traits and number of the events that are somebody's."""
    own = [event for event in accepted if names & set(event.identifiers)]
    value: dict[str, Decimal] = {}
    for currency, amount in (event.amount for event in own if event.amount is not None):
        value[currency] = value.get(currency, Decimal(0)) + amount
    newest: dict[str, tuple[str, int, str, Any]] = {}
    for event in sorted(own, key=lambda event: (event.time, event.body["messageId"])):
        if event.body["type"] == "identify":
            for name, told in event.person.items():
                newest[name] = ("server", event.time, event.body["messageId"], told)
    return value, {name: trait for name, trait in newest.items() if trait[3] is not None}, len(own)
