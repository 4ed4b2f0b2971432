"""The metadata that all tables of all rooms belong to, and the tables of the database itself."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

metadata = MetaData()

installation = Table(
    "installation",
    metadata,
    Column("epoch", String, primary_key=True),  # the same in log.db: a state never runs on another state's log
    Column("created_at", BigInteger, nullable=False),
)

compactions = Table(
    "compactions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asked_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),  # null: still to be done
    Column("failure", String),  # why it could not be done, null if it was
    sqlite_autoincrement=True,
)
