"""Ripe's event API, which its Segment connector and its browser SDK speak."""

from tidings.dialects.contract import Dialect
from tidings.dialects.ripe.dialect import RipeDialect

RIPE: Dialect = RipeDialect()

__all__ = ["RIPE"]
