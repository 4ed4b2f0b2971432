"""Orders, carts and products turned into what the own API shows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from tidings.commerce.model import CartView, Heard, Mark, Mention, OrderView, ProductView
from tidings.commerce.shapes import HeardOut, LineOut, MarkOut, MentionOut, OrderOut, ProductOut, RefundOut, VariantOut
from tidings.events.reports import Line, Refund, VariantReport
from tidings.kit.times import iso

T = TypeVar("T")


def said(value: T | UnsetType | None) -> T | None:
    """Return what was said, None where nobody has said anything."""
    return None if value is UNSET or value is None else value


def amount(value: Decimal | UnsetType | None) -> str | None:
    """Return an amount as text, None where nobody has said one."""
    return None if value is UNSET or value is None else format(value, "f")


def texts(report: Struct, *names: str) -> dict[str, Any]:
    """Return some members as they were said."""
    return {name: said(getattr(report, name)) for name in names}


def amounts(report: Struct, *names: str) -> dict[str, Any]:
    """Return some amounts as text."""
    return {name: amount(getattr(report, name)) for name in names}


def lists(report: Struct, *names: str) -> dict[str, Any]:
    """Return some lists, empty ones where nobody has said any."""
    return {name: said(getattr(report, name)) or [] for name in names}


def moment(value: int | UnsetType | None) -> str | None:
    """Return UTC milliseconds in ISO form, None where nobody has said any."""
    return None if value is UNSET or value is None else iso(value)


def lines_of(lines: Sequence[Line]) -> list[LineOut]:
    """Return positions of an order or a cart."""
    return [
        LineOut(
            product_id=line.product_id,
            variant_id=line.variant_id,
            sku=line.sku,
            name=line.name,
            variant=line.variant,
            quantity=format(line.quantity, "f"),
            refunded=format(line.refunded, "f"),
            price=amount(line.price),
            discount=amount(line.discount),
            tax=amount(line.tax),
            vendor=line.vendor,
            categories=line.categories,
            url=line.url,
            image=line.image,
            extra=line.extra,
        )
        for line in lines
    ]


def order_brief(view: OrderView) -> dict[str, Any]:
    """Return the members of ``OrderBrief``."""
    order, worth = view.said, view.worth
    return {
        "id": view.number,
        "brand_id": view.brand_id,
        "order_id": order.id,
        "number": said(order.number),
        "profile_id": view.profile_id or None,
        "placed_at": iso(view.placed_at),
        "status": said(order.status),
        "financial_status": said(order.financial_status),
        "fulfillment_status": said(order.fulfillment_status),
        "currency": worth.currency,
        "revenue": amount(worth.revenue),
        "refunded": format(worth.refunded, "f"),
        "items": format(worth.items, "f"),
        "test": order.test is True,
        "cancelled": order.cancelled is True,
        "counted": worth.counted,
    }


def order_out(view: OrderView, heard: Sequence[Heard]) -> OrderOut:
    """Return an order as it stands."""
    order = view.said
    return OrderOut(
        **order_brief(view),
        first_at=iso(view.first_at),
        deleted=order.deleted is True,
        status_code=said(order.status_code),
        **amounts(order, "subtotal", "discounts", "shipping", "tax", "total"),
        lines=lines_of(said(order.lines) or []),
        refunds=[refund_out(one) for one in view.refunds],
        codes=said(order.codes) or [],
        **texts(order, "payment_method", "channel", "note", "cart_id", "cart_token"),
        shipping_address=said(order.shipping_address),
        billing_address=said(order.billing_address),
        extra=said(order.extra) or {},
        history=history(heard),
    )


def refund_out(refund: Refund) -> RefundOut:
    """Return money that was given back."""
    return RefundOut(amount=amount(refund.amount), lines=lines_of(refund.lines))


def cart_brief(view: CartView) -> dict[str, Any]:
    """Return the members of ``CartBrief``."""
    return {
        "id": view.number,
        "brand_id": view.brand_id,
        "cart_id": view.said.id,
        "profile_id": view.profile_id or None,
        "status": view.status,
        "order": view.order,
        "at": iso(view.at),
        "currency": view.currency,
        "total": amount(view.total),
        "items": format(view.items, "f"),
    }


def cart_detail(view: CartView) -> dict[str, Any]:
    """Return the members of ``CartDetail``."""
    cart = view.said
    return {
        **cart_brief(view),
        "token": said(cart.token),
        "created_at": moment(cart.created_at),
        "url": said(cart.url),
        **amounts(cart, "subtotal", "discounts", "shipping", "tax"),
        "lines": lines_of(said(cart.lines) or []),
        "extra": said(cart.extra) or {},
    }


def product_brief(view: ProductView) -> dict[str, Any]:
    """Return the members of ``ProductBrief``."""
    product = view.said
    return {
        "id": view.number,
        "brand_id": view.brand_id,
        "product_id": product.id,
        **texts(product, "title", "sku", "vendor", "currency", "exists"),
        **amounts(product, "price", "sale_price"),
        "stock": amount(view.stock),
        "told": view.told,
        "at": iso(view.at) if view.at else None,
    }


def product_out(view: ProductView, heard: Sequence[Heard]) -> ProductOut:
    """Return a product as it stands."""
    product = view.said
    return ProductOut(
        **product_brief(view),
        **texts(product, "description", "url", "image", "parent_id"),
        **lists(product, "images", "categories", "tags"),
        created_at=moment(product.created_at),
        published_at=moment(product.published_at),
        variants=[variant_out(one) for one in said(product.variants) or []],
        extra=said(product.extra) or {},
        history=history(heard),
    )


def variant_out(variant: VariantReport) -> VariantOut:
    """Return a variant of a product."""
    return VariantOut(
        variant_id=variant.id,
        **texts(variant, "sku", "title", "currency", "barcode", "image"),
        **amounts(variant, "price", "sale_price", "stock"),
        extra=said(variant.extra) or {},
    )


def mention(one: Mention) -> MentionOut:
    """Return a product that a customer bought or looked at."""
    return MentionOut(
        **texts(one, "brand_id", "product_id", "title", "url", "image", "gone", "orders"),
        quantity=format(one.quantity, "f"),
        viewed_at=moment(one.at),
    )


def mark(one: Mark | None) -> MarkOut | None:
    """Return the first or the last order of a customer."""
    if one is None:
        return None
    return MarkOut(id=one.number, brand_id=one.brand_id, order_id=one.order_id, placed_at=iso(one.at))


def history(heard: Sequence[Heard]) -> list[HeardOut]:
    """Return the events that spoke of an object."""
    return [HeardOut(at=iso(one.at), event_id=one.event_id) for one in heard]
