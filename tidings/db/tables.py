"""The metadata that all tables of all rooms belong to, and the tables of the database itself."""

from sqlalchemy import BigInteger, Column, MetaData, String, Table

metadata = MetaData()

installation = Table(
    "installation",
    metadata,
    Column("epoch", String, primary_key=True),  # the same in log.db: a state never runs on another state's log
    Column("created_at", BigInteger, nullable=False),
)
