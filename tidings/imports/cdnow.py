"""Lines of the public CDNOW transaction log: ``00001 19970101 1 11.77``.

Implements the format of the CDNOW data set (Fader and Hardie): customer, day as YYYYMMDD, how many CDs, dollars.
"""

import re

from tidings.dialects.calls import identifiers
from tidings.events.model import Event
from tidings.events.reports import Commerce, Line, OrderReport
from tidings.imports.model import Entry, Setting, Unusable
from tidings.imports.values import SHOWN, moment_of
from tidings.kit import amounts

_DAY = re.compile(r"\d{8}", re.ASCII)


class Cdnow:
    """Makes events of purchases; each line is an order of its own.

    Args:
        setting: What holds for all lines.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._beginning = f"cdnow-{setting.hash[:12]}-"

    def event(self, entry: Entry) -> Event:
        """Return what a line says.

        Raises:
            Unusable: It cannot be used.
        """
        row = entry.rows[0]
        if len(row.cells) != 4:
            raise Unusable(f"{len(row.cells)} values, not 4: customer, day, quantity, dollars")
        customer, day, pieces, dollars = row.cells
        placed = moment_of(day, self._setting.zone) if _DAY.fullmatch(day) else None
        if placed is None:
            raise Unusable(f"{day[:SHOWN]!r} is no day (YYYYMMDD)")
        quantity, total = amounts.parse(pieces), amounts.parse(dollars)
        if quantity is None or quantity < 0:
            raise Unusable(f"{pieces[:SHOWN]!r} is no quantity")
        if total is None or total < 0:
            raise Unusable(f"{dollars[:SHOWN]!r} is no amount of money")
        notes: list[str] = []
        user_id = identifiers.read(customer, "customer", notes)
        if user_id is None:
            raise Unusable(f"{customer[:SHOWN]!r} names nobody")
        order = OrderReport(
            id=f"{self._beginning}{row.line}",
            at=placed,
            placed_at=placed,
            currency=self._setting.currency,
            total=total,
            lines=[Line(quantity=quantity)],
        )
        return Event(
            verb="track",
            name="orders/create",
            message_id=f"{self._setting.stamp}:{row.line}",
            time=placed,
            user_id=user_id,
            commerce=Commerce(order=order),
        )
