"""Products are found by the SKUs of their variants, as they are now."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET
from sqlalchemy import Connection, select

from tests.commerce.shop import FOREIGN, OUTLET, SHOP, T0, line, order, product, run, says
from tidings.commerce import listing
from tidings.commerce.reading_store import ProductFilter
from tidings.commerce.tables import product_skus
from tidings.events.reports import VariantReport
from tidings.tenants.paging import Page


def variants(*skus: str | None) -> list[VariantReport]:
    return [VariantReport(id=f"v{n}", sku=UNSET if sku is None else sku) for n, sku in enumerate(skus)]


def found(tx: Connection, search: str, workspace: int = 1, **narrowed: Any) -> list[str]:
    views, _ = listing.products(tx, workspace, search, ProductFilter(**narrowed), Page(None, 200))
    return [view.said.id for view in views]


def kept(tx: Connection) -> list[str]:
    return sorted(tx.execute(select(product_skus.c.sku)).scalars())


def test_a_product_is_found_by_the_sku_of_a_variant(tx: Connection) -> None:
    run(tx, says(product("shirt", T0, title="Shirt", sku="SH", variants=variants("SH-red-S", "SH-red-M", "other"))))
    run(tx, says(product("other-title", T0, title="Cap", variants=variants("CAP-1"))))
    for search, ids in (
        ("SH-red-M", ["shirt"]),
        ("SH-red", ["shirt"]),  # once, however many of its variants fit
        ("oth", ["shirt", "other-title"]),  # variants before ids
        ("CAP", ["other-title"]),
        ("cap", ["other-title"]),  # its title: of SKUs the case matters
        ("sh-red", []),
        ("red", []),
    ):
        assert found(tx, search) == ids, search


def test_skus_follow_what_the_shop_tells(tx: Connection) -> None:
    run(tx, says(product("shirt", T0, variants=variants("A-1", "A-2"))))
    run(tx, says(product("shirt", T0 - 5, variants=variants("late"))))  # an older state that comes late
    run(tx, says(product("shirt", T0 + 1, title="Shirt")))  # says nothing of variants
    run(tx, says(order("o1", T0 + 2, lines=[line("shirt", sku="position")])))
    assert kept(tx) == ["A-1", "A-2"]
    run(tx, says(product("shirt", T0 + 3, variants=variants("A-2", "A-3", None))))
    assert kept(tx) == ["A-2", "A-3"]
    assert found(tx, "A-1") == []
    run(tx, says(product("shirt", T0 + 4, variants=[])))
    assert kept(tx) == []


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_arrival_does_not_matter(tx: Connection, turned: bool) -> None:
    told = [
        says(product("shirt", T0, variants=variants("A-1", "A-2")), message="m1"),
        says(product("shirt", T0 + 1, variants=variants("B-1", None)), message="m2"),
    ]
    for one in reversed(told) if turned else told:
        run(tx, one)
    assert kept(tx) == ["A-2", "B-1"]  # the newer list does not mention the SKU of the second


def test_those_of_other_workspaces_and_brands_are_theirs(tx: Connection) -> None:
    for workspace, brand in ((1, SHOP), (1, OUTLET), (2, FOREIGN)):
        run(tx, says(product("shirt", T0, variants=variants("same")), workspace=workspace, brand=brand))
    assert found(tx, "same") == ["shirt", "shirt"]
    assert found(tx, "same", brand_id=OUTLET) == found(tx, "same", workspace=2) == ["shirt"]


def test_a_search_by_variants_is_narrowed(tx: Connection) -> None:
    gone, there = variants("X-1"), [VariantReport(id="v", sku="X-2", stock=Decimal(0))]
    run(tx, says(product("gone", T0, exists=False, variants=gone)), says(product("there", T0, variants=there)))
    assert found(tx, "X-") == ["gone", "there"]
    assert found(tx, "X-", present=True) == ["there"]
    assert found(tx, "X-", sold_out=True) == ["there"]


def test_skus_that_nobody_can_look_for_are_left_out(tx: Connection) -> None:
    run(tx, says(product("shirt", T0, variants=variants("", "x" * 201, "x" * 200, "twice", "twice"))))
    assert kept(tx) == ["twice", "x" * 200]


def test_the_index_is_used(tx: Connection) -> None:
    run(tx, says(product("shirt", T0, variants=variants("A-1"))))
    query = select(product_skus.c.product_id).where(product_skus.c.workspace_id == 1, product_skus.c.sku >= "A")
    text = str(query.compile(compile_kwargs={"literal_binds": True}))
    (step,) = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert step.startswith("SEARCH product_skus USING PRIMARY KEY")
