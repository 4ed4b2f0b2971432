"""What every page of the console has to do with: its place in the navigation, its form, what it says afterwards."""

import re
from collections.abc import Sequence
from typing import Any, BinaryIO, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
NOTES = 5  # that are shown at once
NOTE = 300  # characters of one

_TOO_SHORT = re.compile(r"length >= (\d+)")
_TOO_LONG = re.compile(r"length <= (\d+)")
_TOO_SMALL = re.compile(r"(>=?) (-?[\d.]+)")
_TOO_LARGE = re.compile(r"(<=?) (-?[\d.]+)")


class Nav(msgspec.Struct, frozen=True, kw_only=True):
    """A page's place in the navigation.

    Args:
        title: What stands there.
        path: Where it leads, below ``/console``.
        order: Where it stands.
        key: Letter that leads there after ``g``; "" for none.
        role: Who sees it.
    """

    title: str
    path: str
    order: int
    key: str = ""
    role: str = "viewer"


class Note(msgspec.Struct, frozen=True):
    """What a page says once, after something was done.

    Args:
        kind: ``ok``, ``warning`` or ``error``.
        text: In a sentence.
    """

    kind: str
    text: str


class File(msgspec.Struct, frozen=True):
    """A file that a form sent.

    Args:
        name: As the sender calls it; hostile.
        content: At its beginning; closed once the request is answered.
    """

    name: str
    content: BinaryIO


class Notes:
    """What is to be said on the next page that is shown."""

    def __init__(self, said: Sequence[Note] = ()) -> None:
        self.said = list(said)

    def say(self, text: str, kind: str = "ok") -> None:
        """Say something on the page that follows.

        Args:
            text: In a sentence; cut after 300 characters.
            kind: ``ok``, ``warning`` or ``error``.
        """
        self.said = [*self.said, Note(kind, text[:NOTE])][-NOTES:]


class Form:
    """What a form sent, as text, and what is wrong with it.

    Args:
        values: All values by the names of the fields.
        files: By the names of their fields; only forms of routes with ``upload`` in their ``opt`` have any.
    """

    def __init__(self, values: dict[str, list[str]] | None = None, files: dict[str, File] | None = None) -> None:
        self.values = values or {}
        self.files = files or {}
        self.faults: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """Return a field as it was sent, "" without one."""
        return next(iter(self.values.get(name, ())), "")

    def all(self, name: str) -> list[str]:
        """Return all values of a field that can have several."""
        return self.values.get(name, [])

    def filled(self, **values: Any) -> "Form":
        """Return this form, with values where it was not sent at all: what is there already.

        Args:
            values: By the names of the fields; a list for several, a truth for a checkbox.
        """
        if self.values:
            return self
        return Form({name: _as_sent(value) for name, value in values.items()})

    def fault(self, name: str, text: str) -> None:
        """Say what is wrong with a field; the first fault of a field stays.

        Args:
            name: The field, "" for the form as a whole.
            text: What is wrong, and what to do.
        """
        self.faults.setdefault(name, text)

    def read(self, shape: type[T]) -> T | None:
        """Return the fields as a Struct, None with faults if they are not what it takes.

        Surrounding blanks go, except from fields whose name contains ``password``. An empty field counts as left out.
        A member of type ``bool`` is a checkbox, a ``list`` takes all values of its field.

        Args:
            shape: Its members are named like the fields.
        """
        found: dict[str, Any] = {}
        for field in msgspec.structs.fields(shape):
            sent: Any = [text if "password" in field.name else text.strip() for text in self.all(field.name)]
            if field.type is bool:
                found[field.name] = bool(sent)
                continue
            many = _takes_several(field.type)
            sent = [text for text in sent if text] if many else next(iter(sent), "")
            if not sent and not many:
                if field.required:
                    self.fault(field.name, "fill this in")
                continue
            try:
                found[field.name] = msgspec.convert(sent, field.type, strict=False)
            except msgspec.ValidationError as error:
                self.fault(field.name, in_words(str(error)))
        return None if self.faults else shape(**found)


def in_words(message: str) -> str:
    """Return what msgspec complains about, for somebody who fills in a form."""
    for pattern, words in (
        (_TOO_SHORT, "use at least {} characters"),
        (_TOO_LONG, "use at most {} characters"),
        (_TOO_SMALL, "use {} or more"),
        (_TOO_LARGE, "use {} or less"),
    ):
        if found := pattern.search(message):
            text = words.format(found[found.lastindex or 0])
            return "fill this in" if text == "use at least 1 characters" else text
    if "Invalid enum value" in message:
        return "choose one of the options"
    if "`int`" in message:
        return "write a whole number"
    if "`float`" in message or "`decimal`" in message:
        return "write a number"
    return "this has characters that cannot stand here"


def _takes_several(kind: Any) -> bool:
    origin = getattr(kind, "__origin__", kind)
    origin = getattr(origin, "__origin__", origin)
    return origin in (list, tuple, set, frozenset)


def _as_sent(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value]
    if isinstance(value, bool):
        return ["on"] if value else []
    return [] if value is None else [str(value)]
