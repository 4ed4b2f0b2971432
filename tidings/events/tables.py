"""Tables of the events room."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from tidings.db import metadata
from tidings.db.tiered import TieredIndex

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("workspace_id", Integer, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("profile_id", BigInteger, nullable=False),  # as resolved at processing, never rewritten; 0 is nobody
    Column("verb", String, nullable=False),
    Column("name", String),
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("message_id", String, nullable=False),
    Column("body", Text, nullable=False),  # the canonical event, JSON
)
# Both grow at the end of a few runs (one for each name or source), which stays cheap at any size.
Index("events_name", events.c.workspace_id, events.c.name, events.c.id)
Index("events_source", events.c.workspace_id, events.c.source_id, events.c.id)

seen = TieredIndex(
    "seen",
    [
        Column("source_id", Integer, primary_key=True),
        Column("digest", String, primary_key=True),  # of the message id
        Column("workspace_id", Integer, nullable=False),
        Column("event_id", BigInteger, nullable=False),
    ],
    key=2,
    shared=["source_id", "workspace_id"],
)

timeline = TieredIndex(
    "timeline",
    [
        Column("workspace_id", Integer, primary_key=True),
        Column("profile_id", BigInteger, primary_key=True),
        Column("time", BigInteger, primary_key=True),
        Column("event_id", BigInteger, primary_key=True),
    ],
    key=4,
    shared=["workspace_id"],
)

refused = Table(
    "refused",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),  # 0: the ring of the installation, for unknown keys
    Column("source_id", Integer, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("stage", String, nullable=False),  # edge, or pipeline: then body is the canonical event
    Column("code", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("message_id", String),
    Column("name", String),
    Column("body", Text, nullable=False),
    Column("record", Text),  # of stage pipeline: the log record with this one event, to apply it again
    sqlite_autoincrement=True,
)
Index("refused_source", refused.c.workspace_id, refused.c.source_id, refused.c.id)

pending_events = Table(  # written in the transaction that causes them, drained by the pipeline like the log
    "pending_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("kind", String, nullable=False),  # record: a log record; forget: a customer to erase
    Column("payload", Text, nullable=False),  # JSON
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

counts = Table(
    "counts",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("source_id", Integer, primary_key=True),
    # events, duplicates, refused, forgotten, profiles, merged: what ever was; erased, erased_profiles: what is no more
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

cursor = Table(
    "pipeline_cursor",
    metadata,
    Column("id", Integer, primary_key=True),  # 1
    Column("position", BigInteger, nullable=False),  # in the log: everything up to it is in this database
    Column("upto", BigInteger, nullable=False),  # events of the log up to the position
    Column("next_event", BigInteger, nullable=False),
    Column("next_profile", BigInteger, nullable=False),
    Column("seen_recent", BigInteger, nullable=False),  # keys in the recent tier
    Column("seen_low", Text),  # where folding of the two-tier index goes on, JSON
    Column("timeline_recent", BigInteger, nullable=False),
    Column("timeline_low", Text),
)

minutes = Table(
    "minutes",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("source_id", Integer, primary_key=True),  # 0: all sources together
    Column("minute", BigInteger, primary_key=True),  # in which they were received, counted from 1970
    Column("events", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

names = Table(
    "names",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("source_id", Integer, primary_key=True),
    Column("verb", String, primary_key=True),
    Column("name", String, primary_key=True),  # "" for events without one
    Column("further", Integer, primary_key=True),  # 1: all names of the verb that are not counted apart
    Column("events", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

noted = Table(  # events with notes, the latest of each workspace
    "noted",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    Column("source_id", Integer, nullable=False),
    sqlite_with_rowid=False,
)
