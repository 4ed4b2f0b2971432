"""An object as a set of layers: what each event said of it, so far as nothing better has been said since.

``merge`` is commutative, associative and idempotent: whatever the order in which the events arrive, how often, and how
they are cut into batches, the same layers remain. Typical objects have one.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tidings.commerce.model import Layer

OPEN_ENDED = 4_000  # members of an object whose names its sender makes up: those that sort first are kept
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(list[Layer], float_hook=Decimal).decode


def merge(layers: Sequence[Layer], layer: Layer) -> list[Layer]:
    """Return layers with a further one: the newest first, each member only where it was said last.

    Args:
        layers: The result of earlier merges, or nothing.
        layer: What an event says. If the same event has spoken already, its first word stands.
    """
    if not layers:
        return _bounded([layer]) if layer.members else []
    said: set[str] = set()
    merged: list[Layer] = []
    for one in sorted((*layers, layer), key=_age, reverse=True):  # stable: of one event, the earlier word leads
        left = {name: value for name, value in one.members.items() if name not in said} if said else one.members
        if not left:
            continue
        said.update(left)
        if merged and _age(merged[-1]) == _age(one):
            merged[-1] = one._replace(members={**merged[-1].members, **left})
        else:
            merged.append(one if len(left) == len(one.members) else one._replace(members=left))
    return _bounded(merged)


def view(layers: Iterable[Layer]) -> dict[str, Any]:
    """Return each member as it was said last."""
    seen: dict[str, Any] = {}
    for layer in layers:
        seen = {**layer.members, **seen} if seen else layer.members
    return seen


def source(layers: Iterable[Layer], member: str) -> Layer | None:
    """Return the layer that a member is taken from, None if nobody has said it."""
    return next((layer for layer in layers if member in layer.members), None)


def newest(layers: Iterable[Layer]) -> int:
    """Return the newest state that still has a say, 0 if there is none."""
    return max((layer.at for layer in layers), default=0)


def write(layers: list[Layer]) -> bytes:
    """Return layers as they are stored; the same ones give the same bytes."""
    return _encode(layers)


def read(text: str) -> list[Layer]:
    """Return layers that ``write`` has written."""
    return _decode(text)


def _age(layer: Layer) -> tuple[int, int, str]:
    return layer[:3]


def _bounded(layers: list[Layer]) -> list[Layer]:
    if sum(len(layer.members) for layer in layers) <= OPEN_ENDED:
        return layers
    names = sorted(name for layer in layers for name in layer.members if ":" in name)
    over = set(names[OPEN_ENDED:])
    kept = [layer._replace(members={n: v for n, v in layer.members.items() if n not in over}) for layer in layers]
    return [layer for layer in kept if layer.members]
