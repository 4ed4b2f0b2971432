"""The paths of the Segment HTTP Tracking API and of its close relatives."""

from collections.abc import Mapping

from tidings.dialects.contract import Reply, Request, Route, Sources
from tidings.dialects.segment import intake, keys, pixel, replies, script, settings, snippets
from tidings.events.model import VERBS, Verb
from tidings.tenants.model import Snippet, Source, Trust

_SHORT: dict[str, Verb] = {verb[0]: verb for verb in VERBS}
_SCRIPTS = ("analytics.min.js", "platform/analytics.min.js")
_BATCHES = ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch")


class SegmentDialect:
    """The Segment HTTP Tracking API; `tidings.dialects.contract.Dialect` says what the members are."""

    name: str = "segment"
    credentials: tuple[str, ...] = ("write_key",)
    readable: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    title: str = "Segment"
    about: str = "Segment's and RudderStack's SDKs, the page snippet, and what calls the HTTP Tracking API."
    routes: tuple[Route, ...] = (
        *(Route("POST", f"/v1/{verb}", intake.single(verb)) for verb in VERBS),
        *(Route("POST", f"/v1/{letter}", intake.single(verb)) for letter, verb in _SHORT.items()),
        *(Route("POST", path, intake.take_batch) for path in _BATCHES),
        Route("POST", "/v1/m", intake.take_nothing),
        Route("GET", "/v1/pixel/{call}", pixel.take),
        Route("GET", "/v1/projects/{writeKey}/settings", settings.project),
        Route("GET", "/sourceConfig", settings.source_config),
        *(Route("GET", f"/analytics.js/v1/{{writeKey}}/{path}", script.deliver) for path in _SCRIPTS),
    )

    def error(self, status: int, code: str, message: str) -> Reply:
        """Return the answer for an error of any layer.

        Args:
            status: HTTP status; 413 becomes the documented 400.
            code: Stable short name of the reason.
            message: The reason in a sentence.
        """
        return replies.error(status, code, message)

    def sender(self, request: Request, sources: Sources) -> Source | None:
        """Return whose request it is as far as header and query tell."""
        return keys.source_of(request, sources)

    def example(self, url: str, credentials: Mapping[str, str]) -> str:
        """Return a line for the shell that sends a track event.

        Args:
            url: Where the server answers.
            credentials: ``write_key``.
        """
        return snippets.command(url, credentials["write_key"])

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source.

        Args:
            url: Where the server answers; hostile.
            credentials: The source's own, or words that stand in for them.
            trust: Of the source.
        """
        return snippets.all_of(url, credentials, trust)
