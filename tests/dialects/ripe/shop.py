"""One site with one Ripe source, and a way to call its routes without a server."""

from typing import Any

import msgspec

from tests.dialects import asking
from tests.dialects.asking import Shop
from tidings.dialects.contract import Intake
from tidings.dialects.ripe import RIPE

BASIC = {"authorization": "Basic cmtfMQ=="}  # rk_1


def shop(**options: Any) -> Shop:
    """Return a site whose source has the key ``rk_1``."""
    return Shop(asking.source("ripe", **options), ("api_key", "rk_1"))


def call(method: str, path: str, *, sources: Shop | None = None, **request: Any) -> Intake:
    """Return what a request turns into; what is rejected becomes an intake with the dialect's answer."""
    return asking.call(RIPE, sources or shop(), method, path, **request)


def send(content: Any, path: str = "/event/track", **options: Any) -> Intake:
    """Post JSON with the site's key."""
    return call("POST", path, body=msgspec.json.encode(content), headers=BASIC, **options)
