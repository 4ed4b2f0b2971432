"""Re:amaze's data integration against a real server: the page's curl lines as printed, trust, keys, value, places."""

import base64
import hashlib
import hmac
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mmdb import BERLIN, PLACE, write
from tests.serving import TIDINGS, Running, wait_for

API_KEY, SSO_SECRET = "the-account-api-key", "the-sso-secret"
# As the vendor's page prints them.
USER_LINE = (
    """curl https://{your_account}.reamaze.com/data/users -H "Content-type: application/json" -X POST """
    """-d '{"user":{"id": "1", "email": "bob@example.com", "authkey": "xxxxxx", "data":{"foo":"bar"}}}'"""
)
EVENT_LINE = (
    """curl https://{your_account}.reamaze.com/data/events -H "Content-type: application/json" -X POST """
    """-d '{"user":{"id": "1", "authkey": "xxxxxx"}, "event":{"name": "purchase", "data":{"foo":"bar"}}}'"""
)


def authkey(user_id: str, key: str = API_KEY) -> str:
    return hashlib.sha256(f"{user_id}:{key}".encode()).hexdigest()


def signed(user_id: str, email: str) -> str:
    return hmac.new(SSO_SECRET.encode(), f"{user_id}:{email}".encode(), "sha256").hexdigest()


def ran(line: str) -> Any:
    """Run a line of the shell and return the JSON that it prints."""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def acme(server: Running, *options: str) -> dict[str, Any]:
    pinned = ("--set", "account=acme", "--set", f"api_key={API_KEY}", "--set", f"sso_secret={SSO_SECRET}")
    return server.source("reamaze_data", *pinned, *options)


def user(server: Running, key: str | None = API_KEY, **members: Any) -> int:
    return server.call("POST", "/data/users", {"user": members}, key).status


def event(server: Running, user_id: str, key: str | None = API_KEY, **members: Any) -> int:
    content = {"user": {"id": user_id} | members.pop("user", {}), "event": {"name": "purchase"} | members}
    return server.call("POST", "/data/events", content, key).status


