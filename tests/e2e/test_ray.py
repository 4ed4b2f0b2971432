"""RAY against a real server: log in, send, be listed; repeats, merges, declared types, errors of every layer."""

import base64
import json
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.serving import Answer, Running, wait_for

MOMENT = "2024-03-01T20:15:00.000Z"
USER = [
    *("id", "name", "lastName", "email", "gender", "location", "company", "avatar", "birthDate", "role", "phone"),
    *("loggedInThrough", "facebookProfile", "googleProfile", "linkedInProfile", "twitterProfile", "instagramProfile"),
    *("country", "qrCode", "identityNumber", "visitorType", "sonBirthDate", "tags", "storeRegistrations", "ignored"),
    *("province", "registeredBy", "userDisplayName"),
]
STORE = ["id", "name", "companyId", "storeCategory", "logo", "locality", "province", "feedback", "caption", "marketing"]
STORE += ["companyHotBotId", "status", "country"]


class Client:
    """A client of a source, logged in.

    Args:
        server: The server.
        made: The source with its credentials.
    """

    def __init__(self, server: Running, made: dict[str, Any]) -> None:
        self.server = server
        self.made = made
        self.store = int(made["store_id"])
        self.token: str = self.login().json()["access_token"]

    def login(self) -> Answer:
        client = base64.b64encode(f"{self.made['client_id']}:{self.made['client_secret']}".encode()).decode()
        form = {"grant_type": "password", "username": self.made["username"], "password": self.made["password"]}
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {client}"}
        return self.server.call("POST", "/oauth/token", urlencode(form).encode(), headers=kind)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"bearer {self.token}", "Content-Type": "application/json"}
        return self.server.call(method, path, body, headers=headers)

    def send(self, *events: dict[str, Any]) -> Answer:
        whole = [{"type": "VISIT", "storeId": self.store, "timestamp": MOMENT} | event for event in events]
        return self.ask("POST", "/events/interaction", whole)

    def users(self, query: str = "", *stores: int) -> list[dict[str, Any]]:
        self.server.settled()
        body = {"stores": [{"id": one} for one in stores or (self.store,)], "filters": []}
        answer = self.ask(
            "PUT", f"/segments/users?{query}", body | {"useCompanyUsers": False, "useCompanyEvents": False}
        )
        assert answer.status == 200, answer.body
        found: list[dict[str, Any]] = answer.json()["data"]["users"]
        return found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server; its tests have sources of their own."""
    running = Running(tmp_path_factory.mktemp("ray") / "data").start()
    yield running
    running.stop()


def client(server: Running, name: str, *options: str) -> Client:
    return Client(server, server.source("ray", "--name", name, *options))


def test_from_login_to_profile(live: Running) -> None:
    ray = client(live, "first", "--set", "country=PT")
    before = live.settled()["events"]
    ana = {"email": "Ana@first.example", "name": "Ana", "lastName": "Silva", "birthDate": "1990-05-01T00:00:00.000Z"}
    answer = ray.send(
        {"type": "PURCHASE", "subType": "DELIVERY", "customProps": {"amount": 31.5}, "user": ana},
        {"user": {"email": "ana@first.example", "phone": "912 345 678"}},
    )
    assert (answer.status, answer.json()) == (200, {"message": "ok", "result": "success", "statusCode": 200})
    assert live.settled()["events"] == before + 2
    found = live.cli("profile", "show", "--email", "ana@first.example")
    assert {(row["kind"], row["value"]) for row in found["identifiers"]} == {
        ("email", "ana@first.example"),
        ("phone", "+351912345678"),
    }
    assert found["lifetime_value"] == {"USD": "31.5"}
    assert found["traits"]["name"] == "Ana Silva"
    assert found["traits"]["birthday"] == "1990-05-01"


def test_a_request_that_is_sent_again_counts_once(live: Running) -> None:
    ray = client(live, "again")
    events = [{"user": {"email": "again@example.org"}, "customProps": {"amount": 5}}] * 2
    for _ in range(3):
        assert ray.send(*events).status == 200
    live.settled()
    found = live.cli("profile", "show", "--email", "again@example.org")
    assert (found["event_count"], found["lifetime_value"]) == (2, {"USD": "10"})


def test_customers_of_a_store_are_listed_in_the_order_of_registration(live: Running) -> None:
    ray = client(live, "listed")
    names = [f"c{number}@listed.example" for number in range(5)]
    for number, name in reversed(list(enumerate(names))):
        ray.send({"user": {"email": name, "name": f"C{number}"}, "timestamp": f"2024-03-0{number + 1}T10:00:00Z"})
        ray.send({"user": {"email": name}, "timestamp": "2024-04-01T10:00:00Z"})
    assert [user["email"] for user in ray.users()] == names
    assert [user["email"] for user in ray.users("direction=DESC")] == names[::-1]
    pages = [ray.users(f"orderBy=registrationDate&direction=ASC&pageNumber={page}&pageSize=2") for page in (1, 2, 3, 4)]
    assert [[user["email"] for user in page] for page in pages] == [names[:2], names[2:4], names[4:], []]
    first = ray.users("getIgnoredAndBlacklisted=false&pageSize=1")[0]
    assert sorted(first) == sorted(USER)
    assert (first["name"], first["lastName"], first["tags"], first["ignored"]) == ("C0", "", [], False)
    assert first["storeRegistrations"] == [
        {
            "storeId": ray.store,
            "storeCompanyId": 1,
            "userId": first["id"],
            "lastVisitationDate": None,
            "ignored": False,
            "ignoredBy": None,
            "ignoredTimestamp": None,
            "registrationDate": 1709287200000,
            "registeredThrough": {"id": "OTHER", "name": "Other"},
        }
    ]


def test_a_customer_of_two_stores_is_listed_once_also_after_a_merge(live: Running) -> None:
    ray = client(live, "stores")
    second = int(live.cli("source", "key", "add", str(ray.made["id"]), "--name", "store_id")["store_id"])
    wait_for(lambda: ray.send({"storeId": second, "user": {"email": "two@example.org"}}).status == 200)
    ray.send({"user": {"phone": "+351910000001"}, "timestamp": "2024-02-01T10:00:00Z"})
    ray.send({"user": {"email": "other@example.org"}, "timestamp": "2024-02-15T10:00:00Z"})
    assert len(ray.users("", ray.store, second)) == 3
    ray.send({"user": {"email": "two@example.org", "phone": "+351910000001"}})
    found = ray.users("", ray.store, second)
    assert [user["email"] for user in found] == ["two@example.org", "other@example.org"]
    assert [one["storeId"] for one in found[0]["storeRegistrations"]] == sorted([ray.store, second])
    assert [user["email"] for user in ray.users("direction=DESC", ray.store, second)] == [
        "other@example.org",
        "two@example.org",
    ]
    assert [user["email"] for user in ray.users("", second)] == ["two@example.org"]
    stores = ray.ask("GET", "/ray/stores").json()["data"]["stores"]
    assert [store["id"] for store in stores] == sorted([ray.store, second])
    assert all(sorted(store) == sorted(STORE) for store in stores)
    number = str(found[0]["id"])
    exported = live.cli("profile", "export", "--id", number)["stores"]
    assert [(one["store"], one["at"]) for one in exported] == [
        (str(ray.store), "2024-02-01T10:00:00.000Z"),
        (str(second), MOMENT),
    ]
    live.cli("profile", "forget", "--id", number)
    wait_for(lambda: len(ray.users("", ray.store, second)) == 1)


def test_another_account_is_closed(live: Running) -> None:
    mine, theirs = client(live, "mine"), client(live, "theirs")
    theirs.send({"user": {"email": "secret@theirs.example"}})
    assert mine.send({"storeId": theirs.store, "user": {"email": "x@example.org"}}).status == 403
    answer = mine.ask("PUT", "/segments/users", {"stores": [{"id": mine.store}, {"id": theirs.store}]})
    assert (answer.status, answer.json()["statusCode"]) == (403, 403)
    assert b"secret@" not in answer.body


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("orderBy=name", None),
        ("direction=UP", None),
        ("pageNumber=0", None),
        ("pageNumber=x", None),
        ("pageSize=0", None),
        ("pageSize=501", None),
        ("pageNumber=900000&pageSize=500", None),
        ("getIgnoredAndBlacklisted=maybe", None),
        ("", {}),
        ("", {"stores": []}),
        ("", {"stores": [{"id": "x"}]}),
        ("", {"stores": [{"id": True}]}),
        ("", {"stores": [3] * 101}),
        ("", {"stores": [{"id": 1}], "filters": [{"a": 1}]}),
        ("", {"stores": [{"id": 1}], "useCompanyUsers": True}),
        ("", []),
    ],
)
def test_a_question_that_cannot_be_answered(live: Running, query: str, body: Any) -> None:
    ray = asking(live)
    answer = ray.ask("PUT", f"/segments/users?{query}", {"stores": [{"id": ray.store}]} if body is None else body)
    assert (answer.status, answer.json()["statusCode"], answer.json()["result"]) == (400, 400, "error")


CLIENTS: dict[int, Client] = {}


def asking(server: Running) -> Client:
    """Return the client of the questions, the same for all."""
    if server.port not in CLIENTS:
        CLIENTS[server.port] = client(server, "asking")
    return CLIENTS[server.port]


def test_errors_of_every_layer_have_the_envelope(live: Running) -> None:
    ray = client(live, "slow")
    asked = {
        404: ray.ask("POST", "/ray/nowhere", {}),
        405: ray.ask("GET", "/events/interaction"),
        413: ray.ask("POST", "/events/interaction", b"x" * 1_048_577),
        415: live.call("POST", "/events/interaction", b"x", headers={"Content-Encoding": "br"}),
    }
    live.cli("source", "set", str(ray.made["id"]), "rate=1")
    wait_for(lambda: ray.send({"user": {"email": "slow@example.org"}}).status == 429)
    asked[429] = next(answer for _ in range(20) if (answer := ray.send({"user": {"email": "s@x.org"}})).status == 429)
    assert "retry-after" in asked[429].headers
    for status, answer in asked.items():
        content = answer.json()
        assert (answer.status, content["statusCode"], content["result"]) == (status, status, "error"), answer.body
        assert content["data"] is None
        assert content["message"]


def test_a_token_dies_with_its_secrets(live: Running) -> None:
    ray = client(live, "rotated")
    number = str(ray.made["id"])
    live.cli("source", "key", "add", number, "--name", "password", "--value", "the next password")
    assert ray.send({"user": {"email": "rotated@example.org"}}).status == 200
    old = next(row["id"] for row in live.cli("source", "key", "list", number) if row["name"] == "password")
    live.cli("source", "key", "revoke", number, str(old))
    wait_for(lambda: ray.send({"user": {"email": "rotated@example.org"}}).status == 401)
    ray.made["password"] = "the next password"
    ray.token = ray.login().json()["access_token"]
    assert ray.send({"user": {"email": "rotated@example.org"}}).status == 200
    live.cli("source", "disable", number)
    wait_for(lambda: ray.send({"user": {"email": "rotated@example.org"}}).status == 403)
    assert ray.login().status == 403


def test_store_numbers_are_counted_shown_and_checked(live: Running) -> None:
    one, other = client(live, "counted"), client(live, "counted too")
    assert other.store == one.store + 1
    pinned = live.source("ray", "--name", "pinned", "--set", "store_id=700")
    assert pinned["store_id"] == "700"
    shown = {row["name"]: row["hint"] for row in live.cli("source", "key", "list", str(pinned["id"]))}
    assert shown["store_id"] == "700"
    assert shown["client_id"].startswith("…")
    for wrong in ("007", "x", "-1", "0", "1" * 16):
        with pytest.raises(RuntimeError, match="store_id"):
            live.cli("source", "create", "ray", "--name", f"wrong {wrong}", "--set", f"store_id={wrong}")
    with pytest.raises(RuntimeError, match="another source has this store_id"):
        live.cli("source", "create", "ray", "--name", "twice", "--set", "store_id=700")


def test_what_an_operator_declares_is_checked_by_remarks(live: Running) -> None:
    ray = client(live, "declared")
    made = live.cli("types", "add", "purchase", "--required", "amount=number", "--property", "table=text")
    assert (made["type"], made["subtype"]) == ("PURCHASE", "")
    assert live.cli("types", "list") == [made]

    def notes(amount: Any) -> list[str]:
        mark = f"n{len(seen)}@declared.example"
        seen.append(mark)
        ray.send({"type": "PURCHASE", "user": {"email": mark}, "customProps": {"amount": amount}})
        live.settled()
        number = live.cli("profile", "show", "--email", mark)["id"]
        bearer = {"Authorization": f"Bearer {token}"}
        rows = live.call("GET", f"/tidings/v1/events?source_id={ray.made['id']}", headers=bearer).json()["items"]
        row = next(row for row in rows if row["profile_id"] == number)
        event = live.call("GET", f"/tidings/v1/events/{row['id']}", headers=bearer).json()
        found: list[str] = event.get("notes", [])
        return found

    seen: list[str] = []
    token = live.cli("token", "create", "--scope", "admin")["token"]
    wait_for(lambda: live.call("GET", "/tidings/v1/types", headers={"Authorization": f"Bearer {token}"}).status == 200)
    wait_for(lambda: notes(None) == ["customProps.amount is missing, which is declared for PURCHASE"])
    assert notes(5) == []
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    again = {"type": "Purchase", "properties": {"amount": {"kind": "number"}}}
    put = live.call("PUT", "/tidings/v1/types", again, headers=bearer)
    assert (put.status, put.json()["properties"]) == (200, {"amount": {"kind": "number", "required": False}})
    assert notes(None) == []
    listed = live.call("GET", "/tidings/v1/types", headers=bearer).json()["items"]
    assert [one["type"] for one in listed] == ["PURCHASE"]
    number = listed[0]["id"]
    assert live.call("DELETE", f"/tidings/v1/types/{number}", headers=bearer).status == 204
    assert live.call("DELETE", f"/tidings/v1/types/{number}", headers=bearer).status == 404
    assert live.call("PUT", "/tidings/v1/types", {"type": " "}, headers=bearer).status == 400
    for wrong in (("x=list",), ("number",), ("=text",)):
        with pytest.raises(RuntimeError, match="write NAME=KIND"):
            live.cli("types", "add", "X", "--property", *wrong)
    gone = live.cli("types", "add", "VISIT", "DINNER")
    assert live.cli("types", "remove", str(gone["id"])) == {"removed": gone["id"]}
    with pytest.raises(RuntimeError, match="no declared type"):
        live.cli("types", "remove", str(gone["id"]))


def test_the_line_of_the_command_line_works_as_printed(live: Running) -> None:
    from tidings.dialects.ray import RAY

    made = live.source("ray", "--name", "printed", "--set", 'password=it\'s "quoted" & $(exit)')
    line = RAY.example(live.url, made)
    done = subprocess.run(["bash", "-c", f"set -e\n{line}"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["statusCode"] == 200, shlex.quote(line)


def test_the_lines_of_the_empty_overview_work(live: Running) -> None:
    from tidings.events.pages.overview import FIRST

    ray = client(live, "overview")
    made = ray.made
    line = FIRST["ray"].format(origin=live.url).replace("ACCESS_TOKEN", ray.token)
    for gap in ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"):
        line = line.replace(gap, made[gap.lower()])
    line = line.replace("YOUR_STORE_ID", made["store_id"]).replace("curl ", "curl -sS --fail-with-body ")
    done = subprocess.run(["bash", "-c", f"set -e\n{line}"], capture_output=True, text=True, check=True)
    assert "access_token" in done.stdout
    assert '"statusCode":200' in done.stdout


def test_one_order_is_one_order_whichever_dialect_reports_it(live: Running) -> None:
    ray, segment = client(live, "orders"), live.source("segment", "--name", "orders by segment")
    user = {"email": "buyer@orders.example"}
    ray.send({"type": "PURCHASE", "user": user, "customProps": {"orderId": "both-1", "amount": 27.5}})
    order = {"order_id": "both-1", "total": 27.5, "revenue": 22.5, "products": [{"product_id": "p-1", "price": 25}]}
    body = {"userId": "buyer", "event": "Order Completed", "properties": order | {"currency": "USD"}}
    told = body | {"context": {"traits": user}}
    assert live.call("POST", "/v1/track", told, segment["write_key"]).status == 200
    live.settled()
    with closing(sqlite3.connect(f"file:{live.data / 'tidings.db'}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT revenue, currency FROM orders WHERE id = 'both-1'").fetchall()
    assert rows == [("27.5", "USD")]
    found = live.cli("profile", "show", "--email", "buyer@orders.example")
    assert (found["event_count"], found["lifetime_value"]) == (2, {})
