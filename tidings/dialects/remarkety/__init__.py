"""Remarkety's intake: shop events, contacts, and the install handshake of its plugins."""

from tidings.dialects.contract import Dialect
from tidings.dialects.remarkety.dialect import RemarketyDialect

REMARKETY: Dialect = RemarketyDialect()

__all__ = ["REMARKETY"]
