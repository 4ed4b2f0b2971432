"""Which paths and methods there are, and that whatever else comes is answered in JSON."""

import itertools

import pytest

from tests.edge.wire import ORIGIN, Line, ask, basic, event, message, must_fail, must_take
from tests.serving import Running

CALLS = ("identify", "track", "page", "screen", "group", "alias")
SINGLE = [f"/v1/{name}" for name in (*CALLS, *(call[0] for call in CALLS))]
BATCH = ["/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"]
MEMBERS = b'{"userId": "alice", "anonymousId": "a-1", "event": "Bought", "groupId": "acme"}'


@pytest.mark.parametrize("prefix", ["", "/segment"])
@pytest.mark.parametrize("path", [*SINGLE, *BATCH, "/v1/m"])
def test_every_path_takes_what_is_meant_for_it(live: Running, key: str, path: str, prefix: str) -> None:
    body = b'{"batch": [{"type": "track", "userId": "alice", "event": "Bought"}]}' if path in BATCH else MEMBERS
    for ending in ("", "/", "//", "?retry=1", "/?retry=1"):
        must_take(ask(live.port, "POST", prefix + path + ending, body, [basic(key)]))


@pytest.mark.parametrize(
    "path", ["/v1/track/", "/segment/v1/batch/", "/v1/projects/nobody/settings/", "/", "//", "/v1/"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_nothing_redirects(live: Running, path: str, method: str) -> None:
    said = ask(live.port, method, path)
    assert not 300 <= said.status < 400
    assert not said.all("location")


UNKNOWN = ["/", "/v1", "/v1/", "/v1/nothing", "/v1/track/more", "/v1/TRACK", "/v2/track", "//v1/track"]
UNKNOWN += [
    "/v1/../v1/track",
    "/%00",
    "/%ff%fe",
    "/v1/%2e%2e",
    "/v1/projects/settings",
    "/v1/pixel",
    "/segment",
    "/x.php?y=1",
]


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "TRACE"])
def test_an_unknown_path_is_404(live: Running, path: str, method: str) -> None:
    said = ask(live.port, method, path, headers=[("Origin", ORIGIN)])
    must_fail(said, 404, "not_found")
    assert said.header("access-control-allow-origin") == ORIGIN


@pytest.mark.parametrize("path", ["/v1/track", "/v1/b", "/segment/v1/batch", "/v1/m"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "PURGE", "REPORT"])
def test_a_wrong_method_is_405(live: Running, path: str, method: str) -> None:
    said = ask(live.port, method, path, headers=[("Origin", ORIGIN)])
    must_fail(said, 405, "method_not_allowed")
    assert said.header("allow") == "POST, OPTIONS"
    assert said.header("access-control-allow-origin") == ORIGIN


@pytest.mark.parametrize("path", ["/v1/pixel/track", "/v1/projects/nobody/settings", "/sourceConfig"])
def test_paths_that_are_read_take_no_post(live: Running, path: str) -> None:
    said = ask(live.port, "POST", path, b"{}")
    must_fail(said, 405, "method_not_allowed")
    assert said.header("allow") == "GET, OPTIONS"


def test_head_has_no_body(live: Running, key: str) -> None:
    with Line(live.port) as line:
        said = line.send(message("HEAD", "/v1/track")).answer("HEAD")
        assert (said.status, said.header("allow")) == (405, "POST, OPTIONS")
        must_take(line.send(message("POST", "/v1/track", event(), [basic(key)])).answer())


def test_options_for_the_whole_server(live: Running) -> None:
    assert ask(live.port, "OPTIONS", "*").status == 204


def test_an_absolute_address_is_understood(live: Running, key: str) -> None:
    must_take(ask(live.port, "POST", "http://tidings.example/v1/track", event(), [basic(key)]))


def test_escaped_letters_are_letters(live: Running, key: str) -> None:
    must_take(ask(live.port, "POST", "/v1/tr%61ck", event(), [basic(key)]))


# What the HTTP parser itself refuses: also there, an answer that is no JSON object is retried for ever by some SDKs.


@pytest.mark.parametrize("method", ["FOO", "post", "TRACKIT"])
def test_a_made_up_method_is_answered_in_json(live: Running, key: str, method: str) -> None:
    said = ask(live.port, method, "/v1/track", event(), [basic(key)])
    must_fail(said, 405 if said.status == 405 else 400)


