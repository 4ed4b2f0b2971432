"""Layers: the same ones remain, whatever the order, the repetition and the grouping."""

from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tidings.commerce import layers
from tidings.commerce.layers import merge, view
from tidings.commerce.model import Layer

NAMES = "abcde"


@st.composite
def events(draw: Any) -> list[Layer]:
    """Return what some events say; no two have the same name, many have the same moment."""
    said = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9) | st.none(), max_size=4)
    found = []
    for tie in draw(st.lists(st.integers(0, 99), unique=True, max_size=7)):
        found.append(Layer(draw(st.integers(0, 1)), draw(st.integers(0, 3)), str(tie), draw(said)))
    return found


def expected(said: list[Layer]) -> dict[str, Any]:
    """Return what holds, told in another way: walk through the events from the weakest on and overwrite."""
    held: dict[str, Any] = {}
    for one in sorted(said, key=lambda layer: (layer.rank, layer.at, layer.tie)):
        held.update(one.members)
    return held


def merged(said: list[Layer]) -> list[Layer]:
    found: list[Layer] = []
    for one in said:
        found = merge(found, one)
    return found


@given(events(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(said: list[Layer], luck: Any) -> None:
    delayed = said + [luck.choice(said) for _ in range(3) if said]
    luck.shuffle(delayed)
    assert merged(delayed) == merged(said)
    assert view(merged(said)) == expected(said)


@given(events(), st.integers(0, 7))
def test_groups_may_be_merged_first(said: list[Layer], cut: int) -> None:
    together = merged(said[:cut])
    for one in merged(said[cut:]):
        together = merge(together, one)
    assert together == merged(said)


@given(events())
def test_a_layer_without_a_say_vanishes(said: list[Layer]) -> None:
    found = merged(said)
    names = [name for layer in found for name in layer.members]
    assert len(names) == len(set(names))
    assert all(layer.members for layer in found)


def test_nothing_is_said_by_none_and_left_alone_by_silence() -> None:
    old, new = Layer(1, 1, "a", {"note": "x", "total": 5}), Layer(1, 2, "b", {"note": None})
    assert view(merge([old], new)) == {"note": None, "total": 5}


def test_trust_outlives_time() -> None:
    shop, browser = Layer(1, 1, "a", {"total": 5}), Layer(0, 9, "b", {"total": 1, "note": "x"})
    for one, other in permutations([shop, browser]):
        assert view(merge([one], other)) == {"total": 5, "note": "x"}


def test_layers_are_read_as_they_were_written() -> None:
    found = [Layer(1, 5, "m 1", {"total": 5, "lines": [{"quantity": 2}], "extra:a:b": None})]
    assert layers.read(layers.write(found).decode()) == found


def test_names_that_senders_make_up_are_bounded() -> None:
    made = [Layer(1, at, str(at), {f"extra:{at * 1_000 + i:09}": 1 for i in range(1_000)}) for at in range(6)]
    kept = view(merged(made))
    assert len(kept) == layers.OPEN_ENDED
    assert view(merged(made[::-1])) == kept
