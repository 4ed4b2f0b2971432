"""Whatever comes in at an ingest path: no 5xx, no hang, a JSON object on errors, and nothing acknowledged is then lost.

TIDINGS_FUZZ_EXAMPLES raises the number of examples of each test, and makes them other ones on each run.
"""

import base64
import copy
import gzip
import http.client
import json
import os
import re
import sqlite3
import zlib
from contextlib import closing
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.edge.wire import Said, ask, basic, event, must_fail, must_take
from tests.serving import Running

ASKED = os.environ.pop("TIDINGS_FUZZ_EXAMPLES", None)  # else the server would take it for a setting
FUZZ = settings(
    max_examples=int(ASKED or 200),
    deadline=None,
    derandomize=ASKED is None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TIMEOUT = 5.0

VERBS = ["identify", "track", "page", "screen", "group", "alias"]
SINGLE = [f"/v1/{name}" for name in (*VERBS, *(verb[0] for verb in VERBS))]
BATCH = ["/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"]
RIPE = [f"{base}/{name}" for base in ("/event", "/core-backend") for name in VERBS if name != "screen"]
RIPE += ["/ripe/track", "/ripe/event/page", "/own/identify", "/own/event/group", "/own/core-backend/alias"]
RIPE_BASES = ("/event/", "/core-backend/", "/ripe/", "/own/")
REAMAZE = [
    f"{base}/data/{name}" for base in ("", "/reamaze_data", "/desk") for name in ("users", "events", "events.json")
]
REAMAZE_BASES = ("/data/", "/reamaze_data/", "/desk/")
REMARKETY = [f"{base}/webhooks{rest}" for base in ("", "/remarkety", "/rem") for rest in ("", "/store/FUZZED", "/")]
REMARKETY += ["/webhooks?type=orders%2Fcreated", "/webhooks/?storeId=FUZZED&eventType=newsletter/subscribe"]
REMARKETY += [f"/api/v1/stores/FUZZED/contacts{rest}" for rest in ("", "/unsubscribe")]
REMARKETY += [f"/api/v2/stores/FUZZED/{rest}" for rest in ("contacts/batch", "customers", "orders")]
REMARKETY += [f"/public/install/{rest}" for rest in ("notify", "get-store-id", "uninstall")]
REMARKETY_BASES = ("/webhooks", "/remarkety/", "/rem/", "/api/v1/stores/", "/api/v2/stores/", "/public/install/")
RAY = [f"{base}/{rest}" for base in ("", "/ray", "/resto") for rest in ("oauth/token", "events/interaction")]
RAY_BASES = ("/oauth/", "/events/", "/segments/", "/ray/", "/resto/")
SHOPPING = ["Order Completed", "Order Updated", "Order Refunded", "Order Cancelled", "Checkout Started", "Cart Viewed"]
SHOPPING += ["Product Viewed", "Product Added", "Product Removed", "Completed Order", "Viewed Product"]
POSTED = [*SINGLE, *BATCH, "/v1/m", "/segment/v1/track", *RIPE, *REAMAZE, *REMARKETY, *RAY]
READ = [*(f"/v1/pixel/{verb}" for verb in (*VERBS, "nonsense")), "/v1/projects/nobody/settings", "/sourceConfig/"]
READ += ["/event/auth/sdk", "/own/auth/sdk"]


class Client:
    """Asks the server over one connection after the other and checks every answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Said:
        try:
            self.connection.request(method, path, body or None, headers or {})
            response = self.connection.getresponse()
            said = Said(
                response.status,
                response.reason,
                [(name.lower(), value) for name, value in response.getheaders()],
                response.read(),
            )
        except BaseException:
            self.connection.close()
            raise
        check(said, method, path)
        return said


def check(said: Said, method: str, path: str) -> None:
    assert said.status < 500, said
    assert said.status == 200 or said.status == 204 or said.status >= 400, said
    if said.status < 400 or method == "HEAD":
        return
    if path.startswith(RIPE_BASES):
        assert said.header("content-type") == "application/json", said
        assert said.json()["message"], said
    elif path.startswith(REAMAZE_BASES):
        assert said.header("content-type") == "application/json", said
        assert said.json()["errors" if said.status == 422 else "error"], said
    elif path.startswith(REMARKETY_BASES):
        assert said.header("content-type") == "application/json", said
        assert said.json()["message"], said
    elif path.startswith(RAY_BASES):
        assert said.header("content-type") == "application/json", said
        assert (bool(said.json()["message"]), said.json()["statusCode"]) == (True, said.status), said
    else:
        must_fail(said, said.status)


@pytest.fixture(scope="module", autouse=True)
def ripe(live: Running, key: str) -> None:
    """A source of the dialect ripe that has the key of the other one, so that a test need not ask which path it has."""
    live.source("ripe", "--set", f"api_key={key}", "--prefix", "own")


@pytest.fixture(scope="module", autouse=True)
def desk(live: Running, key: str) -> None:
    """A source of the dialect reamaze_data that has the key of the other ones."""
    live.source("reamaze_data", "--set", f"api_key={key}", "--prefix", "desk")


@pytest.fixture(scope="module", autouse=True)
def store(live: Running, key: str) -> None:
    """A source of the dialect remarkety that has the key of the other ones."""
    live.source("remarkety", "--set", f"api_key={key}", "--set", "store_id=FUZZED", "--prefix", "rem")


@pytest.fixture(scope="module", autouse=True)
def bearer(live: Running) -> dict[str, str]:
    """The header of somebody who has logged in to a source of the dialect ray."""
    made = live.source("ray", "--set", "store_id=7", "--prefix", "resto")
    login = {"grant_type": "password", "username": made["username"], "password": made["password"]}
    secrets = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    headers = {"authorization": f"Basic {secrets}"}
    token = live.call("POST", "/oauth/token", urlencode(login).encode(), headers=headers).json()["access_token"]
    return {"authorization": f"bearer {token}"}


@pytest.fixture(scope="module")
def client(live: Running) -> Any:
    made = Client(live.port)
    yield made
    made.connection.close()


# What may stand in JSON text, and what programs write though it must not.
texts = st.text(st.characters(exclude_categories=()), max_size=30)  # with NUL, lone surrogates and unassigned letters
numbers = (
    st.integers()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.sampled_from(
        [2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**400, 1e-320, -0.0, 1e308, 253402300800000, 4e12, -1e15]
    )
)
leaves = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
odd: st.SearchStrategy[Any] = values | st.sampled_from(
    [
        "",
        " ",
        "0",
        "null",
        "\u0000",
        "\ud83d",
        "x" * 5_000,
        "2024-02-30T25:61:61Z",
        "2024-03-01T10:00:00.123456789+05:30",
        "9999-12-31T23:59:59Z",
        "0001-01-01",
        "-1",
        "1e999",
        "NaN",
        "$1,250.5",
        "1" * 400,
        [],
        {},
        [[]],
        [None],
        [{}],
        {"": ""},
    ]
)


def encoded(value: Any, ascii_only: bool = True) -> bytes:
    """Return JSON text as careless programs write it: NaN, halves of surrogate pairs, invalid UTF-8."""
    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


MEMBERS: dict[str, Any] = {
    "type": "track",
    "userId": "alice",
    "anonymousId": "a-1",
    "previousId": "b-1",
    "groupId": "acme",
    "event": "Bought",
    "name": "Start",
    "category": "Docs",
    "timestamp": "2024-03-01T10:00:00.000Z",
    "originalTimestamp": "2024-03-01T10:00:00.000Z",
    "sentAt": "2024-03-01T10:00:01.000Z",
    "traits": {"email": "alice@example.com"},
    "properties": {"revenue": "12.50", "currency": "EUR"},
    "context": {"ip": "203.0.113.9"},
    "integrations": {"All": True},
    "messageId": "m",
    "writeKey": "k",
    "action": "track",
    "_metadata": {},
    "channel": "server",
}
TRAITS = ["email", "phone", "name", "firstName", "lastName", "address", "company", "createdAt", "birthday", "age", "id"]
PROPERTIES = ["revenue", "currency", "value", "total", "products", "name", "category", "url", "order_id", "price"]
PROPERTIES += ["discount", "shipping", "tax", "quantity", "cart_id", "coupon", "product_id", "sku", "variant"]
CONTEXT = [
    "active",
    "app",
    "campaign",
    "device",
    "direct",
    "externalIds",
    "consent",
    "groupId",
    "ip",
    "library",
    "page",
]
CONTEXT += ["traits", "userAgent", "userAgentData", "sessionId", "os", "screen", "locale"]
DEVICE = ["id", "type", "token", "advertisingId"]
EXTERNAL = ["id", "type", "collection", "encoding"]
PLACES: list[tuple[str, ...]] = [
    *((name,) for name in MEMBERS),
    *(("traits", name) for name in TRAITS),
    *(("properties", name) for name in PROPERTIES),
    *(("context", name) for name in CONTEXT),
    *(("context", "device", name) for name in DEVICE),
    *(("context", "externalIds", name) for name in EXTERNAL),
    *(("context", "traits", name) for name in ("email", "phone")),
    ("context", "consent", "categoryPreferences"),
    ("context", "page", "url"),
]
GIVEN = {"device": {"type": "ios", "id": "d-1"}, "externalIds": {"id": "e-1", "type": "ga", "collection": "users"}}


def put(members: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Set a member, in objects that are made as they are needed."""
    *path, last = place
    for step in path:
        below = members.get(step)
        members = members.setdefault(step, {}) if not isinstance(below, dict) else below
        if not isinstance(members, dict):
            return
        members.update({key: known for key, known in GIVEN.get(step, {}).items() if key not in members})
    members[last] = copy.deepcopy(value)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Valid events of every kind, some of whose members are then something else."""
    members: dict[str, Any] = json.loads(json.dumps(MEMBERS))
    del members["writeKey"], members["originalTimestamp"], members["action"]
    members["type"] = draw(st.sampled_from(VERBS))
    if members["type"] == "track" and draw(st.booleans()):
        members["event"] = draw(st.sampled_from([*SHOPPING, "Segment Consent Preference Updated"]))
    del members["messageId"]
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        put(members, place, draw(odd))
    if isinstance(members.get("context"), dict) and isinstance(members["context"].get("externalIds"), dict):
        members["context"]["externalIds"] = [members["context"]["externalIds"]]
    for name in draw(st.lists(st.sampled_from(sorted(members)), max_size=2)):
        members.pop(name, None)
    return members


@pytest.mark.parametrize("base", ["/v1/", "letter", "/event/", "/own/"])
@FUZZ
@given(members=events(), ascii_only=st.booleans())
def test_an_event_with_odd_members(
    client: Client, key: str, members: dict[str, Any], base: str, ascii_only: bool
) -> None:
    verb = members.get("type")
    name = verb if isinstance(verb, str) and verb in VERBS else "track"
    path = f"/v1/{name[0]}" if base == "letter" else base + name
    client.ask("POST", path, encoded(members, ascii_only), dict([basic(key)]))


USER = ["id", "authkey", "email", "name", "avatar", "created", "ip", "tz_offset", "data", "twitter", "sms", "account"]
HAPPENED = ["name", "value", "data", "timestamp", "created", "x"]


@FUZZ
@given(
    user=st.dictionaries(st.sampled_from(USER), odd, max_size=3),
    happened=st.dictionaries(st.sampled_from(HAPPENED), odd, max_size=2),
    around=st.dictionaries(st.sampled_from(["user", "event", "account", "x"]), odd, max_size=1),
    path=st.sampled_from(REAMAZE),
    ascii_only=st.booleans(),
)
def test_a_user_with_odd_members(
    client: Client,
    key: str,
    user: dict[str, Any],
    happened: dict[str, Any],
    around: dict[str, Any],
    path: str,
    ascii_only: bool,
) -> None:
    content = {
        "user": {"id": "alice", "email": "alice@example.com"} | user,
        "event": {"name": "purchase", "value": 5} | happened,
    }
    client.ask("POST", path, encoded(content | around, ascii_only), dict([basic(key)]))


TYPES = [f"{noun}/{deed}" for noun in ("customers", "orders", "products", "carts") for deed in ("create", "deleted")]
TYPES += ["orders/updated", "products/update", "newsletter/subscribe", "newsletter/unsubscribed", "productView", "x"]
OBJECT = ["id", "email", "customer", "line_items", "status", "products", "variants", "image", "images", "categories"]
OBJECT += ["tags", "append_tags", "total_price", "currency", "created_at", "updated_at", "accepts_marketing", "pos_id"]
OBJECT += ["default_address", "discount_codes", "test", "productId", "properties", "contacts", "order", "quantity"]
LINE = ["product_id", "id", "price", "quantity", "tax_lines", "image", "images", "discount", "inventory_quantity"]


@FUZZ
@given(
    event_type=st.sampled_from(TYPES),
    members=st.dictionaries(st.sampled_from(OBJECT), odd, max_size=3),
    line=st.dictionaries(st.sampled_from(LINE), odd, max_size=3),
    path=st.sampled_from(REMARKETY[:-3]),
    ascii_only=st.booleans(),
    keyed=st.booleans(),
)
def test_an_object_with_odd_members(
    client: Client,
    key: str,
    event_type: str,
    members: dict[str, Any],
    line: dict[str, Any],
    path: str,
    ascii_only: bool,
    keyed: bool,
) -> None:
    content: dict[str, Any] = {"id": "12", "email": "alice@example.com"}
    content |= {
        "customer": {"id": "alice", "email": "alice@example.com"},
        "line_items": [line],
        "variants": [line],
        "products": [line],
        "contacts": [line],
        "total_price": 5,
    }
    headers = {"x-event-type": event_type} | ({"x-token": key} if keyed else {})
    client.ask("POST", path, encoded(content | members, ascii_only), headers)


INTERACTION = ["type", "subType", "source", "storeId", "timestamp", "customProps", "user", "x"]
GUEST = ["email", "phone", "name", "lastName", "gender", "birthDate", "country", "instagramProfile", "x"]
PROPS = ["amount", "currency", "orderId", "order_id", "x"]


@FUZZ
@given(
    interaction=st.dictionaries(st.sampled_from(INTERACTION), odd, max_size=2),
    user=st.dictionaries(st.sampled_from(GUEST), odd, max_size=3),
    props=st.dictionaries(st.sampled_from(PROPS), odd, max_size=2),
    times=st.integers(1, 3),
    ascii_only=st.booleans(),
)
def test_an_interaction_with_odd_members(
    client: Client,
    bearer: dict[str, str],
    interaction: dict[str, Any],
    user: dict[str, Any],
    props: dict[str, Any],
    times: int,
    ascii_only: bool,
) -> None:
    whole = {"type": "PURCHASE", "storeId": 7, "timestamp": "2024-03-01T20:15:00.000Z", "customProps": props}
    whole |= {"user": {"email": "alice@example.com"} | user}
    client.ask("POST", "/events/interaction", encoded([whole | interaction] * times, ascii_only), bearer)


@FUZZ
@given(
    body=st.dictionaries(st.sampled_from(["stores", "filters", "useCompanyUsers", "useCompanyEvents", "x"]), odd)
    | values,
    query=st.dictionaries(
        st.sampled_from(["orderBy", "direction", "pageNumber", "pageSize", "getIgnoredAndBlacklisted", "x"]),
        texts | st.integers().map(str),
        max_size=3,
    ),
    ascii_only=st.booleans(),
)
def test_any_listing(
    client: Client, bearer: dict[str, str], body: Any, query: dict[str, str], ascii_only: bool
) -> None:
    asked = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query.items())
    client.ask("PUT", f"/segments/users?{asked}", encoded(body, ascii_only), bearer)


@FUZZ
@given(
    batch=st.lists(events() | values, max_size=6),
    around=st.dictionaries(st.sampled_from(["sentAt", "context", "integrations", "writeKey", "timestamp", "x"]), odd),
    path=st.sampled_from(BATCH),
    ascii_only=st.booleans(),
)
def test_a_batch_of_odd_events(
    client: Client, key: str, batch: list[Any], around: dict[str, Any], path: str, ascii_only: bool
) -> None:
    said = client.ask("POST", path, encoded({"batch": batch} | around, ascii_only), dict([basic(key)]))
    assert said.status == 200, "single events never fail a batch"


@FUZZ
@given(path=st.sampled_from(POSTED), value=values, ascii_only=st.booleans())
@example(path="/v1/batch", value={"batch": {}}, ascii_only=True)
@example(path="/v1/batch", value={"batch": None}, ascii_only=True)
def test_any_json(client: Client, key: str, path: str, value: Any, ascii_only: bool) -> None:
    client.ask("POST", path, encoded(value, ascii_only), dict([basic(key)]))


@FUZZ
@given(
    path=st.sampled_from(POSTED),
    body=st.binary(max_size=200)
    | st.text('{}[]",:\\ue019-+.truefalsn \x00é', max_size=60).map(lambda text: text.encode()),
    coding=st.sampled_from([None, None, None, "gzip", "deflate", "identity", "br", "gzip, gzip", ""]),
)
def test_any_bytes(client: Client, key: str, path: str, body: bytes, coding: str | None) -> None:
    client.ask("POST", path, body, dict([basic(key)]) | ({} if coding is None else {"Content-Encoding": coding}))


@FUZZ
@given(
    path=st.sampled_from(POSTED),
    members=events(),
    coding=st.sampled_from(["gzip", "deflate"]),
    cut=st.integers(0, 400),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), max_size=3),
)
def test_damaged_compression(
    client: Client, key: str, path: str, members: dict[str, Any], coding: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    body = encoded({"batch": [members]} if path in BATCH else members)
    packed = bytearray(gzip.compress(body) if coding == "gzip" else zlib.compress(body))
    for place, bits in flips:
        packed[place % len(packed)] ^= bits
    if cut < len(packed):
        del packed[len(packed) - cut :]
    client.ask("POST", path, bytes(packed), dict([basic(key)]) | {"Content-Encoding": coding})


@FUZZ
@given(
    text=st.sampled_from(
        [b'{"userId":"alice","event":"E","properties":{"x":%s}}', b'{"batch":[%s],"context":%s}', b"%s"]
    ),
    path=st.sampled_from(POSTED),
    number=st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,7})?", fullmatch=True),
    times=st.sampled_from([1, 10, 250]),
)
def test_any_number(client: Client, key: str, text: bytes, path: str, number: str, times: int) -> None:
    head, *rest = re.fullmatch(r"(-?)([0-9]+)(.*)", number).groups()  # type: ignore[union-attr]
    long = f"{head}{rest[0] * times}{rest[1]}".encode()
    client.ask("POST", path, text.replace(b"%s", long), dict([basic(key)]))


# One path for each way of reading a body: the others differ by their name only.
NESTED = ["/v1/track", "/v1/batch", "/v1/import", "/v1/m", "/data/users", "/data/events"]
NESTED += ["/event/identify", "/event/track", "/event/page", "/core-backend/group", "/own/track"]
NESTED += ["/webhooks/store/FUZZED", "/webhooks?type=orders%2Fcreated", "/api/v1/stores/FUZZED/contacts"]
NESTED += ["/api/v2/stores/FUZZED/contacts/batch", "/api/v2/stores/FUZZED/orders", "/public/install/notify", *RAY[:2]]


@pytest.mark.parametrize("path", NESTED)
@pytest.mark.parametrize("depth", [63, 64, 65, 1_000, 250_000])
@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_deep_nesting(client: Client, key: str, path: str, depth: int, bracket: str) -> None:
    opening, closing = (b"[", b"]") if bracket == "[]" else (b'{"a":', b"}")
    depth = min(depth, 500_000 // (len(opening) + len(closing)))
    value = opening * depth + (b"1" if bracket == "{}" else b"") + closing * depth
    inside = b'{"type":"track","userId":"alice","event":"Deep","properties":{"x":%s},"context":%s}' % (value, value)
    for body in (value, inside, b'{"batch":[%s]}' % inside, b'{"context":%s,"batch":[]}' % value, opening * depth):
        client.ask("POST", path, body[:512_000], dict([basic(key)]))


@FUZZ
@given(
    path=st.sampled_from(READ),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                ["data", "writeKey", "userId", "event", "properties.a.b", "properties", "context.ip", "..", "x"]
            )
            | texts,
            texts
            | st.sampled_from(
                ["alice", "eyJ1c2VySWQiOiJhbGljZSJ9", "eyJ1c2VySWQiOiJhbGljZSIsImV2ZW50IjoiRSJ9", "=", "-_"]
            ),
        ),
        max_size=8,
    ),
    known=st.booleans(),
)
def test_any_query(client: Client, key: str, path: str, pairs: list[tuple[str, str]], known: bool) -> None:
    given_pairs = [*pairs, ("writeKey", key)] if known else pairs
    query = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in given_pairs)
    client.ask("GET", f"{path}?{query}")


def escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))


@FUZZ
@given(path=st.sampled_from(READ + POSTED), query=st.binary(max_size=60), plain=st.text("%&=+;?#/.azAZ09", max_size=20))
def test_any_escapes_in_a_query(client: Client, path: str, query: bytes, plain: str) -> None:
    client.ask(
        "GET" if path in READ else "POST", f"{path}?{plain.replace('#', '')}{quote_from_bytes(query, safe='%&=+')}"
    )


@FUZZ
@given(members=events(), call=st.sampled_from(VERBS), ascii_only=st.booleans())
def test_any_event_in_a_pixel(client: Client, key: str, members: dict[str, Any], call: str, ascii_only: bool) -> None:
    data = base64.b64encode(encoded(members | {"writeKey": key}, ascii_only)).decode()
    said = client.ask("GET", f"/v1/pixel/{call}?data={quote(data)}")
    assert (said.status, said.header("content-type")) == (200, "image/gif")


@FUZZ
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "LOCK"])
    | st.from_regex(r"[A-Z]{1,12}", fullmatch=True),
    path=st.sampled_from([*POSTED, *READ, "/", "/nothing", "*"]),
)
def test_any_method(live: Running, method: str, path: str) -> None:
    check(ask(live.port, method, path, b"{}" if method == "POST" else b""), method, path)


NAMES = ["Origin", "Authorization", "Content-Encoding", "Content-Type", "Accept", "Cookie", "User-Agent", "SentAt"]
NAMES += ["Access-Control-Request-Headers", "Access-Control-Request-Method", "X-Retry-Count", "X-Forwarded-For"]
names = st.sampled_from(NAMES) | st.from_regex(r"X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}", fullmatch=True)
contents = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)


@FUZZ
@given(
    path=st.sampled_from(POSTED),
    method=st.sampled_from(["POST", "OPTIONS"]),
    headers=st.lists(st.tuples(names, contents), max_size=8),
)
def test_any_headers(live: Running, key: str, path: str, method: str, headers: list[tuple[str, str]]) -> None:
    body = encoded({"batch": [MEMBERS]} if path in BATCH else MEMBERS | {"writeKey": key})
    check(ask(live.port, method, path, body if method == "POST" else b"", headers), method, path)


def test_everything_acknowledged_is_processed(live: Running, key: str) -> None:
    """The last test: what the others have left behind."""
    must_take(ask(live.port, "POST", "/v1/track", event("last"), [basic(key)]))
    figures = live.settled()
    said = live.call("GET", "/readyz").json()
    assert (said["status"], said["lag"]) == ("ready", 0)
    with closing(sqlite3.connect(f"file:{live.data / 'tidings.db'}?mode=ro", uri=True)) as database:
        lost = database.execute("SELECT code, message, body FROM refused WHERE stage = 'pipeline'").fetchall()
        (own,) = database.execute("SELECT count(*) FROM events WHERE source_id = 0").fetchone()
    assert lost == []
    metrics = live.call("GET", "/metrics").body.decode()
    counted = {
        name: float(events) for name, events in re.findall(r'tidings_events_total{dialect="(\w+)"} (\S+)', metrics)
    }
    assert min(counted["segment"], counted["ripe"], counted["reamaze_data"], counted["remarkety"]) > 50
    assert figures["events"] - own + figures["duplicates"] == sum(counted.values())
    assert len(live.cli("events", "list", "--limit", "1000")) == min(1000, figures["events"])
    assert live.cli("profile", "show", "--user-id", "alice")["event_count"] > 0
    assert not [line for line in live.output if "Traceback" in line]