@pytest.mark.parametrize(
    "sent",
    [
        message("POST", "/v1/track?name=Ren\xe9e", event()),
        message("POST", "/v1/track?a b", event()),
        message("POST", "/v1/track?" + "x" * 70_000, event()),
        message("POST", "/v1/track", event(), [("X Y", "1")]),
        message("POST", "/v1/track", event(), [("X-Text", "a\x01b")]),
        message("POST", "/v1/track", event(), [("Content-Length", "3")]),
        message("GET", "/v1/track", headers=[("Content-Length", "many")]),
        message("GET", "/v1/track", headers=[("Transfer-Encoding", "chunked")]) + b"zz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"hello\r\n\r\n",
    ],
    ids=["latin-1", "blank", "long", "header name", "control", "two lengths", "no number", "chunk", "tls", "hello"],
)
def test_what_is_no_http_is_answered_in_json(live: Running, sent: bytes) -> None:
    with Line(live.port) as line:
        must_fail(line.send(sent).answer(), 400)


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0"])
def test_an_offer_to_upgrade_is_ignored(live: Running, key: str, protocol: str) -> None:
    """Java's own client offers h2c with its first request on every plain connection."""
    offer = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", protocol), ("HTTP2-Settings", "AAMAAABkAAQAAP__")]
    with Line(live.port) as line:
        must_take(line.send(message("POST", "/v1/track", event(), [basic(key), *offer])).answer())
        must_take(line.send(message("POST", "/v1/track", event(), [basic(key)])).answer())
        large = b'{"batch":[' + b",".join([event()] * 150) + b"]}"
        must_take(line.send(message("POST", "/v1/batch", large, [basic(key), *offer])).answer())
        must_take(line.send(message("POST", "/v1/batch", large, [*offer, basic(key)])).answer())


def test_a_connection_takes_one_request_after_another(live: Running, key: str) -> None:
    good = message("POST", "/v1/track", event(), [basic(key)])
    with Line(live.port) as line:
        for _ in range(20):
            must_take(line.send(good).answer())
            must_fail(line.send(message("POST", "/v1/track", b"{", [basic(key)])).answer(), 400)
            must_fail(line.send(message("GET", "/nowhere")).answer(), 404)


def test_answers_to_pipelined_requests_come_in_order(live: Running, key: str) -> None:
    sent = [
        message("POST", "/v1/track", event(), [basic(key)]),
        message("GET", "/nowhere"),
        message("POST", "/v1/track", b"{}", [basic(key)]),
        message("OPTIONS", "/v1/track"),
    ]
    with Line(live.port) as line:
        line.send(b"".join(itertools.chain(*[sent] * 5)))
        assert [line.answer().status for _ in range(20)] == [200, 404, 400, 204] * 5


def test_a_long_queue_of_refused_requests_is_answered_to_the_end(live: Running, key: str) -> None:
    taken = message("POST", "/v1/track", event(), [basic(key)])
    refused = message("POST", "/v1/track", b"{}", [basic(key)])
    with Line(live.port) as line:
        line.send(taken + refused * 1_500 + taken)
        assert [line.answer().status for _ in range(1_502)] == [200, *[400] * 1_500, 200]


def test_http_1_0_is_answered_and_closed(live: Running, key: str) -> None:
    with Line(live.port) as line:
        sent = message("POST", "/v1/track", event(), [basic(key)])
        must_take(line.send(sent.replace(b"HTTP/1.1", b"HTTP/1.0", 1)).answer())
        assert line.incoming.read() == b""


def test_a_slow_client_keeps_nobody_waiting(live: Running, key: str) -> None:
    sent = message("POST", "/v1/track", event("slow"), [basic(key)])
    slow = [Line(live.port).send(sent[:cut]) for cut in (1, 40, len(sent) - 1) for _ in range(10)]
    for _ in range(10):
        must_take(ask(live.port, "POST", "/v1/track", event(), [basic(key)]))
    for line, cut in zip(slow, (cut for cut in (1, 40, len(sent) - 1) for _ in range(10)), strict=True):
        must_take(line.send(sent[cut:]).answer())
        line.close()
    assert live.settled()["lag"] == 0
    assert len(live.cli("events", "list", "--message-id", "slow")) == 1


def test_who_hangs_up_early_leaves_nothing_behind(live: Running, key: str) -> None:
    sent = message("POST", "/v1/track", event("hung-up"), [basic(key)])
    for cut in (10, len(sent) - 5):
        with Line(live.port) as line:
            line.send(sent[:cut])
    must_take(ask(live.port, "POST", "/v1/track", event("after"), [basic(key)]))
    live.settled()
    assert live.cli("events", "list", "--message-id", "hung-up") == []
    assert not [line for line in live.output if "Traceback" in line]


def test_a_host_header_is_not_needed(live: Running, key: str) -> None:
    sent = message("POST", "/v1/track", event(), [basic(key)])
    with Line(live.port) as line:
        must_take(line.send(sent.replace(b"Host: tidings.example\r\n", b"", 1)).answer())


def test_an_answer_without_a_body_has_no_length(live: Running) -> None:
    """RFC 9110, 8.6: no Content-Length in a 204."""
    assert ask(live.port, "OPTIONS", "/v1/track").all("content-length") == []
