"""Lists of addresses: what a line asks for, what is refused, and that no more than a part is ever read."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.consent.world import KEY, T0, World
from tidings.consent import listing, store
from tidings.consent.model import Suppression
from tidings.events import pending_store
from tidings.events.reports import Channel
from tidings.imports import addresses
from tidings.imports.addresses import SOME, Part, Usual
from tidings.imports.model import Unusable
from tidings.kit.cells import exact, harmless, lines
from tidings.tenants.audit import CLI

USUAL = Usual("unsubscribed", "from the old shop")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "tidings.db")
    yield made
    made.close()


def parts(text: str | bytes) -> list[Part]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(addresses.parts(io.BytesIO(data), USUAL))


def wanted(text: str | bytes) -> list[tuple[str, str, str, str | None]]:
    return [(one.channel, one.address, one.type, one.reason) for part in parts(text) for one in part.wanted]


def refused(text: str | bytes) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for part in parts(text) for one in part.refused]


def test_a_plain_list() -> None:
    found = wanted('Ana@Shop.example\n\n "bob@shop.example" ; c@shop.example,d@shop.example\r\n+49 151 123456\n')
    assert [one[:2] for one in found] == [
        ("email", "ana@shop.example"),
        ("email", "bob@shop.example"),
        ("email", "c@shop.example"),
        ("email", "d@shop.example"),
        ("sms", "+49151123456"),
    ]
    assert {one[2:] for one in found} == {("unsubscribed", "from the old shop")}
    assert wanted("") == []


def test_a_table_says_channel_type_and_reason() -> None:
    table = "Name;E-Mail;Type;Comment\nAna;ana@shop.example;Hard bounce;550\nBob;bob@shop.example;;\n"
    assert wanted(table) == [
        ("email", "ana@shop.example", "hard_bounce", "550"),
        ("email", "bob@shop.example", "unsubscribed", "from the old shop"),
    ]
    table = "\ufeffchannel,address\nSMS,+49151123456\nemail,x@y.example\n"
    assert [one[:2] for one in wanted(table)] == [("sms", "+49151123456"), ("email", "x@y.example")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("ok@shop.example\nnobody\n", 2, "neither an email address nor a phone number"),
        ("ok@shop.example\na@b\n", 2, "not an email address"),
        ("ok@shop.example\n0151 123\n", 2, "not a phone number"),
        (b"ok@shop.example\n\xff@shop.example\n", 2, "not UTF-8"),
        (b"ok@shop.example\na\0@shop.example\n", 2, "NUL"),
        ("email,type\nok@shop.example,\nx@y.example,soft\n", 3, "type: 'soft' is none of"),
        ("email,type\nok@shop.example,\nx@y.example,pending opt-in\n", 3, "comes with a sign-up"),
        ("email,channel\nok@shop.example,\nx@y.example,fax\n", 3, "channel: 'fax' is none of"),
        ("email,channel\nok@shop.example,\n,\n,email\n", 4, "not an email address"),
        ("email,type\nok@shop.example,\nx@y.example\n", 3, "1 values for 2 columns"),
        ('email,type\nok@shop.example,\n"x@y.example\n', 3, "unexpected end"),
    ],
)
def test_a_line_is_refused_with_its_reason(text: str | bytes, line: int, reason: str) -> None:
    ((number, why),) = refused(text)
    assert (number, reason in why) == (line, True), why
    assert [one[1] for one in wanted(text)] == ["ok@shop.example"]


def test_what_is_no_list() -> None:
    with pytest.raises(Unusable, match="UTF-16"):
        parts("ana@shop.example".encode("utf-16"))
    assert len(refused("<html>\n<body>\n")) == 2


@given(st.text())
def test_a_cell_is_harmless_and_comes_back(text: str) -> None:
    assert exact(harmless(text)) == text
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.binary(max_size=400))
def test_any_file_is_read_to_its_end(data: bytes) -> None:
    try:
        found = parts(data)
    except Unusable:
        return
    assert found[-1].bytes == len(data)


def test_a_list_goes_out_and_comes_back(world: World) -> None:
    kept: list[tuple[Channel, str]] = [
        ("email", "=1+1@shop.example"),
        ("email", "'=x@shop.example"),
        ("email", "-a@shop.example"),
    ]
    kept += [("email", "+tag@shop.example"), ("sms", "+49151123456"), ("email", "a,b'c@shop.example"[2:])]
    rows = [
        Suppression(workspace_id=1, channel=channel, address=address, type="hard_bounce", active=True, added_at=T0,
                    reason='=HYPERLINK("http://evil.example")')
        for channel, address in kept
    ]  # fmt: skip
    lifted = Suppression(
        workspace_id=1, channel="email", address="gone@shop.example", type="soft_bounce", added_at=T0, lifted_at=T0 + 1
    )
    file = lines([listing.HEADER, *map(listing.cells, [*rows, lifted])])
    cells = [cell for row in csv.reader(io.StringIO(file.decode())) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    (part,) = parts(file)
    assert ([(one.channel, one.address) for one in part.wanted], part.lifted, part.refused) == (kept, 1, [])
    assert {one.reason for one in part.wanted} == {'=HYPERLINK("http://evil.example")'}


def test_the_same_list_again_changes_nothing(world: World) -> None:
    (part,) = parts("a@shop.example\nb@shop.example\na@shop.example\n")
    with world.tx.begin():
        first = addresses.take(world.tx, CLI, 1, part.wanted, T0, KEY)
        before = store.list_suppressions(world.tx, 1, "email", (), "", ("", ""), 9)
    assert first.added == 2
    assert first.waiting is not None
    assert len(world.own()) == 2
    history = world.history()
    with world.tx.begin():
        again = addresses.take(world.tx, CLI, 1, part.wanted, T0 + 1000, KEY)
        assert store.list_suppressions(world.tx, 1, "email", (), "", ("", ""), 9) == before
        assert store.list_suppressions(world.tx, 2, "email", (), "", ("", ""), 9) == []
    assert (again.added, again.waiting, world.own()) == (0, None, [])
    assert world.history() == history


class Watched(io.BytesIO):
    """Knows how far it was read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.most = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        found = super().readline(size)
        self.most = max(self.most, self.tell())
        return found


@pytest.mark.parametrize("line", ["customer-{}@shop.example\n", "not an address {}\n"])
def test_no_more_than_a_part_is_read_at_once(line: str) -> None:
    data = "".join(line.format(number) for number in range(50_000)).encode()
    file = Watched(data)
    taken = 0
    for part in addresses.parts(file, USUAL):
        assert len(part.wanted) + len(part.refused) <= SOME
        assert file.most - taken <= SOME * 40
        taken = part.bytes
    assert taken == len(data)


@pytest.mark.slow
def test_the_memory_of_an_import_does_not_grow_with_the_list(world: World) -> None:
    def imported(count: int, host: str) -> int:
        """Import a list, let the pipeline have what it leaves, and return the most that was in memory."""
        file = io.BytesIO(b"".join(b"customer-%d@%s\n" % (number, host.encode()) for number in range(count)))
        tracemalloc.start()
        added = 0
        for part in addresses.parts(file, USUAL):
            with world.tx.begin():
                added += addresses.take(world.tx, CLI, 1, part.wanted, T0, KEY).added
                pending_store.drop(world.tx, [one.id for one in pending_store.oldest(world.tx, 100)[0]])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert added == count
        return most

    imported(2_000, "warm.example")
    some = imported(5_000, "some.example")
    assert imported(50_000, "many.example") < 1.5 * some < 16 * 1024 * 1024
