"""The SKUs of a product's variants, by which it is found."""

from collections.abc import Iterable

from tidings.commerce import layers
from tidings.commerce.model import Layer

LONGEST = 200  # characters of an SKU that is looked for: no search is longer
MOST = 2_000  # of one product
_SKU = "variant:sku:"  # what ``rules.told`` calls the SKU of a variant, before the variant's id


def of(known: Iterable[Layer]) -> frozenset[str]:
    """Return the SKUs of the variants that a product has now.

    Args:
        known: The layers of the product.
    """
    members = layers.view(known)
    skus = (members.get(_SKU + key) for key in (members.get("variants") or ())[:MOST])
    return frozenset(sku for sku in skus if isinstance(sku, str) and 0 < len(sku) <= LONGEST)
