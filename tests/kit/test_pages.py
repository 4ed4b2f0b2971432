"""Forms are read strictly, with all faults at once and in words."""

from typing import Annotated, Literal

import msgspec
import pytest

from tidings.kit.pages import NOTE, NOTES, Form, Notes


class Wanted(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=5, pattern="^[a-z]*$")]
    kind: Literal["a", "b"]
    rate: Annotated[int, msgspec.Meta(ge=0, le=10)] = 3
    enabled: bool = False
    origins: list[str] = []
    password: str = ""
    country: str | None = None


GOOD = {"name": [" abc "], "kind": ["a"]}


def test_a_form_becomes_a_struct() -> None:
    assert Form(GOOD).read(Wanted) == Wanted("abc", "a")
    more = {"rate": ["7"], "enabled": ["on"], "origins": ["x", "", "y"], "password": [" p "], "country": [""]}
    assert Form(GOOD | more).read(Wanted) == Wanted("abc", "a", 7, enabled=True, origins=["x", "y"], password=" p ")


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"name": []}, {"name": "fill this in"}),
        ({"name": ["  "]}, {"name": "fill this in"}),
        ({"name": ["a"]}, {"name": "use at least 2 characters"}),
        ({"name": ["abcdef"]}, {"name": "use at most 5 characters"}),
        ({"name": ["ABC"]}, {"name": "this has characters that cannot stand here"}),
        ({"kind": ["c"]}, {"kind": "choose one of the options"}),
        ({"rate": ["x"]}, {"rate": "write a whole number"}),
        ({"rate": ["1.5"]}, {"rate": "write a whole number"}),
        ({"rate": ["-1"]}, {"rate": "use 0 or more"}),
        ({"rate": ["11"]}, {"rate": "use 10 or less"}),
        ({"name": [""], "kind": ["x"]}, {"name": "fill this in", "kind": "choose one of the options"}),
    ],
)
def test_faults_are_said_at_their_fields(changes: dict[str, list[str]], faults: dict[str, str]) -> None:
    form = Form(GOOD | changes)
    assert form.read(Wanted) is None
    assert form.faults == faults


def test_the_first_fault_of_a_field_stays() -> None:
    form = Form(GOOD)
    form.fault("name", "first")
    form.fault("name", "second")
    assert form.read(Wanted) is None
    assert form.faults == {"name": "first"}


def test_a_form_is_filled_with_what_is_there() -> None:
    form = Form().filled(name="x", rate=0, enabled=True, off=False, origins=["a", "b"], country=None)
    assert (form["name"], form["rate"], form.all("enabled"), form.all("off")) == ("x", "0", ["on"], [])
    assert (form.all("origins"), form["country"]) == (["a", "b"], "")
    sent = Form({"name": ["sent"]})
    assert sent.filled(name="x") is sent


def test_notes_are_bounded() -> None:
    notes = Notes()
    for number in range(20):
        notes.say(f"{number}" + "x" * 1000)
    assert len(notes.said) == NOTES
    assert notes.said[-1].text.startswith("19x")
    assert len(notes.said[-1].text) == NOTE
