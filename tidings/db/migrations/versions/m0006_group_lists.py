"""Groups in the order in which they came, and found by their name."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROWS = 10_000  # that are read at once


def upgrade() -> None:
    """Add the column and the indexes, and fill the column from the names that are there."""
    op.add_column("group_traits", sa.Column("search", sa.String(), nullable=True))
    _fill()
    op.create_index(
        "group_traits_search",
        "group_traits",
        ["workspace_id", "search"],
        unique=False,
        sqlite_where=sa.text("search IS NOT NULL"),
    )
    op.create_index("groups_newest", "groups", ["workspace_id", "first_seen", "id"], unique=False)


def _fill() -> None:
    key = ("workspace_id", "group_id", "name")
    traits = sa.table("group_traits", *[sa.column(name) for name in (*key, "value", "search")])
    names = sa.select(traits.c.workspace_id, traits.c.group_id, traits.c.value)
    names = names.where(traits.c.name == "name", traits.c.value.is_not(None))
    change = sa.update(traits).where(*[traits.c[name] == sa.bindparam(f"of_{name}") for name in key])
    connection = op.get_bind()
    found = connection.execute(names).fetchall()
    for start in range(0, len(found), ROWS):
        rows = [
            {"of_workspace_id": row[0], "of_group_id": row[1], "of_name": "name", "search": text.casefold()[:200]}
            for row in found[start : start + ROWS]
            for text in [json.loads(row[2])]
            if isinstance(text, str)
        ]
        if rows:
            connection.execute(change.values(search=sa.bindparam("search")), rows)
