"""Every room's tables, imported together so that the metadata is complete (migrations, tests)."""

from tidings.commerce import tables as commerce
from tidings.consent import tables as consent
from tidings.db import metadata
from tidings.events import tables as events
from tidings.imports import tables as imports
from tidings.profiles import tables as profiles
from tidings.tenants import tables as tenants

__all__ = ["commerce", "consent", "events", "imports", "metadata", "profiles", "tenants"]
