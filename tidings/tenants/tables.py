"""Tables of the tenants room."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, UniqueConstraint

from tidings.db import metadata

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("time_zone", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

brands = Table(
    "brands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("key", String, nullable=False, unique=True),  # first label of the host
    Column("name", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("brand_id", Integer, nullable=False),
    Column("dialect", String, nullable=False),
    Column("name", String, nullable=False),
    Column("trust", String, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "name"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("dialect", String, nullable=False),
    Column("name", String, nullable=False),
    Column("fingerprint", String, nullable=False),  # SHA-256; the secret itself is shown once and never stored
    Column("hint", String, nullable=False),  # its last characters, to tell one from another
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("dialect", "name", "fingerprint"),
)
Index("credentials_source", credentials.c.workspace_id, credentials.c.source_id)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("fingerprint", String, nullable=False, unique=True),
    Column("hint", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", String, primary_key=True),  # "tenants": raised by every change of a source, key or token
    Column("value", BigInteger, nullable=False),
)
