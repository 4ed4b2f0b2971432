"""What tests of this room share: a database, events, and what is stored read back without numbers of arrival."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from tidings.commerce import service
from tidings.commerce.model import Happening, Outcome
from tidings.commerce.tables import carts, customer_products, customer_sums, customer_views, orders, products
from tidings.db.engine import make_engine
from tidings.events.reports import CartReport, Commerce, Line, OrderReport, ProductReport, Refund
from tidings.profiles.tables import profiles
from tidings.rooms import metadata
from tidings.tenants.tables import brands

ALICE, BOB, CAROL, STRANGER = 1, 2, 3, 9  # the stranger is in another workspace
SHOP, OUTLET, FOREIGN = 1, 2, 3
T0 = 1_700_000_000_000
_number = itertools.count(1)


@contextmanager
def opened(path: Path | None) -> Iterator[Connection]:
    """Open a database with workspaces 1 (two brands) and 2."""
    engine = make_engine(path if path is not None else Path(":memory:"), mode="write")
    with engine.connect() as connection:
        with connection.begin():
            metadata.create_all(connection)
            seed(connection)
        yield connection
    engine.dispose()


def seed(tx: Connection) -> None:
    for workspace, brand, currency in ((1, SHOP, "EUR"), (1, OUTLET, "USD"), (2, FOREIGN, "GBP")):
        row = {"id": brand, "workspace_id": workspace, "key": f"b{brand}", "name": "B", "currency": currency}
        tx.execute(insert(brands).values(**row, created_at=1))
    for workspace, profile in ((1, ALICE), (1, BOB), (1, CAROL), (2, STRANGER)):
        add_profile(tx, workspace, profile)


def add_profile(tx: Connection, workspace: int, profile: int) -> None:
    row = {"id": profile, "workspace_id": workspace, "root_id": profile, "event_count": 0, "first_seen": 0}
    tx.execute(insert(profiles).values(**row))


def merge(tx: Connection, child: int, parent: int) -> None:
    """Let a profile become part of another, as the pipeline does."""
    tx.execute(update(profiles).where(profiles.c.root_id == child).values(root_id=parent))


def line(product: str = "mug", quantity: Any = 1, price: Any = None, **members: Any) -> Line:
    amount = None if price is None else Decimal(str(price))
    return Line(product_id=product, quantity=Decimal(str(quantity)), price=amount, **members)


def order(order_id: str = "o1", at: int = 10, *, total: Any = None, refund: Any = None, **members: Any) -> Commerce:
    if total is not None:
        members["total"] = Decimal(str(total))
    if refund is not None:
        members["refund"] = Refund(amount=None if refund == "all" else Decimal(str(refund)))
    return Commerce(order=OrderReport(id=order_id, at=at, **members))


def cart(cart_id: str = "c1", at: int = 10, **members: Any) -> Commerce:
    return Commerce(cart=CartReport(id=cart_id, at=at, **members))


def product(product_id: str = "mug", at: int = 10, **members: Any) -> Commerce:
    return Commerce(products=[ProductReport(id=product_id, at=at, **members)])


def says(
    said: Commerce,
    profile: int = ALICE,
    *,
    message: str | None = None,
    server: bool = True,
    workspace: int = 1,
    brand: int = SHOP,
    time: int = T0,
) -> Happening:
    number = next(_number)
    return Happening(workspace, brand, 1, number, message or f"m{number:06}", time, server, profile, said)


def run(tx: Connection, *happenings: Happening) -> Outcome:
    return service.apply(tx, happenings)


def numbered(happenings: Sequence[Happening]) -> list[Happening]:
    """Return events with numbers in their order, as the pipeline gives them."""
    return [one._replace(event_id=next(_number)) for one in happenings]


def stored(tx: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that is stored but numbers of arrival."""
    called = {row.n: row.id for row in tx.execute(select(orders.c.n, orders.c.id))}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in (orders, carts, products, customer_sums, customer_products, customer_views):
        rows = []
        for row in tx.execute(select(table)).mappings():
            members = {name: value for name, value in row.items() if name != "n"}
            if "order_n" in members:
                members["order_n"] = called.get(members["order_n"])
            rows.append(tuple(plain(name, value) for name, value in members.items()))
        found[table.name] = sorted(rows, key=repr)
    return found


def plain(name: str, value: Any) -> Any:
    """Return a value so that equal amounts are equal."""
    if name == "state":
        return repr(same(msgspec.json.decode(value, strict=False)))
    if name in ("revenue", "refunded", "items", "quantity", "total", "stock") and value is not None:
        return Decimal(value).normalize()
    return value


def same(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((name, same(one)) for name, one in value.items())
    if isinstance(value, list):
        return [same(one) for one in value]
    return float(value) if isinstance(value, int) else value