def profile(server: Running, user_id: str) -> dict[str, Any]:
    server.processed()
    found: dict[str, Any] = server.cli("profile", "show", "--user-id", user_id)
    return found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one account; its tests have customers of their own."""
    running = Running(tmp_path_factory.mktemp("live") / "data").start()
    acme(running)
    yield running
    running.stop()


@pytest.mark.parametrize("own_host", [False, True], ids=["any host", "the account's host"])
def test_the_lines_of_the_page_work_as_printed(server: Running, own_host: bool) -> None:
    acme(server)
    host = f"http://acme.reamaze.com:{server.port}" if own_host else server.url
    resolve = f" --resolve acme.reamaze.com:{server.port}:127.0.0.1 --noproxy '*' -s"
    for printed in (USER_LINE, EVENT_LINE):
        line = printed.replace("https://{your_account}.reamaze.com", host).replace("xxxxxx", authkey("1"))
        assert ran(line + resolve) == {"success": True}
    found = profile(server, "1")
    assert found["traits"] == {"email": "bob@example.com", "foo": "bar"}
    assert found["event_count"] == 2
    assert server.cli("profile", "show", "--email", "bob@example.com")["id"] == found["id"]


def test_the_line_that_tidings_prints_works(server: Running) -> None:
    made = acme(server)
    command = [*TIDINGS, "source", "create", "reamaze_data", "--name", "other", "--set", "account=other"]
    done = subprocess.run([*command, "--data", str(server.data)], capture_output=True, text=True, check=True)
    line = next(text for text in done.stdout.splitlines() if text.strip().startswith("curl "))
    key = shlex.split(line)[shlex.split(line).index("-u") + 1]
    wait_for(lambda: server.call("POST", "/data/users", {}, key.removesuffix(":")).status == 422)
    here = line.replace("http://127.0.0.1:8080", server.url)
    assert ran(here + " -s --noproxy '*'") == {"success": True}
    assert profile(server, "u-42")["lifetime_value"] == {"USD": "49.9"}
    assert [row["source_id"] for row in server.cli("events", "list")] == [made["id"] + 1]


def test_the_value_is_summed_to_the_last_digit(live: Running) -> None:
    for value in [0.1] * 3 + ["0.1"] * 7 + ["$1,000.000001", 49.9, "49.90", -3, "0", "", None, "a lot", 10**15]:
        assert event(live, "spender", value=value) == 200
    found = profile(live, "spender")
    assert found["lifetime_value"] == {"USD": "1097.800001"}
    assert found["event_count"] == 19


def test_an_event_of_a_customer_never_seen_makes_the_profile_that_the_user_joins(live: Running) -> None:
    assert event(live, "early") == 200
    assert profile(live, "early")["traits"] == {}
    assert user(live, id="early", email="early@example.com", name="Early") == 200
    found = profile(live, "early")
    assert found["traits"] == {"email": "early@example.com", "name": "Early"}
    assert (found["event_count"], found["merges"]) == (2, [])


def test_a_repeat_counts_once_if_the_client_names_it(live: Running) -> None:
    before = live.settled()["duplicates"]
    content = {"user": {"id": "twice"}, "event": {"name": "purchase", "value": 5}}
    key = "Basic " + base64.b64encode(f"{API_KEY}:".encode()).decode()
    for _ in range(2):
        headers = {"Authorization": key, "Idempotency-Key": "order-1"}
        assert live.call("POST", "/data/events.json", content, headers=headers).status == 200
    for _ in range(2):
        assert live.call("POST", "/data/events.json", content, headers={"Authorization": key}).status == 200
    assert profile(live, "twice")["lifetime_value"] == {"USD": "15"}
    assert live.settled()["duplicates"] == before + 1


def test_a_customer_proven_by_authkey_only_fills_what_is_empty(live: Running) -> None:
    assert user(live, id="vip", email="vip@example.com", data={"plan": "gold"}) == 200
    member = {"id": "vip", "email": "other@example.com", "data": {"plan": "free", "colour": "red"}}
    assert user(live, None, **member, authkey=authkey("vip")) == 200
    signed_one = member | {"email": "vip@example.com"}
    assert user(live, None, **signed_one, authkey=signed("vip", "vip@example.com")) == 200  # proves who, not what
    found = profile(live, "vip")
    assert found["traits"] == {"email": "vip@example.com", "plan": "gold", "colour": "red"}


@pytest.mark.parametrize(("proof", "merged"), [("plain", False), ("signed", True), ("key", True)])
def test_only_a_proof_that_covers_the_email_joins_its_profile(live: Running, proof: str, merged: bool) -> None:
    email = f"{proof}@example.com"
    segment = live.source("segment", "--name", f"crm {proof}")
    known = {"anonymousId": f"a-{proof}", "traits": {"email": email, "tier": 1}}
    assert live.call("POST", "/v1/identify", known, segment["write_key"]).status == 200
    assert event(live, proof) == 200  # so that both profiles exist
    live.settled()
    sent = {"plain": authkey(proof), "signed": signed(proof, email)}.get(proof)
    members = {"id": proof, "email": email} | ({"authkey": sent} if sent else {})
    assert user(live, None if sent else API_KEY, **members) == 200
    found = profile(live, proof)
    assert (found["traits"].get("tier") == 1, bool(found["merges"]), bool(found["conflicts"])) == (
        merged,
        merged,
        not merged,
    )


def test_keys_are_changed_without_a_gap(server: Running) -> None:
    made = acme(server)
    second = server.cli("source", "key", "add", str(made["id"]))["api_key"]
    wait_for(lambda: server.call("POST", "/data/users", {}, second).status == 422)
    one = {"id": "17", "email": "bob@example.com"}
    for key in (API_KEY, second):
        assert user(server, key, **one) == 200
        assert user(server, None, **one, authkey=authkey("17", key)) == 200
    rows = server.cli("source", "key", "list", str(made["id"]))
    assert [(row["name"], row["hint"]) for row in rows] == [
        ("account", "acme"),
        ("api_key", "…-key"),
        ("sso_secret", "…cret"),
        ("api_key", "…" + second[-4:]),
    ]
    server.cli("source", "key", "revoke", str(made["id"]), str(rows[1]["id"]))
    wait_for(lambda: user(server, API_KEY, **one) == 401)
    assert user(server, None, **one, authkey=authkey("17")) == 403
    assert user(server, None, **one, authkey=authkey("17", second)) == 200


def test_readable_secrets_are_shown_nowhere(server: Running) -> None:
    made = acme(server)
    bearer = {"Authorization": f"Bearer {server.token('--scope', 'admin')}"}
    assert user(server, None, id="1", email="bob@example.com", authkey="x", api_key=API_KEY, data={"a": 1}) == 403
    assert user(server, id="1", email="bob@example.com", api_key=API_KEY, sso_secret=SSO_SECRET) == 200
    server.settled()
    wait_for(lambda: server.cli("stats")["refused"] >= 2)
    shown = [
        json.dumps(server.cli(*command))
        for command in (
            ("source", "list"),
            ("source", "set", str(made["id"]), "rate=9"),
            ("source", "key", "list", str(made["id"])),
            ("events", "list"),
            ("profile", "show", "--user-id", "1"),
        )
    ]
    paths = ("sources", f"sources/{made['id']}", f"sources/{made['id']}/keys", "events", "refused")
    for path in paths:
        answer = server.call("GET", f"/tidings/v1/{path}", headers=bearer)
        assert answer.status == 200
        shown.append(answer.body.decode())
    assert "…-key" in "".join(shown)
    assert [text for text in [*shown, *server.output] if API_KEY in text or SSO_SECRET in text] == []
    assert (server.data.stat().st_mode & 0o777) == 0o700


def test_the_api_makes_an_account_too(server: Running) -> None:
    token = server.cli("token", "create", "--scope", "admin")["token"]
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    wait_for(lambda: server.call("GET", "/tidings/v1/sources", headers=bearer).status == 200)
    server.cli("brand", "create", "shop")
    wanted = {"dialect": "reamaze_data", "brand": "shop", "credentials": {"api_key": API_KEY}}
    made = server.call("POST", "/tidings/v1/sources", wanted, headers=bearer).json()
    assert made["credentials"].keys() == {"account", "api_key", "sso_secret"}
    assert (made["credentials"]["account"], made["credentials"]["api_key"]) == ("shop", API_KEY)
    assert user(server, None, id="1", email="bob@example.com", authkey=authkey("1")) == 200
    further = server.call("POST", f"/tidings/v1/sources/{made['source']['id']}/keys", {}, headers=bearer).json()
    assert further["key"]["name"] == "api_key"
    assert user(server, None, id="1", email="bob@example.com", authkey=authkey("1", further["secret"])) == 200
    wrong = {"dialect": "reamaze_data", "name": "x", "credentials": {"account": "not a label"}}
    assert server.call("POST", "/tidings/v1/sources", wanted | wrong, headers=bearer).status == 400


def test_of_two_accounts_host_prefix_or_key_says_which(server: Running) -> None:
    first = acme(server, "--prefix", "desk")
    server.source("reamaze_data", "--name", "theirs", "--set", "account=theirs")
    content = {"user": {"id": "1", "email": "bob@example.com", "authkey": authkey("1")}}
    neutral = server.call("POST", "/data/users", content)
    assert neutral.status == 401
    assert neutral.headers["www-authenticate"] == 'Basic realm="Re:amaze"'
    for path, headers in (
        ("/desk/data/users", {}),
        ("/data/users", {"Host": "acme.shop.example"}),
        ("/reamaze_data/data/users.json", {"Host": "ACME.shop.example:80"}),
    ):
        assert server.call("POST", path, content, headers=headers).status == 200, path
    server.settled()
    assert {row["source_id"] for row in server.cli("events", "list")} == {first["id"]}
    assert server.call("POST", "/data/users", content, headers={"Host": "theirs.shop.example"}).status == 403
    server.cli("source", "disable", str(first["id"]))
    wait_for(lambda: server.call("POST", "/data/users", content, API_KEY).status == 403)
    assert server.call("POST", "/data/users", content, headers={"Host": "acme.shop.example"}).status == 403
    assert server.call("POST", "/desk/data/users", content).status == 401


def test_every_layer_answers_in_the_dialect(live: Running) -> None:
    big = b'{"user":{"x":"' + b"x" * 200_000 + b'"}}'
    asked = [
        ("GET", "/data/users", None, 405),
        ("POST", "/data/nothing", {}, 404),
        ("POST", "/data/users", big, 413),
        ("POST", "/data/events", {"user": {"id": "1", "data": {"x": "x" * 40_000}}, "event": {"name": "x"}}, 413),
        ("POST", "/data/users", b"{", 400),
        ("POST", "/data/users/", {}, 422),
    ]
    for method, path, content, status in asked:
        answer = live.call(method, path, content, API_KEY)
        assert answer.status == status, (path, answer.body)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json().keys() == {"errors" if status == 422 else "error"}


def test_a_refusal_is_seen_with_its_reason(server: Running) -> None:
    made = acme(server)
    token = server.cli("token", "create")["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    added = hashlib.sha256(b"17").hexdigest()  # $current_user->id + ":xxxxxxx"
    assert user(server, None, id="17", email="bob@example.com", authkey=added) == 403

    def wrong() -> list[dict[str, Any]]:
        answer = server.call("GET", "/tidings/v1/refused", headers=bearer)
        rows = answer.json()["items"] if answer.status == 200 else []
        return [row for row in rows if row["code"] == "wrong_authkey"]

    wait_for(wrong)
    (row,) = wrong()
    assert row["source_id"] == made["id"]
    assert "PHP" in row["message"]
    assert "bob@example.com" in row["body"]
    assert added not in row["body"]


@pytest.fixture
def located(tmp_path: Path) -> Iterator[Running]:
    """A server that knows where one network is."""
    file = write(tmp_path / "places.mmdb", {"203.0.113.0/24": BERLIN})
    running = Running(tmp_path / "data", environment={"TIDINGS_MMDB": str(file)}).start()
    yield running
    running.stop()


def test_an_address_becomes_a_place(located: Running) -> None:
    acme(located)
    segment = located.source("segment", "--name", "web")["write_key"]
    assert user(located, id="near", email="near@example.com", ip="203.0.113.9") == 200
    assert user(located, id="far", email="far@example.com", ip="198.51.100.9") == 200
    own = {"city": "Ulm"}
    for message_id, context in (
        ("m-1", {"ip": "203.0.113.9"}),
        ("m-2", {"ip": "203.0.113.9", "location": own}),
        ("m-3", {}),
    ):
        content = {"userId": "web", "event": "x", "messageId": message_id, "context": context}
        assert located.call("POST", "/v1/track", content, segment).status == 200
    identify = {"userId": "web", "traits": {"plan": "pro"}, "context": {"ip": "203.0.113.9"}}
    assert located.call("POST", "/v1/identify", identify, segment).status == 200

    assert profile(located, "near")["traits"] == {"email": "near@example.com", "location": PLACE}
    assert profile(located, "far")["traits"] == {"email": "far@example.com"}
    assert profile(located, "web")["traits"] == {"plan": "pro"}  # a place of use, not of the customer
    found = {row["message_id"]: row["event"].get("context") for row in located.cli("events", "list")}
    assert found["m-1"] == {"ip": "203.0.113.9", "location": PLACE}
    assert found["m-2"] == {"ip": "203.0.113.9", "location": own}
    assert found["m-3"] is None


def test_without_a_file_there_are_no_places(live: Running) -> None:
    assert user(live, id="nowhere", email="nowhere@example.com", ip="203.0.113.9") == 200
    assert profile(live, "nowhere")["traits"] == {"email": "nowhere@example.com"}


def test_a_file_of_places_that_is_none_stops_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_text("no places here")
    command = [*TIDINGS, "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    for file, why in ((broken, "is no MMDB file"), (tmp_path / "none.mmdb", "cannot be read")):
        done = subprocess.run(command, env={"TIDINGS_MMDB": str(file)}, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"E011 mmdb: {file} {why}" in done.stderr
        assert "Traceback" not in done.stderr
