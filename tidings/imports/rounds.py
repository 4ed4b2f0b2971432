"""From entries to what is left to the pipeline: records of some hundred events, some of them in one transaction."""

from collections.abc import Iterator
from decimal import Context, Decimal

import msgspec

from tidings.events.model import Event, RawRecord
from tidings.imports.kinds import Maker
from tidings.imports.model import Entries, Entry, Import, Refused, Round, Unusable

EVENTS = 500  # of one record
BYTES = 256 * 1024  # of the events of one record, about
RECORDS = 20  # of one round: the pipeline takes all that waits into memory
ENTRIES = 20_000  # of one round, where most are refused: so that what is done is written down now and then
REFUSED = 4 * 1024 * 1024  # characters of refused lines of one round
EXACT = Context(prec=60)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_ZERO = Decimal(0)


class Rounds:
    """Cuts a file into rounds.

    Args:
        present: The import; lines up to its ``lines`` are done.
        maker: Makes the events.
        again: Whether lines that are done are read once more, to say which of them were refused.
    """

    def __init__(self, present: Import, maker: Maker, *, again: bool) -> None:
        self._import = present
        self._maker = maker
        self._again = again
        self._events: list[msgspec.Raw] = []
        self._size = 0
        self._held = 0  # characters of refused lines

    def of(self, entries: Entries, now: int) -> Iterator[Round]:
        """Return the rounds; the last one, which may be empty, ends with the file.

        Args:
            entries: All of the file.
            now: UTC milliseconds: no event is later.
        """
        done = self._import.lines
        made, count = Round(lines=done), 0
        for entry in entries:
            if entry.last > done or self._again:
                count += 1
                event = self._event(entry, made, now)
                if entry.last > done:
                    made.lines = entry.last
                    if event is not None:
                        made.taken += len(entry.rows)
                        self._add(event, made, now)
                if len(made.payloads) == RECORDS or count == ENTRIES or self._held > REFUSED:
                    self._close(made, now)
                    yield made
                    made, count, self._held = Round(lines=made.lines), 0, 0
        self._close(made, now)
        made.ended = True
        yield made

    def _event(self, entry: Entry, made: Round, now: int) -> Event | None:
        """Return what an entry becomes; None where it is refused, which is written down."""
        fault = entry.fault
        if not fault:
            try:
                event = self._maker.event(entry)
            except Unusable as error:
                fault = str(error)
            else:
                event.time = min(event.time, now)
                return event
        made.refused += [Refused(row.line, row.fault or fault, row.text) for row in entry.rows]
        self._held += sum(len(row.text) for row in entry.rows)
        return None

    def _add(self, event: Event, made: Round, now: int) -> None:
        order = None if event.commerce is None else event.commerce.order
        if order is not None and isinstance(order.total, Decimal):
            currency = str(order.currency)
            made.totals[currency] = EXACT.add(made.totals.get(currency, _ZERO), order.total)
        body = _encode(event)
        self._events.append(msgspec.Raw(body))
        self._size += len(body)
        if len(self._events) == EVENTS or self._size >= BYTES:
            self._close(made, now)

    def _close(self, made: Round, now: int) -> None:
        if not self._events:
            return
        record = RawRecord(
            workspace_id=self._import.workspace_id,
            brand_id=self._import.brand_id,
            source_id=0,  # our own
            trust="server",
            id_space="",
            received=now,
            events=self._events,
        )
        made.payloads.append(_encode(record).decode())
        self._events, self._size = [], 0
