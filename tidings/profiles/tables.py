"""Tables of the profiles room."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from tidings.db import metadata

profiles = Table(
    "profiles",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("workspace_id", Integer, nullable=False),
    Column("root_id", BigInteger, nullable=False),  # the profile that this one is merged into, else itself
    Column("event_count", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger),
)
Index("profiles_root", profiles.c.workspace_id, profiles.c.root_id, profiles.c.id)

identifiers = Table(
    "identifiers",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("kind", String, primary_key=True),  # user_id[@space], external:<type>, email, phone, anonymous_id
    Column("value", String, primary_key=True),
    Column("profile_id", BigInteger, nullable=False),  # who was given it; follow root_id for who has it
    Column("source_id", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("identifiers_profile", identifiers.c.workspace_id, identifiers.c.profile_id)

links = Table(
    "profile_links",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("child_id", BigInteger, primary_key=True),
    Column("parent_id", BigInteger, nullable=False),
    Column("cause", String, nullable=False),  # the identifier that both had
    Column("event_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

conflicts = Table(
    "identity_conflicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("profile_id", BigInteger, nullable=False),
    Column("other_id", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("identity_conflicts_profile", conflicts.c.workspace_id, conflicts.c.profile_id, conflicts.c.id)
Index("identity_conflicts_other", conflicts.c.workspace_id, conflicts.c.other_id)

traits = Table(
    "profile_traits",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Text),  # JSON; null: removed, kept to outlive older values that come late
    Column("rank", Integer, nullable=False),  # 1 server trust, 0 browser trust
    Column("time", BigInteger, nullable=False),
    Column("message_id", String, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("search", String),  # case-folded text of the traits that people are searched by
    sqlite_with_rowid=False,
)
Index("profile_traits_search", traits.c.workspace_id, traits.c.search, sqlite_where=traits.c.search.is_not(None))

additions = Table(
    "profile_additions",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("name", String, primary_key=True),  # of a trait that is a list
    Column("item", String, primary_key=True),  # counts as long as the trait was not set by a later event
    Column("rank", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("message_id", String, nullable=False),
    Column("source_id", Integer, nullable=False),
    sqlite_with_rowid=False,
)

registrations = Table(
    "registrations",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("store", String, primary_key=True),  # number of the store
    Column("profile_id", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),  # first event of the profile in the store
    sqlite_with_rowid=False,
)
Index(
    "registrations_order",
    registrations.c.workspace_id,
    registrations.c.store,
    registrations.c.at,
    registrations.c.profile_id,
)
Index(  # with all columns: else SQLite would rather read the whole workspace in the other one
    "registrations_profile",
    registrations.c.workspace_id,
    registrations.c.profile_id,
    registrations.c.store,
    registrations.c.at,
)

values = Table(
    "profile_values",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("currency", String, primary_key=True),
    Column("amount", String, nullable=False),  # exact decimal
    sqlite_with_rowid=False,
)

groups = Table(
    "groups",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("id", String, primary_key=True),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("groups_newest", groups.c.workspace_id, groups.c.first_seen, groups.c.id)

group_traits = Table(
    "group_traits",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("group_id", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Text),
    Column("rank", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("message_id", String, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("search", String),  # case-folded text of the trait "name", by which groups are found
    sqlite_with_rowid=False,
)
Index(
    "group_traits_search",
    group_traits.c.workspace_id,
    group_traits.c.search,
    sqlite_where=group_traits.c.search.is_not(None),
)

group_members = Table(
    "group_members",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("group_id", String, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("since", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("group_members_profile", group_members.c.workspace_id, group_members.c.profile_id)

forgotten = Table(
    "forgotten",
    metadata,
    Column("workspace_id", Integer, primary_key=True),  # 0: a witness of the key, without a customer
    Column("digest", String, primary_key=True),  # HMAC of kind and value of an identifier
    Column("at", BigInteger, nullable=False),  # events up to this moment that name it are dropped
    sqlite_with_rowid=False,
)
Index("forgotten_at", forgotten.c.workspace_id, forgotten.c.at)
