"""In which order one transaction works off the log and our own events; it reads and writes nothing."""

from collections import deque
from collections.abc import Sequence

import msgspec

from tidings.events.model import Forget, Parting, RawRecord
from tidings.events.pending_store import FORGET, RECORD, Pending
from tidings.log.contract import Frame

PENDING = 8_000  # own events of one transaction at most
PENDING_SIZE = 8 * 1024 * 1024  # characters of them
FORGETS = 10  # of them customers to forget: each may have a long history
Events = list[tuple[RawRecord, msgspec.Raw]]

_record = msgspec.json.Decoder(RawRecord).decode
_forget = msgspec.json.Decoder(Forget).decode
_parting = msgspec.json.Decoder(Parting).decode


class Erasure(msgspec.Struct, frozen=True):
    """A customer to forget, between the events before and those after it.

    Args:
        own: As it waits.
        asked: What is asked.
    """

    own: Pending
    asked: Forget


class Parted(msgspec.Struct, frozen=True):
    """A merge that was taken back.

    Args:
        own: As it waits.
        told: Who is who now.
    """

    own: Pending
    told: Parting


class Unreadable(msgspec.Struct, frozen=True):
    """An own event that cannot be read.

    Args:
        own: As it waits.
        error: Why not.
    """

    own: Pending
    error: Exception


Own = Erasure | Parted | Unreadable


class Plan(msgspec.Struct):
    """What one transaction does.

    Args:
        steps: One after the other.
        frame: The last frame of the log that is among them, None if there is none.
        taken: Numbers of the own events that are among them.
    """

    steps: list[Events | Own] = []
    frame: Frame | None = None
    taken: list[int] = []


def plan(frames: Sequence[Frame], pending: Sequence[Pending], upto: int, *, more: bool) -> Plan:
    """Return what to do, in the order in which it happened.

    Own events stand in their own order. A customer is forgotten once the log is worked off as far as it reached when
    that was asked: what was acknowledged before is then resolved by all that is known of the customer, and erased with
    it. What was acknowledged later comes behind.

    Args:
        frames: What stands in the log behind the cursor; none is all that there is.
        pending: The oldest own events.
        upto: Events of the log up to the cursor.
        more: Whether there may be further own events.
    """
    made = Plan()
    waiting = deque(pending)
    erasures = 0
    for frame in (None, *frames):
        if frame is not None:
            made.frame, upto = frame, frame.upto
            for payload in frame.payloads:
                _add_events(made, _record(payload))
        while waiting and erasures < FORGETS:
            step = _read(waiting[0])
            if isinstance(step, Erasure) and frames and step.asked.upto > upto:
                break
            made.taken.append(waiting.popleft().id)
            if isinstance(step, RawRecord):
                _add_events(made, step)
            else:
                made.steps.append(step)
                erasures += isinstance(step, Erasure)
        # What comes next in the log may belong behind own events that this transaction does not take any more.
        if erasures == FORGETS or (not waiting and more):
            break
    return made


def _add_events(made: Plan, record: RawRecord) -> None:
    if not made.steps or not isinstance(made.steps[-1], list):
        made.steps.append([])
    last = made.steps[-1]
    assert isinstance(last, list)
    last += [(record, body) for body in record.events]


def _read(own: Pending) -> RawRecord | Own:
    payload = own.payload.encode()
    try:
        if own.kind == RECORD:
            return _record(payload)
        return Erasure(own, _forget(payload)) if own.kind == FORGET else Parted(own, _parting(payload))
    except (msgspec.MsgspecError, ValueError) as error:
        return Unreadable(own, error)
