"""Migrations: a migrated file is what the tables say, whatever revision it comes from.

A new revision is picked up by itself; what its data looked like before it is not: give the revision before it an entry
in SAMPLES, rows as that version wrote them, and the test below carries them to the newest schema.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, Table, select

from tidings.db import Database, Tx
from tidings.db import migrate as module
from tidings.db.engine import make_engine
from tidings.db.migrate import HEAD, TooNew, migrate, upgrade
from tidings.rooms import metadata
from tidings.tenants import store

SCRIPTS = ScriptDirectory(str(Path(module.__file__).parent / "migrations"))
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]

# For every revision that was ever current: some rows of it, and what must be found in the newest schema.
SAMPLES: dict[str, tuple[str, dict[str, list[tuple[Any, ...]]]]] = {
    "0001": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at) VALUES (7, 'Alice''s', 'Europe/Berlin', 2);
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO events (id, workspace_id, source_id, profile_id, verb, name, time, received, message_id, body)
            VALUES (1, 7, 5, 1, 'track', 'Bought', 10, 11, 'm1', '{"verb":"track","message_id":"m1","time":10}');
        INSERT INTO seen (source_id, digest, workspace_id, event_id) VALUES (5, 'd', 7, 1);
        INSERT INTO timeline_recent (workspace_id, profile_id, time, event_id) VALUES (7, 1, 10, 1);
        """,
        {
            "SELECT epoch FROM installation": [("kept",)],
            "SELECT id, name, time_zone FROM workspaces": [(7, "Alice's", "Europe/Berlin")],
            "SELECT id, workspace_id, profile_id, name, message_id FROM events": [(1, 7, 1, "Bought", "m1")],
            "SELECT source_id, digest, event_id FROM seen": [(5, "d", 1)],
            "SELECT source_id, minute, events, refused FROM minutes": [(0, 0, 1, 0), (5, 0, 1, 0)],
            "SELECT source_id, verb, name, further, events FROM names": [(5, "track", "Bought", 0, 1)],
        },
    ),
    "0002": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at) VALUES (7, 'Alice''s', 'Europe/Berlin', 2);
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'reamaze_data', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO credentials (id, workspace_id, source_id, dialect, name, fingerprint, hint, created_at, secret)
            VALUES (1, 7, 5, 'reamaze_data', 'api_key', 'f1', '…', 5, 'k'),
                   (2, 7, 5, 'reamaze_data', 'account', 'f2', 'shop', 5, NULL);
        """,
        {
            "SELECT epoch FROM installation": [("kept",)],
            "SELECT id, name, hint, secret FROM credentials ORDER BY id": [
                (1, "api_key", "…", "k"),
                (2, "account", "shop", None),
            ],
        },
    ),
    "0003": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title)
            VALUES (7, 'alice', 'Europe/Berlin', 2, 'Alice''s');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO users (id, workspace_id, email, role, password, created_at, seen_at)
            VALUES (4, 7, 'ana@shop.example', 'owner', '$argon2id$x', 5, 6);
        INSERT INTO sessions (id, workspace_id, user_id, fingerprint, csrf, agent, created_at, seen_at, expires_at)
            VALUES (1, 7, 4, 'f', 'c', 'Firefox on Linux', 6, 7, 8);
        INSERT INTO audit (id, workspace_id, at, actor, action, subject, detail, ip)
            VALUES (9, 7, 6, 'user:4', 'session.opened', 'user:4', '{"agent": "Firefox on Linux"}', '192.0.2.1');
        """,
        {
            "SELECT title FROM workspaces": [("Alice's",)],
            "SELECT id, email, password, seen_at FROM users": [(4, "ana@shop.example", "$argon2id$x", 6)],
            "SELECT user_id, fingerprint, csrf, expires_at FROM sessions": [(4, "f", "c", 8)],
            "SELECT id, actor, action, ip FROM audit": [(9, "user:4", "session.opened", "192.0.2.1")],
        },
    ),
    "0004": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO pending_events (id, workspace_id, kind, payload, created_at)
            VALUES (8, 7, 'forget', '{"profile_id":1,"at":6,"upto":2}', 6);
        INSERT INTO refused
            (id, workspace_id, source_id, received, stage, code, message, message_id, name, body, record)
            VALUES (2, 7, 5, 6, 'pipeline', 'ValueError', 'no', 'm1', 'Bought', '{}', '{"events":[{}]}');
        INSERT INTO forgotten (workspace_id, digest, at) VALUES (7, 'd', 6);
        INSERT INTO compactions (id, asked_at, done_at, failure) VALUES (1, 6, 7, NULL);
        """,
        {
            "SELECT id, kind, payload FROM pending_events": [(8, "forget", '{"profile_id":1,"at":6,"upto":2}')],
            "SELECT stage, record FROM refused": [("pipeline", '{"events":[{}]}')],
            "SELECT workspace_id, digest, at FROM forgotten": [(7, "d", 6)],
            "SELECT asked_at, done_at FROM compactions": [(6, 7)],
        },
    ),
    "0005": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title)
            VALUES (7, 'alice', 'Europe/Berlin', 2, 'Alice''s');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO minutes (workspace_id, source_id, minute, events, refused) VALUES (7, 0, 9, 3, 1), (7, 5, 9, 3, 1);
        INSERT INTO names (workspace_id, source_id, verb, name, further, events)
            VALUES (7, 5, 'identify', '', 0, 1), (7, 5, 'track', 'Bought', 0, 1), (7, 5, 'track', '', 1, 1);
        INSERT INTO noted (workspace_id, event_id, source_id) VALUES (7, 2, 5);
        INSERT INTO group_traits (workspace_id, group_id, name, value, rank, time, message_id, source_id)
            VALUES (7, 'a', 'name', '"Straße \\"1\\""', 1, 1, 'm', 5), (7, 'b', 'name', '[1]', 1, 1, 'm', 5),
                   (7, 'c', 'name', NULL, 1, 1, 'm', 5), (7, 'd', 'plan', '"Gold"', 1, 1, 'm', 5);
        """,
        {
            "SELECT source_id, minute, events, refused FROM minutes": [(0, 9, 3, 1), (5, 9, 3, 1)],
            "SELECT verb, name, further, events FROM names": [
                ("identify", "", 0, 1),
                ("track", "", 1, 1),
                ("track", "Bought", 0, 1),
            ],
            "SELECT event_id, source_id FROM noted": [(2, 5)],
            "SELECT group_id, search FROM group_traits ORDER BY group_id": [
                ("a", 'strasse "1"'),
                ("b", None),
                ("c", None),
                ("d", None),
            ],
        },
    ),
    "0006": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO groups (workspace_id, id, first_seen, last_seen) VALUES (7, 'a', 5, 6);
        INSERT INTO group_traits (workspace_id, group_id, name, value, rank, time, message_id, source_id, search)
            VALUES (7, 'a', 'name', '"Acme"', 1, 1, 'm', 5, 'acme');
        """,
        {
            "SELECT id, first_seen, last_seen FROM groups": [("a", 5, 6)],
            "SELECT group_id, value, search FROM group_traits": [("a", '"Acme"', "acme")],
        },
    ),
    "0007": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO profiles (id, workspace_id, root_id, event_count, first_seen) VALUES (1, 7, 1, 2, 5);
        INSERT INTO profile_additions (workspace_id, profile_id, name, item, rank, time, message_id, source_id)
            VALUES (7, 1, 'tags', 'vip', 1, 9, 'm', 5);
        """,
        {"SELECT profile_id, name, item, time FROM profile_additions": [(1, "tags", "vip", 9)]},
    ),
    "0008": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO orders (n, workspace_id, brand_id, id, profile_id, number, status, placed, first_at, currency,
                revenue, refunded, items, counted, deleted, named, cart_id, cart_token, state)
            VALUES (8, 7, 3, '0012', 1, '#12', 'Paid', 9, 9, 'EUR', '22.10', '5', '2', 1, 0, 1, '55', NULL,
                '{"layers":[[1,9,"m1 5",{"total":22.10}]],"given":[[9,"m1 5",5,[]]]}');
        INSERT INTO order_events (workspace_id, n, at, event_id) VALUES (7, 8, 9, 8);
        INSERT INTO carts (n, workspace_id, brand_id, id, holder, profile_id, token, at, until, status, order_n,
                currency, total, items, state)
            VALUES (7, 7, 3, '55', 0, 1, 't', 8, 9, 'ordered', 8, 'EUR', '22.10', '2',
                '{"layers":[[1,8,"m0 5",{"token":"t"}]]}');
        INSERT INTO cart_events (workspace_id, n, at, event_id) VALUES (7, 7, 8, 7);
        INSERT INTO products (n, workspace_id, brand_id, id, at, told, met_at, known, search, sku, present, stock,
                sold_out, state)
            VALUES (1, 7, 3, 'mug', 9, 1, NULL, 1, 'mug', NULL, 1, '0', 1,
                '[[1,9,"d",{"title":"Mug","stock":0,"variants":["r","b"],"variant:sku:b":"MUG-2"}],'
                || '[1,8,"c",{"variant:sku:r":"MUG-1","variant:sku:gone":"MUG-0"}]]');
        INSERT INTO product_events (workspace_id, brand_id, id, at, event_id) VALUES (7, 3, 'mug', 9, 9);
        INSERT INTO customer_sums (workspace_id, profile_id, currency, orders, revenue, refunded, items)
            VALUES (7, 1, 'EUR', 1, '22.10', '5', '2');
        INSERT INTO customer_products (workspace_id, profile_id, brand_id, product_id, orders, quantity)
            VALUES (7, 1, 3, 'mug', 1, '2');
        INSERT INTO customer_views (workspace_id, profile_id, viewed) VALUES (7, 1, '[[9,3,"mug"]]');
        """,
        {
            "SELECT n, id, revenue, cart_id, state FROM orders": [
                (
                    8,
                    "0012",
                    "22.10",
                    "55",
                    '{"layers":[[1,9,"m1 5",{"total":22.10}]],"given":[[9,"m1 5",5,[]]]}',
                )
            ],
            "SELECT id, status, order_n, until FROM carts": [("55", "ordered", 8, 9)],
            "SELECT id, told, known, stock, sold_out FROM products": [("mug", 1, 1, "0", 1)],
            "SELECT sku, brand_id, product_id FROM product_skus": [("MUG-1", 3, "mug"), ("MUG-2", 3, "mug")],
            "SELECT n, event_id FROM order_events UNION SELECT n, event_id FROM cart_events": [(7, 7), (8, 8)],
            "SELECT id, event_id FROM product_events": [("mug", 9)],
            "SELECT currency, orders, revenue, refunded FROM customer_sums": [("EUR", 1, "22.10", "5")],
            "SELECT product_id, orders, quantity FROM customer_products": [("mug", 1, "2")],
            "SELECT viewed FROM customer_views": [('[[9,3,"mug"]]',)],
        },
    ),
    "0009": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO consent_settings (workspace_id, mail_unknown, double_opt_in, email_stops_sms, sms_stops_email)
            VALUES (7, 1, 'always', 0, 1);
        INSERT INTO consent_preferences (workspace_id, profile_id, channel, state, time, message_id, source_id, address,
                since, act, event_id, by_source_id, ip, form, reason)
            VALUES (7, 1, 'email', 'yes', 9, 'm2', 5, 'a@b.org', 8, 'confirm', 2, 5, '192.0.2.7', 'popup', 'why');
        INSERT INTO consent_suppressions (workspace_id, channel, address, type, active, hashed, added_at, added_message,
                added_source, lifted_at, lifted_message, lifted_source, event_id, ip, reason)
            VALUES (7, 'email', 'a@b.org', 'unsubscribed', 1, 0, 8, 'm1', 5, 7, 'm0', 5, 2, NULL, 'why');
        INSERT INTO consent_opt_ins (id, workspace_id, channel, address, profile_id, stage, time, message_id, source_id,
                event_id, asked_at, ip, form, closed_at, closed_ip)
            VALUES (4, 7, 'sms', '+351900000000', 1, 'confirmed', 8, 'm1', 5, 2, 8, '192.0.2.7', 'popup', 9, '::1');
        INSERT INTO consent_history (id, workspace_id, profile_id, channel, address, subject, change, effect, time,
                received, source_id, event_id, "by", ip, form, reason)
            VALUES (3, 7, 1, 'email', 'a@b.org', 'preference', 'yes', 'made', 8, 9, 5, 2, '', NULL, 'popup', NULL);
        """,
        {
            "SELECT mail_unknown, double_opt_in, sms_stops_email FROM consent_settings": [(1, "always", 1)],
            "SELECT state, time, since, act, ip FROM consent_preferences": [("yes", 9, 8, "confirm", "192.0.2.7")],
            "SELECT address, type, active, added_at, lifted_at FROM consent_suppressions": [
                ("a@b.org", "unsubscribed", 1, 8, 7)
            ],
            "SELECT id, stage, closed_ip FROM consent_opt_ins": [(4, "confirmed", "::1")],
            'SELECT subject, change, effect, "by" FROM consent_history': [("preference", "yes", "made", "")],
        },
    ),
    "0010": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'ray', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO declared_types (id, workspace_id, type, subtype, properties, created_at)
            VALUES (3, 7, 'PURCHASE', '', '{"amount": {"kind": "number", "required": true}}', 4);
        INSERT INTO registrations (workspace_id, store, profile_id, at) VALUES (7, '3', 1, 9);
        """,
        {
            "SELECT type, subtype, properties FROM declared_types": [
                ("PURCHASE", "", '{"amount": {"kind": "number", "required": true}}')
            ],
            "SELECT store, profile_id, at FROM registrations": [("3", 1, 9)],
        },
    ),
    "0011": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'remarkety', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO handshakes (source_id, workspace_id, code, expires_at, "key", ended_at)
            VALUES (5, 7, 'f1', 900005, 'f2', NULL);
        """,
        {"SELECT source_id, code, expires_at, key, ended_at FROM handshakes": [(5, "f1", 900_005, "f2", None)]},
    ),
    "0012": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO imports (id, workspace_id, brand_id, kind, hash, name, size, options, lines, taken, refused, totals,
                             waiting, started_at, finished_at)
            VALUES (4, 7, 3, 'orders', 'ab', 'orders.csv', 99, '{"columns":{}}', 9, 7, 1, '{"EUR":"10.10"}', 8,
                5, NULL);
        """,
        {
            "SELECT kind, hash, lines, taken, refused, totals, waiting, finished_at FROM imports": [
                ("orders", "ab", 9, 7, 1, '{"EUR":"10.10"}', 8, None)
            ],
        },
    ),
    "0013": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO product_skus (workspace_id, sku, brand_id, product_id) VALUES (7, 'MUG-1', 3, 'mug');
        """,
        {"SELECT sku, brand_id, product_id FROM product_skus": [("MUG-1", 3, "mug")]},
    ),
    "0014": (
        """
        INSERT INTO installation (epoch, created_at) VALUES ('kept', 1);
        INSERT INTO workspaces (id, name, time_zone, created_at, title) VALUES (7, 'alice', 'Europe/Berlin', 2, '');
        INSERT INTO brands (id, workspace_id, "key", name, currency, created_at)
            VALUES (3, 7, 'shop', 'Shop', 'EUR', 3);
        INSERT INTO sources (id, workspace_id, brand_id, dialect, name, trust, enabled, settings, created_at)
            VALUES (5, 7, 3, 'segment', 'web', 'server', 1, '{"rate": 9}', 4);
        INSERT INTO orders (n, workspace_id, brand_id, id, profile_id, status, placed, first_at, currency, refunded,
                            items, counted, deleted, named, state)
            VALUES (4, 7, 3, 'o1', 0, 'paid', 5, 5, 'EUR', '0', '1', 1, 0, 0, '{"layers":[]}');
        """,
        {"SELECT n, status FROM orders INDEXED BY orders_newest WHERE workspace_id = 7": [(4, "paid")]},
    ),
}


