"""Recorded requests: what each becomes, and what is answered."""

from pathlib import Path
from typing import Any

import pytest

import tidings.dialects.ripe
from tests.dialects.ripe.shop import call, shop
from tests.dialects.samples import check, samples_of
from tidings.dialects.contract import Intake

SAMPLES = samples_of(tidings.dialects.ripe)


def ask(request: dict[str, Any], body: bytes, source: dict[str, Any]) -> Intake:
    return call(request["method"], request["path"], body=body, headers=request["headers"], sources=shop(**source))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    check(path, ask, b"rk_1")


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 80
