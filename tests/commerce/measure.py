"""Measure what a batch of orders costs this room: ``python -m tests.commerce.measure FOLDER [ORDERS]``.

Orders of 3 lines come in batches of 2,000; after each step the cost of an order is printed: the time of the processor
for applying and for committing it, and the time by the clock, which has what else the machine is doing in it.
"""

import gc
import random
import sys
import time
from decimal import Decimal
from pathlib import Path

import msgspec
from sqlalchemy import Connection, insert

from tests.commerce.shop import T0, seed
from tidings.commerce import service
from tidings.commerce.model import Happening
from tidings.db.engine import make_engine
from tidings.events.reports import Commerce, Line, OrderReport
from tidings.profiles.tables import profiles
from tidings.rooms import metadata

BATCH = 2_000
STEP = 50  # batches
CUSTOMERS, PRODUCTS = 200_000, 5_000


def reported(number: int, luck: random.Random) -> Commerce:
    lines = [
        Line(
            product_id=f"p{(chosen := luck.randrange(PRODUCTS))}",
            variant_id=f"p{chosen}-1",
            sku=f"SKU-{chosen}",
            name=f"Product number {chosen}",
            quantity=Decimal(luck.randint(1, 3)),
            price=Decimal(luck.randint(100, 9_999)) / 100,
            url=f"https://shop.example/products/{chosen}",
            image=f"https://shop.example/images/{chosen}.jpg",
            categories=["Kitchen"],
        )
        for _ in range(3)
    ]
    made = OrderReport(
        id=f"{number:09}",
        at=T0 + number,
        number=f"#{number}",
        placed_at=T0 + number,
        currency="EUR",
        status="Shipped",
        subtotal=Decimal("90.00"),
        shipping=Decimal("4.00"),
        tax=Decimal("3.00"),
        total=Decimal("97.00"),
        lines=lines,
        shipping_address={"city": "Berlin", "zip": "10115", "address1": "Lindenallee 1"},
    )
    return msgspec.convert(msgspec.to_builtins(Commerce(order=made)), Commerce)


def batch(start: int, luck: random.Random) -> list[Happening]:
    return [
        Happening(1, 1, 1, n, f"m-{n}", T0 + n, True, luck.randint(10, CUSTOMERS), reported(n, luck))
        for n in range(start, start + BATCH)
    ]


def main(folder: Path, wanted: int) -> None:
    gc.set_threshold(50_000, 20, 50)  # as the server has it
    engine = make_engine(folder / "measured.db", mode="write")
    luck = random.Random(7)
    with engine.connect() as tx:
        prepare(tx)
        done = 0
        while done < wanted:
            applied = committed = waited = 0.0
            for _ in range(STEP):
                happenings = batch(done + 1, luck)
                begun, started = time.thread_time(), time.perf_counter()
                with tx.begin():
                    service.apply(tx, happenings)
                    applied += time.thread_time() - begun
                committed += time.thread_time() - begun
                waited += time.perf_counter() - started
                done += BATCH
            each = 1e6 / (STEP * BATCH)
            shown = [f"{seconds * each:6.1f}" for seconds in (applied, committed, waited)]
            print(
                f"{done:>9,} orders: apply {shown[0]} us each, committed {shown[1]}, by the clock {shown[2]}",
                flush=True,
            )


def prepare(tx: Connection) -> None:
    with tx.begin():
        metadata.create_all(tx)
        seed(tx)
        rows = [
            {"id": n, "workspace_id": 1, "root_id": n, "event_count": 1, "first_seen": T0}
            for n in range(10, CUSTOMERS + 1)
        ]
        tx.execute(insert(profiles), rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
