"""Recorded requests: what each becomes, and what is answered."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialects.asking import event_fields
from tests.dialects.reamaze_data.desk import authkey, call, desk
from tests.dialects.samples import check, decode, samples_of
from tidings.dialects import reamaze_data
from tidings.dialects.contract import Intake

SAMPLES = samples_of(reamaze_data)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    outcomes: list[Intake] = []

    def ask(request: dict[str, Any], body: bytes, options: dict[str, Any]) -> Intake:
        headers = request.get("headers", {})
        outcome = call(request["path"], body=body, headers=headers, host=request["host"], sources=desk(**options))
        outcomes.append(outcome)
        return outcome

    check(path, ask, authkey(17).encode())
    (outcome,) = outcomes
    if outcome.events:
        expected = decode(path.read_bytes())["expected"]
        assert (outcome.trust, outcome.proven) == (expected["trust"], expected["proven"])
    for event in outcome.events:
        assert authkey(17) not in str(event_fields(event))
        assert "secret" not in str(event_fields(event))


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 100
