"""All queries by which a batch keeps the SKUs of variants."""

from collections.abc import Iterable

from sqlalchemy import delete, select, tuple_

from tidings.commerce.tables import product_skus
from tidings.db import Tx
from tidings.db.bulk import given, insert_given, pack

Known = tuple[int, str, int, str]  # workspace id, SKU, brand id, id of the product
_NAMES = [column.name for column in product_skus.c]
_rows = given(*_NAMES)
_DROP = delete(product_skus).where(tuple_(*product_skus.c).in_(select(*_rows.c)))
_ADD = insert_given(product_skus, *_NAMES).on_conflict_do_nothing()


def change(tx: Tx, gone: Iterable[Known], come: Iterable[Known]) -> None:
    """Take SKUs from products, and give them others."""
    for statement, rows in ((_DROP, sorted(gone)), (_ADD, sorted(come))):
        if rows:
            tx.execute(statement, {"rows": pack(rows)})