def details(path: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that SQLite knows of a schema and that alembic does not compare, by table and index."""
    found: dict[str, tuple[Any, ...]] = {}
    with closing(sqlite3.connect(path)) as database:
        for _, name, kind, _, without_rowid, strict in database.execute("PRAGMA table_list").fetchall():
            if kind != "table" or name.startswith("sqlite_") or name == "alembic_version":
                continue
            columns = database.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
            by_name = tuple(sorted(row[1:] for row in columns))  # a column that was added later stands last
            text = sql(database, name)
            found[name] = (without_rowid, strict, "AUTOINCREMENT" in text, by_name)
            for _, index, unique, origin, partial in database.execute("SELECT * FROM pragma_index_list(?)", (name,)):
                parts = database.execute("SELECT name, desc, coll FROM pragma_index_xinfo(?) WHERE key", (index,))
                where = sql(database, index).partition(" WHERE ")[2].lower()
                key = f"{name}.{index if origin == 'c' else origin}.{parts.fetchall()}"
                found[key] = (unique, origin, partial, where)
    return found


def sql(database: sqlite3.Connection, name: str) -> str:
    row = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return " ".join((row[0] if row and row[0] else "").split())


def created(path: Path, tables: MetaData) -> Path:
    engine = make_engine(path, mode="write")
    with engine.begin() as connection:
        tables.create_all(connection)
    engine.dispose()
    return path


def differences(path: Path, tables: MetaData) -> list[Any]:
    engine = make_engine(path, mode="read")
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found: list[Any] = compare_metadata(context, tables)
            return found
    finally:
        engine.dispose()


def at(path: Path, revision: str) -> Path:
    """Make a database as the version of a revision made it, with its sample rows."""
    engine = make_engine(path, mode="write")
    with engine.connect() as connection:
        upgrade(connection, revision)
    engine.dispose()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SAMPLES[revision][0])
    return path


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "migrated.db"
    migrate(path, 1)
    yield path


def test_a_migrated_file_has_the_schema_of_the_tables(migrated: Path, tmp_path: Path) -> None:
    assert differences(migrated, metadata) == []
    assert details(migrated) == details(created(tmp_path / "created.db", metadata))


def test_a_difference_would_be_seen(migrated: Path, tmp_path: Path) -> None:
    other = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(other)
    Table("one_more", other, Column("id", Integer, primary_key=True))
    assert [difference[0] for difference in differences(migrated, other)] == ["add_table"]
    with closing(sqlite3.connect(migrated)) as database:
        database.executescript(
            "DROP INDEX profile_traits_search;"
            "CREATE INDEX profile_traits_search ON profile_traits (workspace_id, search);"  # no longer partial
        )
    assert differences(migrated, metadata) == []  # alembic alone does not see it
    assert details(migrated) != details(created(tmp_path / "created.db", metadata))


def test_the_newest_revision_is_the_head() -> None:
    assert SCRIPTS.get_heads() == [HEAD]
    assert REVISIONS[-1] == HEAD
    assert sorted(REVISIONS) == REVISIONS  # 'tidings doctor' compares them


def test_every_revision_has_a_sample() -> None:
    assert sorted(SAMPLES) == REVISIONS, "add rows of the new revision to SAMPLES; keep those of the earlier ones"


@pytest.mark.parametrize("revision", REVISIONS)
def test_data_of_every_revision_is_upgraded(tmp_path: Path, revision: str) -> None:
    path = at(tmp_path / "tidings.db", revision)
    assert migrate(path, 99) == "kept"
    assert differences(path, metadata) == []
    assert details(path) == details(created(tmp_path / "created.db", metadata))
    with closing(sqlite3.connect(path)) as database:
        for query, rows in SAMPLES[revision][1].items():
            assert database.execute(query).fetchall() == rows
    opened = Database(path)
    (source,) = opened.read_now(store.list_sources, 7)
    assert (source.name, source.brand_currency, source.settings.rate) == ("web", "EUR", 9)
    opened.close()


def test_a_sample_is_not_empty() -> None:
    for text, expected in SAMPLES.values():
        assert text.count("INSERT") >= 5
        assert all(rows for rows in expected.values())


def test_migrating_twice_changes_nothing(migrated: Path) -> None:
    before = details(migrated)
    epoch = migrate(migrated, 2)
    assert migrate(migrated, 3) == epoch
    assert details(migrated) == before
    with closing(sqlite3.connect(migrated)) as database:
        assert database.execute("SELECT count(*), min(created_at) FROM installation").fetchone() == (1, 1)
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


def test_every_installation_has_its_own_epoch(tmp_path: Path) -> None:
    assert migrate(tmp_path / "a.db", 1) != migrate(tmp_path / "b.db", 1)


def test_a_folder_of_a_newer_version_is_left_alone(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = details(migrated)
    with pytest.raises(TooNew, match="newer version"):
        migrate(migrated, 2)
    assert details(migrated) == before


def test_a_current_folder_starts_without_alembic(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("nothing is to be upgraded")

    monkeypatch.setattr(module, "upgrade", never)
    assert migrate(migrated, 2)


def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tidings.db"
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: _epoch(path), range(2))
    assert first == second


def _epoch(path: Path) -> str:
    code = f"from pathlib import Path; from tidings.db.migrate import migrate; print(migrate(Path({str(path)!r}), 1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def rows_of(tx: Tx, table: Table) -> list[Any]:
    return list(tx.execute(select(table)))


def test_rows_can_be_read_back_through_the_tables(migrated: Path) -> None:
    opened = Database(migrated)
    for table in metadata.sorted_tables:
        assert opened.read_now(rows_of, table) is not None
    opened.close()


def test_a_current_folder_does_not_wait_for_whoever_writes(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated, isolation_level=None)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        assert migrate(migrated, 2)
