"""The paths of Re:amaze's data integration."""

import shlex
from collections.abc import Mapping

from tidings.dialects.contract import Reply, Request, Route, Sources
from tidings.dialects.reamaze_data import intake, keys, replies, snippets
from tidings.dialects.reamaze_data.body import BODY_LIMIT
from tidings.tenants.model import Snippet, Source, Trust


class ReamazeDataDialect:
    """Re:amaze's data integration; `tidings.dialects.contract.Dialect` says what the members are."""

    name: str = "reamaze_data"
    credentials: tuple[str, ...] = ("account", "api_key", "sso_secret")
    readable: tuple[str, ...] = ("api_key", "sso_secret")
    labels: tuple[str, ...] = ("account",)
    public: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    title: str = "Re:amaze data"
    about: str = "Shops that send users and events to Re:amaze by its data integration."
    routes: tuple[Route, ...] = (
        Route("POST", "/data/users", intake.take_user, BODY_LIMIT),
        Route("POST", "/data/users.json", intake.take_user, BODY_LIMIT),
        Route("POST", "/data/events", intake.take_event, BODY_LIMIT),
        Route("POST", "/data/events.json", intake.take_event, BODY_LIMIT),
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
        return keys.by_key(request, sources, "")

    def example(self, url: str, credentials: Mapping[str, str]) -> str:
        """Return a line for the shell that sends an event.

        Args:
            url: Where the server answers.
            credentials: ``api_key``, which is all that a server needs.
        """
        body = '{"user":{"id":"u-42"},"event":{"name":"purchase","value":49.9,"data":{"sku":"A1"}}}'
        key = shlex.quote(credentials["api_key"] + ":")
        return f"curl {url}/data/events -u {key} -H 'Content-Type: application/json' -d '{body}'"

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source.

        Args:
            url: Where the server answers; hostile.
            credentials: The source's own, or words that stand in for them.
            trust: Of the source.
        """
        return snippets.all_of(url, credentials, trust)
