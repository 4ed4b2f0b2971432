"""kill -9 while a shop sends orders, carts and wishes: each counts once, and all end as the newest state says."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal
from typing import Any

from tests.crash.shopping import Expected, Ledger, Plugin, email_of, milliseconds
from tests.crash.stored import everything, rows
from tests.crash.test_kill import seed
from tests.serving import Running

__all__ = ["seed"]  # the fixture
CLIENTS = 3


def test_a_shop_survives_kills(server: Running, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    made = server.source("remarkety")
    ledger = Ledger()
    store = (made["store_id"], made["api_key"])
    plugins = [Plugin(server.port, store, ledger, random.Random(chance.random())) for _ in range(CLIENTS)]
    for _ in range(rounds):
        kill_while(server, plugins, chance.uniform(0.1, 1.2))
        server.start()
    for plugin in plugins:
        plugin.finish()
    server.settled()
    assert ledger.answered == {message.second for message in ledger.messages}, "a plugin did not get its answer"
    expected = Expected(ledger.messages)
    check_events(server, ledger)
    check_orders(server, expected)
    check_carts(server, expected)
    check_consent(server, expected)
    before = everything(server.data)
    server.kill()
    server.start()
    server.settled()
    assert everything(server.data) == before, "a restart alone changed something"
    assert "Traceback" not in "".join(server.output)


def kill_while(server: Running, plugins: list[Plugin], seconds: float) -> None:
    """Let all plugins send for a while, then pull the plug under them."""
    stopping = threading.Event()
    with ThreadPoolExecutor(len(plugins)) as pool:
        running = [pool.submit(plugin.run, stopping) for plugin in plugins]
        wait(running, seconds)
        server.kill()
        for one in running:
            one.result()


def pairs(found: list[Any]) -> dict[str, Any]:
    return {row[0]: row[1] for row in found}


def check_events(server: Running, ledger: Ledger) -> None:
    """Every message is one event."""
    ((stored, named),) = rows(
        server.data / "tidings.db", "SELECT count(*), count(DISTINCT message_id) FROM events WHERE source_id <> 0"
    )
    assert stored == named == len(ledger.messages)


def check_orders(server: Running, expected: Expected) -> None:
    query = """SELECT o.id, o.status, o.currency, o.revenue, o.counted, i.value,
        (SELECT count(*) FROM order_events e WHERE e.workspace_id = o.workspace_id AND e.n = o.n)
        FROM orders o JOIN profiles p ON p.id = o.profile_id
        JOIN profiles m ON m.root_id = p.root_id JOIN identifiers i ON i.profile_id = m.id AND i.kind = 'email'"""
    found = {row[0]: row[1:] for row in rows(server.data / "tidings.db", query)}
    assert found.keys() == expected.orders.keys()
    for number, order in expected.orders.items():
        status, currency, revenue, counted, email, spoken = found[number]
        assert status == order.get("status", {}).get("name"), number
        assert (currency, email) == (order["currency"], email_of(order["person"]))
        assert bool(counted) is not bool(order.get("test"))
        assert Decimal(revenue or 0) == expected.revenue(order), number
        assert spoken == expected.spoken[number]
    query = """SELECT i.value, s.currency, s.orders, s.revenue FROM customer_sums s
        JOIN profiles p ON p.id = s.profile_id JOIN profiles m ON m.root_id = p.root_id
        JOIN identifiers i ON i.profile_id = m.id AND i.kind = 'email' WHERE s.orders > 0"""
    sums: dict[tuple[int, str], tuple[int, Decimal]] = {}
    for email, currency, orders, revenue in rows(server.data / "tidings.db", query):
        key = (int(email[1:].partition("@")[0]), currency)
        count, total = sums.get(key, (0, Decimal(0)))
        sums[key] = (count + orders, total + Decimal(revenue))
    assert sums == expected.sums()


def check_carts(server: Running, expected: Expected) -> None:
    found = pairs(rows(server.data / "tidings.db", "SELECT id, status FROM carts"))
    assert found.keys() == expected.carts.keys()
    opened = {cart for cart, status in found.items() if status == "open"}
    assert opened == {cart for cart in expected.carts if expected.is_open(cart)}
    states = pairs(rows(server.data / "tidings.db", "SELECT id, at FROM carts"))
    newest = {cart: milliseconds(message.body["updated_at"]) for cart, message in expected.carts.items()}
    assert states == newest


def check_consent(server: Running, expected: Expected) -> None:
    query = """SELECT i.value, c.state, c.time, c.message_id FROM consent_preferences c
        JOIN profiles p ON p.id = c.profile_id JOIN profiles m ON m.root_id = p.root_id
        JOIN identifiers i ON i.profile_id = m.id AND i.kind = 'email' WHERE c.channel = 'email' ORDER BY c.time"""
    wishes = {email: state == "yes" for email, state, *_ in rows(server.data / "tidings.db", query)}
    assert wishes == {email_of(person): wish for person, wish in expected.wishes.items()}
    query = "SELECT address FROM consent_suppressions WHERE active AND type = 'unsubscribed'"
    stopped = {address for (address,) in rows(server.data / "tidings.db", query)}
    assert stopped == {email_of(person) for person, gone in expected.unsubscribed.items() if gone}
    query = "SELECT name, count(*) FROM events WHERE source_id = 0 GROUP BY name"
    own: Counter[str] = Counter(pairs(rows(server.data / "tidings.db", query)))
    query = """SELECT subject, change, count(*) FROM consent_history WHERE effect = 'made' GROUP BY subject, change"""
    told = {(subject, change): count for subject, change, count in rows(server.data / "tidings.db", query)}
    names = {"added": "email-suppression/added", "lifted": "email-suppression/removed"}
    for change, name in names.items():
        assert own[name] == told.get(("unsubscribed", change), 0), (own, told)
    assert own["newsletter/subscribed"] > 0
    ((events, distinct),) = rows(
        server.data / "tidings.db", "SELECT count(*), count(DISTINCT message_id) FROM events WHERE source_id = 0"
    )
    assert events == distinct == own.total()
