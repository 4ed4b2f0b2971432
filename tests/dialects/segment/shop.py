"""One shop with one Segment source, and a way to call its routes without a server."""

from typing import Any

import msgspec

from tests.dialects import asking
from tests.dialects.asking import RECEIVED, event_fields
from tidings.dialects.contract import Intake
from tidings.dialects.segment import SEGMENT
from tidings.tenants.model import Source

BASIC = {"authorization": "Basic d2tfMTo="}  # wk_1:

__all__ = ["BASIC", "RECEIVED", "Shop", "call", "event_fields", "send", "shop"]


class Shop(asking.Shop):
    """The sources of an installation that has one, with the key ``wk_1``."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, ("write_key", "wk_1"))


def shop(**options: Any) -> Shop:
    """Return a shop whose source has the key ``wk_1``."""
    return Shop(asking.source("segment", **options))


def call(method: str, path: str, *, sources: Shop | None = None, **request: Any) -> Intake:
    """Return what a request turns into; what is rejected becomes an intake with the dialect's answer."""
    return asking.call(SEGMENT, sources or shop(), method, path, **request)


def send(content: Any, path: str = "/v1/track", **options: Any) -> Intake:
    """Post JSON with the shop's key."""
    return call("POST", path, body=msgspec.json.encode(content), headers=BASIC, **options)
