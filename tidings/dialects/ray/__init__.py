"""RAY: interactions of a restaurant's customers, and the listing of these customers."""

from tidings.dialects.contract import Dialect
from tidings.dialects.ray.dialect import RayDialect

RAY: Dialect = RayDialect()

__all__ = ["RAY"]
