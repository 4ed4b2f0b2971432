"""A merge that is taken back: what an order of one closed in the cart of the other is asked anew."""

from sqlalchemy import Connection, select

from tests.pipeline.test_batch import KEY, T0, happened, record, run, tx
from tidings.commerce.tables import carts
from tidings.events import pending_store
from tidings.events.reports import CartReport, Commerce, Line, OrderReport
from tidings.pipeline.batch import process
from tidings.profiles import deeds
from tidings.tenants import audit

__all__ = ["tx"]  # the fixture


def status(tx: Connection) -> str:
    with tx.begin():
        return str(tx.execute(select(carts.c.status)).scalar_one())


def test_a_cart_is_open_again_once_its_order_is_somebody_elses(tx: Connection) -> None:
    cart = Commerce(cart=CartReport(id="c", at=T0 - 20, lines=[Line(product_id="mug")]))
    order = Commerce(order=OrderReport(id="o", at=T0 - 10, placed_at=T0 - 10))
    run(tx, 1, record(happened("1", user_id=None, anonymous_id="visitor", commerce=cart)))
    run(tx, 2, record(happened("2", commerce=order)))
    assert status(tx) == "open"
    run(tx, 3, record(happened("3", anonymous_id="visitor")))
    assert status(tx) == "ordered"
    with tx.begin():
        assert deeds.unmerge(tx, audit.CLI, 1, 2, T0)
        assert not pending_store.is_empty(tx)
    with tx.begin():
        process(tx, [], 200_000, bisect=False, key=KEY)
    assert status(tx) == "open"
    with tx.begin():
        assert pending_store.is_empty(tx)
