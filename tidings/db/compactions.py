"""Compactions that somebody asked for: the command line asks, whoever works on the folder does."""

from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from tidings.db.engine import Tx
from tidings.db.tables import compactions

KEPT = 100


class Outcome(NamedTuple):
    """What became of an asked-for compaction.

    Args:
        done: Whether it was tried.
        failure: Why it could not be done, None if it was.
    """

    done: bool
    failure: str | None


def ask(tx: Tx, now: int) -> int:
    """Ask for a compaction and return its number; the oldest ones are not kept.

    Args:
        tx: The transaction.
        now: UTC milliseconds.
    """
    made = tx.execute(insert(compactions).values(asked_at=now)).inserted_primary_key
    assert made is not None
    number = int(made[0])
    tx.execute(delete(compactions).where(compactions.c.id <= number - KEPT))
    return number


def asked(tx: Tx) -> int | None:
    """Return the newest compaction that is still to be done, None if there is none."""
    open_ = select(compactions.c.id).where(compactions.c.done_at.is_(None))
    return tx.execute(open_.order_by(compactions.c.id.desc()).limit(1)).scalar()


def finish(tx: Tx, number: int, now: int, failure: str | None) -> None:
    """Say what became of a compaction, and thereby of all that were asked for before it."""
    open_ = (compactions.c.id <= number) & compactions.c.done_at.is_(None)
    tx.execute(update(compactions).where(open_).values(done_at=now, failure=failure))


def outcome(tx: Tx, number: int) -> Outcome:
    """Return what became of a compaction."""
    row = tx.execute(select(compactions).where(compactions.c.id == number)).one_or_none()
    return Outcome(done=False, failure=None) if row is None else Outcome(row.done_at is not None, row.failure)
