"""Tables of the imports room."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from tidings.db import metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("brand_id", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("hash", String, nullable=False),  # SHA-256 of the file
    Column("name", Text, nullable=False),  # of the file, for people
    Column("size", BigInteger, nullable=False),
    Column("options", Text, nullable=False),  # how it is read, JSON: with others, refused lines are tried again
    Column("lines", BigInteger, nullable=False),  # number of the last line that is done
    Column("taken", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("totals", Text, nullable=False),  # of orders by currency, JSON of texts
    Column("waiting", BigInteger),  # the last own event that was left to the pipeline
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    sqlite_autoincrement=True,
)
Index("imports_file", imports.c.workspace_id, imports.c.brand_id, imports.c.kind, imports.c.hash, unique=True)
