"""The paths of Ripe's event API."""

import base64
from collections.abc import Mapping
from functools import partial

from tidings.dialects.contract import Reply, Request, Route, Sources
from tidings.dialects.ripe import intake, keys, replies, snippets
from tidings.events.model import Verb
from tidings.tenants.model import Snippet, Source, Trust

_VERBS: tuple[Verb, ...] = ("identify", "track", "page", "group", "alias")
_BASES = ("/event", "/core-backend")  # the present one, and the one of older Segment installations


def _routes(base: str, *, prefixed: bool = False) -> tuple[Route, ...]:
    return (
        *(Route("POST", f"{base}/{verb}", partial(intake.take, verb=verb), prefixed=prefixed) for verb in _VERBS),
        Route("GET", f"{base}/auth/sdk", intake.check_key, prefixed=prefixed),
    )


class RipeDialect:
    """Ripe's event API; `tidings.dialects.contract.Dialect` says what the members are."""

    name: str = "ripe"
    credentials: tuple[str, ...] = ("api_key",)
    readable: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    title: str = "Ripe"
    about: str = "Servers that call Ripe's event API, and Segment's connector for Ripe."
    routes: tuple[Route, ...] = (
        *(route for base in _BASES for route in _routes(base)),
        # What the connector's setting "endpoint" names is a base of its own.
        *_routes("", prefixed=True),
    )

    def error(self, status: int, code: str, message: str) -> Reply:
        """Return the answer for an error of any layer.

        Args:
            status: HTTP status.
            code: Stable short name of the reason, which these answers do not show.
            message: The reason in a sentence.
        """
        return replies.error(status, message)

    def sender(self, request: Request, sources: Sources) -> Source | None:
        """Return whose request it is as far as header and query tell."""
        return keys.source_of(request, sources)

    def example(self, url: str, credentials: Mapping[str, str]) -> str:
        """Return a line for the shell that sends a track event.

        Args:
            url: Where the server answers.
            credentials: ``api_key``.
        """
        body = '{"userId":"u-42","event":"Clicked Book a Demo","properties":{"from":"header"}}'
        key = base64.b64encode(credentials["api_key"].encode()).decode()
        return f"curl {url}/event/track -H 'Authorization: Basic {key}' -H 'Content-Type: application/json' -d '{body}'"

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source.

        Args:
            url: Where the server answers; hostile.
            credentials: The source's own, or words that stand in for them.
            trust: Of the source.
        """
        return snippets.all_of(url, credentials, trust)
