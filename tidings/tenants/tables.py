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
    Column("title", String, nullable=False, server_default=""),  # what people call it; "" is the name
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
    Column("fingerprint", String, nullable=False),  # SHA-256; the secret itself is shown once and not stored
    Column("hint", String, nullable=False),  # its last characters, to tell one from another; all of a name
    Column("created_at", BigInteger, nullable=False),
    Column("secret", String, nullable=True),  # only where the vendor's proof is computed with it: decision 0010
    UniqueConstraint("dialect", "name", "fingerprint"),
)
Index("credentials_source", credentials.c.workspace_id, credentials.c.source_id)

declared_types = Table(  # what an operator knows of the types of events; others are taken all the same
    "declared_types",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("type", String, nullable=False),  # upper case
    Column("subtype", String, nullable=False),  # upper case; "" is every other subtype
    Column("properties", JSON, nullable=False),  # by name: kind, required
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "type", "subtype"),
)

handshakes = Table(  # by which a plugin registers its own token with a source
    "handshakes",
    metadata,
    Column("source_id", Integer, primary_key=True, autoincrement=False),
    Column("workspace_id", Integer, nullable=False),
    Column("code", String, nullable=True, unique=True),  # SHA-256 of what an owner types into the plugin, works once
    Column("expires_at", BigInteger, nullable=False),
    Column("key", String, nullable=True),  # SHA-256 of the token that it was used for
    Column("ended_at", BigInteger, nullable=True),  # the plugin was taken out of the shop
)

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

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("email", String, nullable=False, unique=True),  # normalised; in the installation, since it alone signs in
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),  # Argon2id in PHC form
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=True),  # when last signed in
    sqlite_autoincrement=True,  # the audit names users by number: one that was removed stays nobody else
)
Index("users_workspace", users.c.workspace_id, users.c.id)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("user_id", Integer, nullable=False),
    Column("fingerprint", String, nullable=False, unique=True),  # SHA-256 of the cookie's value
    Column("csrf", String, nullable=False),
    Column("agent", String, nullable=False),  # a summary for its user, "Firefox on Linux"
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("sessions_user", sessions.c.workspace_id, sessions.c.user_id)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),  # user:ID, token:ID or cli
    Column("action", String, nullable=False),  # noun.verb
    Column("subject", String, nullable=False),  # noun:ID, "" for the workspace itself
    Column("detail", JSON, nullable=False),  # what changed, without secrets
    Column("ip", String, nullable=True),
    sqlite_autoincrement=True,
)
Index("audit_workspace", audit.c.workspace_id, audit.c.id)
