"""The vendors' wire formats. A dialect is a folder; this list is the registry."""

from tidings.dialects.contract import Dialect
from tidings.dialects.segment import SEGMENT

DIALECTS: tuple[Dialect, ...] = (SEGMENT,)
