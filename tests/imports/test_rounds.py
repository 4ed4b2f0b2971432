"""What is left to the pipeline at once is bounded, and goes on exactly where it stopped."""

import io

import msgspec
import pytest

from tests.imports.files import NOW, draft, read, setting
from tidings.events.model import Record
from tidings.imports import kinds, rounds
from tidings.imports.model import Round
from tidings.imports.rounds import Rounds

DECODE = msgspec.json.Decoder(Record).decode


def cut(text: str, lines: int = 0, *, kind: str = "cdnow", again: bool = False) -> list[Round]:
    file = kinds.opened(kind, io.BytesIO(text.encode()), setting(), {})
    return list(Rounds(draft(kind, lines), file.maker, again=again).of(file.entries, NOW))


def numbers(made: list[Round]) -> list[int]:
    return [
        int(event.message_id.rpartition(":")[2])
        for one in made
        for payload in one.payloads
        for event in DECODE(payload).events
    ]


def test_records_and_rounds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "EVENTS", 10)
    monkeypatch.setattr(rounds, "RECORDS", 3)
    made = cut("1 19970101 1 5\n" * 95)
    assert [len(one.payloads) for one in made] == [3, 3, 3, 1]
    assert [one.lines for one in made] == [30, 60, 90, 95]
    assert [one.ended for one in made] == [False, False, False, True]
    assert numbers(made) == list(range(1, 96))
    record = DECODE(made[0].payloads[0])
    assert (record.workspace_id, record.brand_id, record.source_id, record.trust) == (1, 2, 0, "server")


def test_large_events_make_small_records() -> None:
    text = "id,title,description\n" + f"1,a,{'x' * 100_000}\n" * 12
    made = cut(text, kind="products")
    assert [len(DECODE(payload).events) for one in made for payload in one.payloads] == [3, 3, 3, 3]


def test_it_goes_on_behind_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "EVENTS", 10)
    text = "".join("1 19970101 1 5\n" if number % 7 else "bad\n" for number in range(1, 51))
    whole = cut(text)
    for done in range(51):
        rest = cut(text, done)
        assert numbers(rest) == [number for number in numbers(whole) if number > done]
        assert sum(one.taken for one in rest) == len(numbers(rest))
        assert rest[-1].lines == max(done, 50)
        assert [r.line for one in rest for r in one.refused] == [n for n in range(7, 51, 7) if n > done]
        again = cut(text, done, again=True)
        assert numbers(again) == numbers(rest)
        assert [r.line for one in again for r in one.refused] == list(range(7, 51, 7))


def test_refused_lines_do_not_gather_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ENTRIES", 100)
    monkeypatch.setattr(rounds, "REFUSED", 1_000)
    made = cut("bad\n" * 1_000)
    assert max(len(one.refused) for one in made) == 100
    made = cut(f"bad {'x' * 500}\n" * 30)
    assert max(len(one.refused) for one in made) == 2
    made = cut("bad\n" * 1_000, 1_000, again=True)
    assert max(len(one.refused) for one in made) == 100


def test_totals_are_exact() -> None:
    found = read("cdnow", "1 19970101 1 0.10\n2 19970101 1 0.20\n3 19970101 1 999999999999999.99\n")
    assert format(found.rounds[-1].totals["EUR"], "f") == "1000000000000000.29"


def test_no_event_is_of_the_future() -> None:
    (only,) = cut("1 29990101 1 5\n")
    (event,) = DECODE(only.payloads[0]).events
    assert event.time == NOW
