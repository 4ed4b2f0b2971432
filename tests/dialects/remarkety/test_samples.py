"""Recorded requests: what each becomes, and what is answered."""

from pathlib import Path
from typing import Any

import pytest

import tidings.dialects.remarkety
from tests.dialects.remarkety.store import KEY, call, one, two
from tests.dialects.samples import check, decode, samples_of
from tidings.dialects.contract import Intake

SAMPLES = samples_of(tidings.dialects.remarkety)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    outcomes: list[Intake] = []

    def ask(request: dict[str, Any], body: bytes, options: dict[str, Any]) -> Intake:
        several = options.pop("stores", 1) == 2
        outcome = call(
            request["path"],
            body=body,
            headers=request.get("headers", {}),
            query=request.get("query", ""),
            host=request.get("host", "events.tidings.example"),
            sources=two() if several else one(**options),
        )
        outcomes.append(outcome)
        return outcome

    check(path, ask, KEY.encode())
    expected = decode(path.read_bytes())["expected"]
    if outcomes[0].events:
        assert outcomes[0].trust == expected["trust"]


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 100
