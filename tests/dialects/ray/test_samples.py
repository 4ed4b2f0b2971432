"""Recorded requests: what each becomes, and what is answered."""

from pathlib import Path
from typing import Any

import pytest

from tests.dialects.ray.shop import accounts, call, token
from tests.dialects.samples import check, samples_of
from tidings.dialects import ray
from tidings.dialects.contract import Intake

SAMPLES = samples_of(ray)


def ask(request: dict[str, Any], body: bytes, source: dict[str, Any]) -> Intake:
    sources = accounts(**source)
    headers = {name: value.replace("TOKEN", token(sources)) for name, value in request["headers"].items()}
    query = request.get("query", "")
    return call(request["method"], request["path"], body=body, headers=headers, query=query, sources=sources)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    check(path, ask, b"secret")


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 30
