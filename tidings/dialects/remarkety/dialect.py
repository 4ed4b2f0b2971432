"""The paths of Remarkety."""

from collections.abc import Mapping

from tidings.dialects.contract import Reply, Request, Route, Sources
from tidings.dialects.remarkety import contacts, keys, replies, snippets, store_api
from tidings.dialects.remarkety.body import BODY_LIMIT
from tidings.dialects.remarkety.contacts import Contacts
from tidings.dialects.remarkety.install import Install
from tidings.dialects.remarkety.intake import Webhooks, in_json
from tidings.tenants.model import Kinds, Snippet, Source, Trust


class RemarketyDialect:
    """Remarkety; `tidings.dialects.contract.Dialect` says what the members are."""

    name: str = "remarkety"
    credentials: tuple[str, ...] = ("store_id", "api_key")
    readable: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    public: tuple[str, ...] = ("store_id",)
    numbers: tuple[str, ...] = ()
    title: str = "Remarkety"
    about: str = "Shops that send events to Remarkety: plugins of Magento and others, and your own code."
    routes: tuple[Route, ...]

    def __init__(self) -> None:
        take = in_json(Webhooks().take)
        add = in_json(Contacts().add)
        install = Install(Kinds(self.credentials, self.readable, self.labels, self.public, self.numbers))
        v1, v2 = "/api/v1/stores/{store_id}", "/api/v2/stores/{store_id}"
        self.routes = (
            Route("POST", "/webhooks", take, BODY_LIMIT),
            Route("POST", "/webhooks/store/{store_id}", take, BODY_LIMIT),
            Route("POST", f"{v1}/contacts", add, BODY_LIMIT),
            Route("POST", f"{v1}/contacts/unsubscribe", in_json(contacts.unsubscribe), BODY_LIMIT),
            Route("POST", f"{v2}/contacts/batch", in_json(contacts.take_batch), BODY_LIMIT),
            Route("GET", f"{v2}/customers", in_json(store_api.list_customers), access="read"),
            Route("POST", f"{v2}/customers", in_json(store_api.create_customer), BODY_LIMIT, access="read"),
            Route("PUT", f"{v2}/customers/{{hash}}", in_json(store_api.change_customer), BODY_LIMIT, access="write"),
            Route("POST", f"{v2}/orders", in_json(store_api.create_order), BODY_LIMIT),
            Route("GET", f"{v2}/products", in_json(store_api.list_products), access="read"),
            Route("GET", "/public/install/notify", install.notify, access="write"),
            Route("POST", "/public/install/notify", install.notify, access="write"),
            Route("POST", "/public/install/get-store-id", install.tell, access="read"),
            Route("GET", "/public/install/uninstall", install.end, access="write"),
            Route("POST", "/public/install/uninstall", install.end, access="write"),
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
        """Return whose request it is as far as address and headers tell."""
        return keys.source_of(request, sources)[0]

    def example(self, url: str, credentials: Mapping[str, str]) -> str:
        """Return a line for the shell that sends an event.

        Args:
            url: Where the server answers.
            credentials: ``store_id`` and ``api_key``.
        """
        return snippets.line(url, credentials, "room-booked", '{"customerId": "u-42", "nights": 3}')

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source.

        Args:
            url: Where the server answers; hostile.
            credentials: The source's own, or words that stand in for them.
            trust: Of the source.
        """
        return snippets.all_of(url, credentials, trust)
