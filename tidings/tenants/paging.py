"""Lists page by page: an opaque cursor says where the next page begins."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, NamedTuple

import msgspec
from litestar.params import Parameter
from msgspec import Meta

from tidings.tenants.api import LARGEST, bad

PAGE = 200  # the most that one page may hold
_cursor = msgspec.json.Decoder(tuple[str, list[Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]]], strict=True).decode

Next = Annotated[str | None, Meta(description="Pass it as `cursor` to get the next page; null at the end.")]
Cursor = Annotated[
    str | None, Parameter(max_length=600, description="`next` of the page before; leave it out for the first page.")
]
Limit = Annotated[int, Parameter(ge=1, le=PAGE, description="Items at most.")]


class Page(NamedTuple):
    """Which part of a list is wanted.

    Args:
        cursor: As the caller sent it.
        limit: Items at most.
    """

    cursor: str | None
    limit: int

    def key(self, kind: str, size: int) -> tuple[int, ...] | None:
        """Return the numbers in the cursor, None for the first page.

        Args:
            kind: Which list the cursor must come from.
            size: How many numbers.

        Raises:
            ValidationException: It is no cursor of this list.
        """
        if self.cursor is None:
            return None
        try:
            text = urlsafe_b64decode(self.cursor.encode("ascii") + b"=" * (-len(self.cursor) % 4))
            found, numbers = _cursor(text)
        except (ValueError, msgspec.MsgspecError):
            found, numbers = "", []
        if found != kind or len(numbers) != size:
            raise bad("cursor", "not a cursor of this list: pass `next` of the page before, unchanged")
        return tuple(numbers)


def cursor_of(kind: str, *numbers: int) -> str:
    """Return an opaque cursor; ``Page.key`` reads it.

    Args:
        kind: Which list it belongs to.
        numbers: Where the next page begins.
    """
    return urlsafe_b64encode(msgspec.json.encode((kind, numbers))).decode().rstrip("=")


def page(cursor: Cursor = None, limit: Limit = 50) -> Page:
    """Return which part of a list a request wants."""
    return Page(cursor, limit)
