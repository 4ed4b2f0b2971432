"""Products.

Implements "products/create" of the vendor's events document, with what the plugins send.
"""

from typing import Any

from msgspec import UNSET

from tidings.dialects.calls import money
from tidings.dialects.remarkety.reading import (
    amount,
    copy_texts,
    objects,
    picture,
    rest,
    said_amount,
    said_flag,
    said_moment,
    text,
    words,
)
from tidings.events.model import Members
from tidings.events.reports import ProductReport, Text, VariantReport

_KNOWN = frozenset(
    (
        "id",
        "sku",
        "title",
        "created_at",
        "updated_at",
        "published_at",
        "image",
        "images",
        "product_exists",
        "enabled",
        "url",
        "vendor",
        "manufacturer",
        "body_html",
        "categories",
        "tags",
        "variants",
        "price",
        "salePrice",
        "special_price",
        "currency",
        "inventory_quantity",
        "parent_id",
    )
)
_VARIANT = frozenset(
    (
        "id",
        "product_id",
        "sku",
        "title",
        "image",
        "price",
        "salePrice",
        "special_price",
        "currency",
        "inventory_quantity",
        "barcode",
    )
)
_TEXTS = (
    ("sku", "sku"),
    ("title", "title"),
    ("body_html", "description"),
    ("url", "url"),
    ("manufacturer", "vendor"),
    ("vendor", "vendor"),  # counts where both are there
    ("parent_id", "parent_id"),
)
_VARIANT_TEXTS = (("sku", "sku"), ("title", "title"), ("barcode", "barcode"))


def product_of(members: Members, product_id: str, at: int, default: str, notes: list[str]) -> ProductReport:
    """Return what a product says; what is absent or null leaves what is known.

    Args:
        members: As they were sent.
        product_id: Its id.
        at: Which state it is, UTC milliseconds.
        default: Currency of prices that name none.
        notes: Receives remarks.
    """
    product = ProductReport(id=product_id, at=at)
    copy_texts(product, members, _TEXTS)
    product.exists = said_flag(members.get("enabled" if "product_exists" not in members else "product_exists"))
    product.created_at = said_moment(members, "created_at", notes)
    product.published_at = said_moment(members, "published_at", notes)
    _show(product, members)
    _sort(product, members)
    product.price = said_amount(members, "price", notes)
    product.sale_price = _reduced(members, notes)
    product.currency = _currency(members, default, notes)
    if "inventory_quantity" in members:
        product.stock = amount(members["inventory_quantity"], "inventory_quantity", notes)
    variants = objects(members.get("variants"), "variants", notes)
    if variants is not None:
        product.variants = [_variant(one, product, default, notes) for one in variants]
    product.extra = rest(members, _KNOWN) or UNSET
    return product


def categories_of(stated: Any) -> list[str] | None:
    """Return names of categories, None where it is no list; Magento has false and null among them.

    Args:
        stated: A decoded JSON value: a list of ``{"code", "name"}``, of ``{"name"}`` or of text.
    """
    if type(stated) is not list:
        return None
    names = [text(one.get("name") or one.get("code")) if type(one) is dict else text(one) for one in stated]
    return list(dict.fromkeys(name for name in names if name is not None))


def _show(product: ProductReport, members: Members) -> None:
    """Read the pictures: ``image`` is an object or text, Magento has ``images`` only."""
    several = members.get("images")
    found: list[str] = []
    if type(several) is list:
        found = [src for src in map(picture, several) if src is not None]
        product.images = found
    first = picture(members.get("image"))
    if first is None and found:
        first = found[0]
    product.image = UNSET if first is None else first


def _sort(product: ProductReport, members: Members) -> None:
    categories = categories_of(members.get("categories"))
    if categories is not None:
        product.categories = categories
    tags = words(members.get("tags"))
    if tags is not None:
        product.tags = tags


def _variant(members: Members, product: ProductReport, default: str, notes: list[str]) -> VariantReport:
    """Return a variant; Magento's only one has no id, sku and title of its own."""
    own = text(members.get("id"))
    variant = VariantReport(id=own or product.id)
    copy_texts(variant, members, _VARIANT_TEXTS)
    if own is None:
        variant.sku = product.sku if variant.sku is UNSET else variant.sku
        variant.title = product.title if variant.title is UNSET else variant.title
    variant.price = said_amount(members, "price", notes)
    variant.sale_price = _reduced(members, notes)
    variant.currency = _currency(members, product.currency or default, notes)
    if "inventory_quantity" in members:  # absent is not 0: it is not tracked, or not spoken of
        variant.stock = amount(members["inventory_quantity"], "inventory_quantity", notes)
    image = picture(members.get("image"))
    variant.image = UNSET if image is None else image
    variant.extra = rest(members, _VARIANT) or UNSET
    return variant


def _reduced(members: Members, notes: list[str]) -> Any:
    for field in ("salePrice", "special_price"):
        if field in members:
            return amount(members[field], field, notes)  # null: it is not on sale
    return UNSET


def _currency(members: Members, default: Any, notes: list[str]) -> Text:
    found = money.currency(text(members.get("currency")), notes)
    if found is not None:
        return found
    return UNSET if members.get("price") is None else str(default)
