"""The paths of RAY's API for interactions."""

from collections.abc import Mapping

from tidings.dialects.contract import Rejected, Reply, Request, Route, Sources
from tidings.dialects.ray import intake, keys, listing, replies, snippets
from tidings.tenants.model import Snippet, Source, Trust

_LOGIN_LIMIT = 16_384  # bytes


class RayDialect:
    """RAY's API for interactions; `tidings.dialects.contract.Dialect` says what the members are."""

    name: str = "ray"
    credentials: tuple[str, ...] = ("client_id", "client_secret", "username", "password", "store_id")
    readable: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ("store_id",)
    title: str = "RAY"
    about: str = "Restaurants that tell RAY of their customers' interactions by its API."
    routes: tuple[Route, ...] = (
        Route("POST", "/oauth/token", intake.take_login, _LOGIN_LIMIT),
        Route("POST", "/events/interaction", intake.take_interactions, intake.BODY_LIMIT),
        Route("PUT", "/segments/users", listing.list_users, listing.BODY_LIMIT, access="read"),
        Route("GET", "/stores", listing.list_stores, prefixed=True, access="read"),
    )

    def error(self, status: int, code: str, message: str) -> Reply:
        """Return the answer for an error of any layer.

        Args:
            status: HTTP status.
            code: Stable short name of the reason, which answers about tokens show.
            message: The reason in a sentence.
        """
        return replies.error(status, code, message)

    def sender(self, request: Request, sources: Sources) -> Source | None:
        """Return whose request it is as far as the token tells."""
        if not request.headers.get(b"authorization", b"").strip().lower().startswith(b"bearer "):
            return None
        try:
            return keys.bearer(request, sources)
        except Rejected as refused:
            return refused.source

    def example(self, url: str, credentials: Mapping[str, str]) -> str:
        """Return a line for the shell that sends an event.

        Args:
            url: Where the server answers.
            credentials: The source's own.
        """
        return snippets.curl(url, credentials)

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source.

        Args:
            url: Where the server answers; hostile.
            credentials: The source's own, or words that stand in for them.
            trust: Of the source.
        """
        return snippets.all_of(url, credentials, trust)
