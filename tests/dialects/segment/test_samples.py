"""Recorded requests: what each becomes, and what is answered."""

from pathlib import Path
from typing import Any

import pytest

import tidings.dialects.segment
from tests.dialects.samples import check, samples_of
from tests.dialects.segment.shop import call, shop
from tidings.dialects.contract import Intake

SAMPLES = samples_of(tidings.dialects.segment)


def ask(request: dict[str, Any], body: bytes, source: dict[str, Any]) -> Intake:
    return call(
        request["method"],
        request["path"],
        body=body,
        headers=request.get("headers", {}),
        query=request.get("query", ""),
        parameters=request.get("parameters", {}),
        sources=shop(**source),
    )


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    check(path, ask, b"wk_1")


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 60
