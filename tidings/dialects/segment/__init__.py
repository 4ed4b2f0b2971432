"""Segment's HTTP Tracking API, and RudderStack's, which speaks the same."""

from tidings.dialects.contract import Dialect
from tidings.dialects.segment.dialect import SegmentDialect

SEGMENT: Dialect = SegmentDialect()

__all__ = ["SEGMENT"]
