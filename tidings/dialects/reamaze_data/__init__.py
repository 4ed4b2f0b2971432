"""Re:amaze's data integration: user data and events for segmentation."""

from tidings.dialects.contract import Dialect
from tidings.dialects.reamaze_data.dialect import ReamazeDataDialect

REAMAZE_DATA: Dialect = ReamazeDataDialect()

__all__ = ["REAMAZE_DATA"]
