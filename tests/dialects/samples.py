"""Recorded requests in a dialect's folder: what each becomes, and what is answered."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from tests.dialects.asking import RECEIVED, event_fields
from tidings.dialects.contract import Intake
from tidings.kit import jsontext

decode = msgspec.json.Decoder(dict[str, Any], float_hook=jsontext.number).decode


def samples_of(dialect: ModuleType) -> list[Path]:
    """Return the sample files of a dialect's package."""
    return sorted((Path(str(dialect.__file__)).parent / "samples").glob("*.json"))


def body_of(request: dict[str, Any]) -> bytes:
    """Return the body of a sample's request."""
    if "base64" in request:
        return base64.b64decode(request["base64"])
    if "text" in request:
        return str(request["text"]).encode()
    # as Python's own json writes it: the refused bodies of the samples show these blanks
    return json.dumps(request["body"], default=float).encode() if "body" in request else b""


def agrees(expected: Any, found: Any) -> bool:
    """Tell whether a value is the expected one, or there at all where ``*`` is expected."""
    return (expected == "*" and bool(found)) or expected == found


def check(path: Path, ask: Callable[[dict[str, Any], bytes, dict[str, Any]], Intake], secret: bytes) -> None:
    """Check one sample.

    Args:
        path: The file.
        ask: Sends the sample's request with this body to a source with these settings.
        secret: The source's key, which no refused text may show.
    """
    sample = decode(path.read_bytes())
    request, expected = sample["request"], sample["expected"]
    outcome = ask(request, body_of(request), sample.get("source", {}))
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
        assert secret not in refusal.body
    check_reply(outcome, expected["reply"])


def check_reply(outcome: Intake, wanted: dict[str, Any]) -> None:
    """Check status, headers and body of an answer."""
    reply = outcome.reply
    assert reply.status == wanted["status"]
    assert reply.content_type == wanted.get("content_type", "application/json").encode()
    assert {name: value.encode() for name, value in wanted.get("headers", {}).items()}.items() <= {
        name.decode(): value for name, value in reply.headers
    }.items()
    if "body" in wanted:
        content = decode(reply.body)
        assert content.keys() == wanted["body"].keys()
        assert all(agrees(value, content[name]) for name, value in wanted["body"].items()), content
