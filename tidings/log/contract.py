"""What the edge and the pipeline ask of a log: append durably, read in order, trim behind the reader.

The log knows nothing of dialects: a payload is bytes, with the number of events in it for the figures.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec


class LogUnavailable(Exception):  # noqa: N818
    """The log cannot append: the disk is full, read-only or broken. Nothing of the request is stored."""


class Frame(msgspec.Struct, frozen=True):
    """What one commit made durable.

    Args:
        position: Where it stands; opaque but for its order.
        payloads: One for each request.
        upto: Events in the log up to and with this frame, since the log began.
    """

    position: int
    payloads: list[bytes]
    upto: int


class Log(Protocol):
    """A durable, ordered log."""

    upto: int  # events in the log since it began
    end: int  # position of the newest frame

    @property
    def pressed(self) -> bool:
        """Whether requests come so fast that the event loop takes all of a processor."""
        ...

    def append(self, payload: bytes, events: int) -> Awaitable[int]:
        """Make ``payload`` durable and return its position.

        Raises:
            LogUnavailable: It is not on disk and will not be read.
        """
        ...

    def submit(self, payload: bytes, events: int, done: Callable[[str | None], None]) -> None:
        """Make ``payload`` durable, then call ``done`` on the running event loop.

        Args:
            payload: One request's record.
            events: How many events are in it.
            done: Is given None once it is on disk, or why it is not.

        Raises:
            LogUnavailable: It cannot be taken.
        """
        ...

    def read(self, after: int, events: int) -> Sequence[Frame]:
        """Return the frames behind a position, until they hold at least ``events`` events."""
        ...

    def wait(self, after: int, seconds: float) -> bool:
        """Block until something stands behind a position, at most ``seconds``; tell whether it does."""
        ...

    def wake(self) -> None:
        """Let whoever waits, or is the next to wait, look around at once."""
        ...

    def trim(self, position: int) -> int:
        """Drop frames up to a position that the reader has committed; return how many."""
        ...

    def compact(self, position: int, spare: int, pause: Callable[[float], bool]) -> None:
        """Leave no byte of what stood in the log up to a position that the reader has committed.

        Args:
            position: The last one that is erased.
            spare: Bytes of the disk that are to stay free.
            pause: Waits for so many seconds; tells whether to give up.

        Raises:
            CannotCompact: It could not be done now; nothing is harmed.
        """
        ...
