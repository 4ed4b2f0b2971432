"""Every room's tables, imported together so that the metadata is complete (migrations, tests)."""

from tidings.db import metadata
from tidings.events import tables as events
from tidings.profiles import tables as profiles
from tidings.tenants import tables as tenants

__all__ = ["events", "metadata", "profiles", "tenants"]
