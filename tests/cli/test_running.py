"""What the command line changes, a running server honours within a second or so.

Some of the commands are processes of their own, as they are for operators.
"""

from tests.serving import Running, wait_for

TRACK = {"userId": "alice", "event": "Bought", "properties": {"revenue": 1}}


def status(server: Running, key: str, **headers: str) -> int:
    return server.call("POST", "/v1/track", TRACK, key, headers=headers).status


def test_settings_and_switches_are_honoured(server: Running) -> None:
    made = server.source()
    key = made["write_key"]
    assert status(server, key) == 200

    server.command("source", "set", str(made["id"]), "rate=1")
    wait_for(lambda: status(server, key) == 429, 10)
    server.command("source", "set", str(made["id"]), "rate=0")
    wait_for(lambda: [status(server, key) for _ in range(5)] == [200] * 5, 10)

    server.command("source", "set", str(made["id"]), "origins=https://shop.example")
    wait_for(lambda: status(server, key, Origin="https://evil.example") == 403, 10)
    assert status(server, key, Origin="https://shop.example") == 200

    server.command("source", "disable", str(made["id"]))
    wait_for(lambda: status(server, key) in (401, 403), 10)
    server.command("source", "enable", str(made["id"]))
    wait_for(lambda: status(server, key) == 200, 10)


def test_keys_come_and_go_without_a_restart(server: Running) -> None:
    made = server.source()
    second = server.cli("source", "key", "add", str(made["id"]))["write_key"]
    wait_for(lambda: status(server, second) == 200, 10)
    first = server.cli("source", "key", "list", str(made["id"]))[0]
    server.cli("source", "key", "revoke", str(made["id"]), str(first["id"]))
    wait_for(lambda: status(server, made["write_key"]) == 401, 10)
    assert status(server, second) == 200


def test_a_currency_that_is_set_counts_from_then_on(server: Running) -> None:
    made = server.source()
    assert status(server, made["write_key"]) == 200
    server.settled()
    server.cli("source", "set", str(made["id"]), "currency=EUR")

    def values() -> dict[str, str]:
        status(server, made["write_key"])
        server.settled()
        found: dict[str, str] = server.cli("profile", "show", "--user-id", "alice")["lifetime_value"]
        return found

    wait_for(lambda: set(values()) == {"USD", "EUR"}, 20)


def test_what_is_stored_is_shown_while_the_server_runs(server: Running) -> None:
    made = server.source()
    for number in range(3):
        server.call("POST", "/v1/track", TRACK | {"messageId": f"m{number}"}, made["write_key"])
    server.settled()
    (found,) = server.command("events", "list", "--message-id", "m1")
    assert (found["message_id"], found["verb"], found["name"]) == ("m1", "track", "Bought")
    assert found["event"]["message_id"] == "m1"
    assert [event["message_id"] for event in server.command("events", "list", "--limit", "2")] == ["m2", "m1"]
    profile = server.command("profile", "show", "--user-id", "alice")
    assert {"id", "identifiers", "traits", "lifetime_value", "event_count"} <= set(profile)
    assert server.command("profile", "show", "--id", str(profile["id"])) == profile


def test_sigterm_drains_and_closes(server: Running) -> None:
    key = server.source()["write_key"]
    for number in range(20):
        assert server.call("POST", "/v1/track", TRACK | {"messageId": f"m{number}"}, key).status == 200
    assert server.call("POST", "/v1/track", b"{", key).status == 400
    assert server.stop() == 0
    assert not any(path.name.endswith("-wal") for path in server.data.iterdir())  # closing folds it into the database
    figures = server.cli("stats")
    assert (figures["events"], figures["lag"], figures["refused"]) == (20, 0, 1)
