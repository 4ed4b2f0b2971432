"""Recorded requests: what each becomes, and what is answered."""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tidings.dialects.segment
from tests.dialects.segment.shop import RECEIVED, call, event_fields, shop
from tidings.kit import jsontext

SAMPLES = sorted((Path(tidings.dialects.segment.__file__).parent / "samples").glob("*.json"))
decode = msgspec.json.Decoder(dict[str, Any], float_hook=jsontext.number).decode


def body_of(request: dict[str, Any]) -> bytes:
    if "base64" in request:
        return base64.b64decode(request["base64"])
    if "text" in request:
        return str(request["text"]).encode()
    # as Python's own json writes it: the refused bodies of the samples show these blanks
    return json.dumps(request["body"], default=float).encode() if "body" in request else b""


def agrees(expected: Any, found: Any) -> bool:
    return (expected == "*" and bool(found)) or expected == found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    sample = decode(path.read_bytes())
    request, expected = sample["request"], sample["expected"]
    outcome = call(
        request["method"],
        request["path"],
        body=body_of(request),
        headers=request.get("headers", {}),
        query=request.get("query", ""),
        parameters=request.get("parameters", {}),
        sources=shop(**sample.get("source", {})),
    )
    events = [event_fields(event) for event in outcome.events]
    assert len(events) == len(expected["events"]), outcome
    for found, wanted in zip(events, expected["events"], strict=True):
        for field, value in wanted.items():
            assert agrees(value, found[field]), (field, found[field])
        assert found["time"] <= RECEIVED
    assert len(outcome.refused) == len(expected["refused"]), outcome.refused
    for refusal, wanted in zip(outcome.refused, expected["refused"], strict=True):
        for field, value in wanted.items():
            stated = getattr(refusal, field)
            assert agrees(value, stated.decode() if isinstance(stated, bytes) else stated), (field, stated)
        assert b"wk_1" not in refusal.body
    reply, wanted = outcome.reply, expected["reply"]
    assert reply.status == wanted["status"]
    assert reply.content_type == wanted.get("content_type", "application/json").encode()
    assert {name: value.encode() for name, value in wanted.get("headers", {}).items()}.items() <= {
        name.decode(): value for name, value in reply.headers
    }.items()
    if "body" in wanted:
        content = decode(reply.body)
        assert content.keys() == wanted["body"].keys()
        assert all(agrees(value, content[name]) for name, value in wanted["body"].items()), content


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 60
