"""A Remarkety shop that tells a running server about consent, over HTTP."""

from typing import Any

from tests.serving import Running


class Newsletter:
    """A shop's source, and what its customers do.

    Args:
        server: Already running.
        options: Of ``tidings source create``.
    """

    def __init__(self, server: Running, *options: str) -> None:
        self.server = server
        self.source = server.source("remarkety", "--name", "newsletter", *options)

    def tell(self, kind: str, **body: Any) -> None:
        """Send one event, and wait until it is processed."""
        headers = {"x-api-key": self.source["api_key"], "x-event-type": kind, "Content-Type": "application/json"}
        answer = self.server.call("POST", f"/webhooks/store/{self.source['store_id']}", body, headers=headers)
        assert answer.status == 200, answer.body
        self.server.processed()

    def subscribe(self, email: str, **more: Any) -> None:
        self.tell("newsletter/subscribe", email=email, **more)

    def unsubscribe(self, email: str, **more: Any) -> None:
        self.tell("newsletter/unsubscribe", email=email, **more)
