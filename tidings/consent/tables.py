"""Tables of the consent room."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from tidings.db import metadata

settings = Table(
    "consent_settings",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("mail_unknown", Boolean, nullable=False),
    Column("double_opt_in", String, nullable=False),  # never, as_asked, always
    Column("email_stops_sms", Boolean, nullable=False),
    Column("sms_stops_email", Boolean, nullable=False),
)

preferences = Table(
    "consent_preferences",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),  # as processed: read over all that were merged
    Column("channel", String, primary_key=True),
    Column("state", String, nullable=False),  # yes, no; without a row unknown
    Column("time", BigInteger, nullable=False),  # of the newest statement, with the next two
    Column("message_id", String, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("address", String, nullable=False),  # from here on: the proof
    Column("since", BigInteger, nullable=False),
    Column("act", String, nullable=False),  # yes, no, subscribe, unsubscribe, confirm
    Column("event_id", BigInteger, nullable=False),
    Column("by_source_id", Integer, nullable=False),
    Column("ip", String),
    Column("form", String),
    Column("reason", String),
    sqlite_with_rowid=False,
)

suppressions = Table(
    "consent_suppressions",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("address", String, primary_key=True),  # normalised, or the HMAC of a forgotten customer's
    Column("type", String, primary_key=True),
    Column("active", Boolean, nullable=False),  # added after lifted
    Column("hashed", Boolean, nullable=False),
    Column("added_at", BigInteger),  # event time; null: only lifted, kept to outlive an older adding that comes late
    Column("added_message", String, nullable=False),
    Column("added_source", Integer, nullable=False),
    Column("lifted_at", BigInteger),
    Column("lifted_message", String, nullable=False),
    Column("lifted_source", Integer, nullable=False),
    Column("event_id", BigInteger, nullable=False),  # of the newest change, with the next two
    Column("ip", String),
    Column("reason", String),
    sqlite_with_rowid=False,
)
# What lists show; rows that were only ever lifted stay out of it.
Index(
    "consent_suppressions_active",
    suppressions.c.workspace_id,
    suppressions.c.channel,
    suppressions.c.address,
    sqlite_where=suppressions.c.active.is_(True),
)
Index("consent_suppressions_hashed", suppressions.c.workspace_id, sqlite_where=suppressions.c.hashed.is_(True))

opt_ins = Table(
    "consent_opt_ins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("profile_id", BigInteger, nullable=False),  # as processed
    Column("stage", String, nullable=False),  # pending, confirmed, withdrawn, replaced, expired
    Column("time", BigInteger, nullable=False),  # of the last sign-up, with the next six
    Column("message_id", String, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("ip", String),
    Column("form", String),
    Column("closed_at", BigInteger),
    Column("closed_ip", String),
    sqlite_autoincrement=True,  # the number is in the link: that of somebody who was forgotten becomes nobody else's
)
Index(
    "consent_opt_ins_pending",
    opt_ins.c.workspace_id,
    opt_ins.c.channel,
    opt_ins.c.address,
    unique=True,
    sqlite_where=opt_ins.c.stage == "pending",
)
Index("consent_opt_ins_address", opt_ins.c.workspace_id, opt_ins.c.channel, opt_ins.c.address, opt_ins.c.id)
Index("consent_opt_ins_profile", opt_ins.c.workspace_id, opt_ins.c.profile_id, opt_ins.c.id)
Index("consent_opt_ins_stage", opt_ins.c.workspace_id, opt_ins.c.stage, opt_ins.c.id)

history = Table(
    "consent_history",
    metadata,
    Column("id", Integer, primary_key=True),  # in the order of arrival
    Column("workspace_id", Integer, nullable=False),
    Column("profile_id", BigInteger, nullable=False),  # as processed, 0 is nobody
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("subject", String, nullable=False),  # preference, opt_in, or a type of suppression
    Column("change", String, nullable=False),
    Column("effect", String, nullable=False),  # made, same, late, held
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("by", String, nullable=False),  # user:ID, token:ID or cli; "" for an event
    Column("ip", String),
    Column("form", String),
    Column("reason", String),
)
Index("consent_history_profile", history.c.workspace_id, history.c.profile_id, history.c.id)
Index("consent_history_address", history.c.workspace_id, history.c.channel, history.c.address, history.c.id)
