"""Whatever is in a file: it is taken or refused, and never an error of the program."""

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.imports.files import NOW, draft, setting
from tidings.events.model import Head, RawRecord
from tidings.imports import kinds
from tidings.imports.model import Unusable
from tidings.imports.rounds import Rounds

DECODE = msgspec.json.Decoder(RawRecord).decode
HEAD = msgspec.json.Decoder(Head).decode
CELLS = st.one_of(
    st.sampled_from(["", "1", "0", "-1", "yes", "2024-03-01", "19970101", "a@b.example", "19.90 USD", "9e99", "NaN"]),
    st.text(max_size=12),
)


def check(kind: str, raw: bytes) -> None:
    """Read a file; what comes of it can be read by the pipeline, and no line is taken and refused."""
    try:
        file = kinds.opened(kind, io.BytesIO(raw), setting(zone="Europe/Berlin", country="DE"), {})
        made = list(Rounds(draft(kind), file.maker, again=False).of(file.entries, NOW))
    except Unusable:
        return
    events = [HEAD(body) for one in made for payload in one.payloads for body in DECODE(payload.encode()).events]
    taken = [int(event.message_id.rpartition(":")[2]) for event in events]
    refused = [row.line for one in made for row in one.refused]
    assert len(set(taken)) == len(taken)
    assert len(set(refused)) == len(refused)
    assert not set(taken) & set(refused)
    assert all(event.time <= NOW for event in events)


@pytest.mark.parametrize("kind", kinds.KINDS)
@given(raw=st.binary(max_size=300))
def test_any_bytes(kind: str, raw: bytes) -> None:
    check(kind, raw)


@pytest.mark.parametrize("kind", sorted(kinds.CSV))
@given(data=st.data())
def test_any_values(kind: str, data: st.DataObject) -> None:
    about = kinds.CSV[kind]
    first = [about.aliases[group[0]][0] for group in about.required]
    further = data.draw(st.lists(st.sampled_from([one[0] for one in about.aliases.values()]), max_size=6, unique=True))
    names = list(dict.fromkeys([*first, *further, "Further"]))
    lines = data.draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=5))
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in line] for line in lines]
    text = "\n".join(",".join(line) for line in [names, *quoted])
    check(kind, text.encode("utf-8", "surrogatepass"))


@given(lines=st.lists(st.lists(CELLS, min_size=3, max_size=5), max_size=5))
def test_any_log(lines: list[list[str]]) -> None:
    check("cdnow", "\n".join(" ".join(line) for line in lines).encode("utf-8", "surrogatepass"))
