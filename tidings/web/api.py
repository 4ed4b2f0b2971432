"""The own API: the rooms' routes behind tokens, assembled into one ASGI app."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.exceptions import ClientException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from tidings import __version__
from tidings.commerce import api as commerce
from tidings.consent import api as consent
from tidings.db import Database
from tidings.dialects import DIALECTS, first_parts, kinds_of
from tidings.events import api as events
from tidings.events import figures_api, retry_api
from tidings.kit.proxies import Proxies
from tidings.kit.signing import Signer
from tidings.profiles import api as profiles
from tidings.profiles import forgetting_api, groups_api
from tidings.tenants import api as tenants
from tidings.tenants import handshakes_api, paging, people_api, vocabulary_api, workspace_api
from tidings.tenants.keys import Keys
from tidings.tenants.passwords import Passwords
from tidings.web.auth import make_actor, make_guard, provide_token
from tidings.web.document import Parameters, complete, query_parameters
from tidings.web.errors import CODES, HEADERS, ON_ERROR, Problem
from tidings.web.health import Health
from tidings.web.sections import SECTIONS
from tidings.web.streams import Streams

BODY = 64 * 1024
PATH = 4096  # bytes, percent-encoded: what is longer never reaches the router, which remembers paths
QUERY = 32 * 1024
PREFIX = "/tidings/v1"
ABOUT = "What is stored, and who may send. Authorization: Bearer TOKEN (`tidings token create`). See docs/api.md."
TAGS = (
    ("sources and tokens", (*tenants.ROUTES, *handshakes_api.ROUTES)),
    ("workspace", workspace_api.ROUTES),
    ("users and audit", people_api.ROUTES),
    ("events", (*events.ROUTES, *figures_api.ROUTES, *retry_api.ROUTES, *vocabulary_api.ROUTES)),
    ("profiles", (*profiles.ROUTES, *forgetting_api.ROUTES)),
    ("groups", groups_api.ROUTES),
    ("consent", consent.ROUTES),
    ("orders, carts and products", commerce.ROUTES),
)
MEMBER = re.compile(r"^Object (?:contains )?(unknown|missing required) field `(.*)`$", re.DOTALL)

Message = MutableMapping[str, Any]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def make_api(  # noqa: PLR0913 -- what it is put together from
    *,
    database: Database,
    keys: Keys,
    health: Health,
    hashing: Passwords,
    proxies: Proxies,
    secret: bytes,
    settings: Mapping[str, Any],
    stopping: Callable[[], bool],
) -> "Callable[[Message, Any, Any], Awaitable[None]]":
    """Return the ASGI app that answers everything below /tidings/.

    Args:
        database: The state.
        keys: Tokens in memory; refreshed after each change that is made here.
        health: What knows how many events were acknowledged.
        hashing: What makes hashes of passwords.
        proxies: Who may say who is calling.
        secret: The installation's key: signs links, and recognises addresses of forgotten customers.
        settings: The server's, as they are shown: nothing secret.
        stopping: Tells whether the server is shutting down, so that live streams end.
    """
    parameters: Parameters = {}
    streams = Streams(keys, stopping)
    handlers = [described(handler, tag) for tag, routes in TAGS for handler in routes]
    dependencies = {
        "database": given(database),
        "keys": given(keys),
        "streams": given(streams),
        "credentials": given({dialect.name: kinds_of(dialect.name) for dialect in DIALECTS}),
        "parts": given(first_parts()),
        "appended": Provide(lambda: health.appended, sync_to_thread=False),
        "token": Provide(provide_token, sync_to_thread=False),
        "who": Provide(make_actor(proxies), sync_to_thread=False),
        "hashing": given(hashing),
        "secret": given(secret),
        "signer": given(Signer(secret)),
        "settings": given(settings),
        "sections": given(SECTIONS),
        "page": Provide(paging.page, sync_to_thread=False),
        "wanted": Provide(events.wanted, sync_to_thread=False),
    }
    router = Router(
        PREFIX,
        route_handlers=handlers,
        guards=[make_guard(keys, parameters)],
        security=[{"token": []}],
        dependencies=dependencies,
    )
    return bounded(assembled(router, handlers, parameters))


def assembled(router: Router, handlers: list[HTTPRouteHandler], parameters: Parameters) -> Litestar:
    """Return the routes with their document, and fill in which query parameters they have.

    Args:
        router: All routes.
        handlers: The same, one by one.
        parameters: To be filled.
    """
    document: list[bytes] = []

    @get("/tidings/openapi.json", include_in_schema=False, sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(document[0], media_type="application/json")

    app = Litestar(
        [router, openapi],
        openapi_config=description(),
        exception_handlers=ON_ERROR,
        request_class=Asked,
        response_class=Exact,
        request_max_body_size=BODY,
        logging_config=None,
    )
    described_app = complete(app.openapi_schema.to_schema(), {*shapes_of(handlers), Problem})
    document.append(msgspec.json.encode(described_app))
    parameters.update(query_parameters(described_app))
    return app


class Asked(Request[Any, Any, Any]):
    """A request whose JSON body is decoded strictly into what its route takes: "1" is no number."""

    async def body(self) -> bytes:
        """Return the body, which only routes that need one ask for."""
        found = await super().body()
        if not found:
            raise ClientException("the request has no body: send a JSON object")
        return found

    async def json(self) -> Any:
        """Return the body as the Struct of the route."""
        shape = self.route_handler.parsed_fn_signature.parameters["data"].annotation
        try:
            return msgspec.json.decode(await self.body(), type=shape)
        except msgspec.ValidationError as error:
            raise ValidationException(extra=[fault_in(str(error))]) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ClientException(f"the body is not JSON: {error}") from None


class Exact(Response[Any]):
    """An answer whose decimal numbers are JSON numbers with all their digits."""

    def __init__(self, content: Any, **options: Any) -> None:
        super().__init__(content, **options)
        for name, value in HEADERS.items():
            self.headers.setdefault(name, value)

    def render(self, content: Any, media_type: str, enc_hook: Any = None) -> bytes:
        """Return the content as bytes."""
        if isinstance(content, msgspec.Struct):
            return events.ENCODE(content)
        return super().render(content, media_type)


def fault_in(text: str) -> dict[str, str]:
    """Return which member of a body msgspec complains about, and what it says."""
    message, _, path = text.partition(" - at `$")
    parts = [path.removesuffix("`").lstrip(".")]
    if named := MEMBER.search(message):
        parts.append(named[2])
        message = f"{named[1]} field"
    return {"key": ".".join(part for part in parts if part) or "body", "message": message}


def given(value: Any) -> Provide:
    """Return a dependency that is always the same."""
    return Provide(lambda: value, use_cache=True, sync_to_thread=False)


def described(handler: Any, tag: str) -> HTTPRouteHandler:
    """Return a route with what the document says about it: its text, its tag, its errors."""
    route: HTTPRouteHandler = handler
    text = (route.fn.__doc__ or "").strip()
    scope = route.opt.get("scope", "read")
    route.description = f"{text} Needs the scope {scope}."
    route.tags = [tag]
    statuses = [400, 401, 403, 404, 503]
    if "data" in route.parsed_fn_signature.parameters:
        statuses += [409, 413, 415]
    if route.opt.get("conflicts"):
        statuses.append(409)
    if "streams" in route.parsed_fn_signature.parameters:
        statuses.append(429)
    errors = {
        status: ResponseSpec(Problem, False, f"{HTTPStatus(status).phrase} (`{CODES[status]}`)")
        for status in sorted(statuses)
    }
    route.responses = {**errors, **(route.responses or {})}
    return route


def description() -> OpenAPIConfig:
    """Return what the OpenAPI document says of the API as a whole."""
    return OpenAPIConfig(
        title="Tidings",
        version=__version__,
        description=ABOUT,
        path="/framework",  # its own pages load scripts from elsewhere; no request below /tidings/ gets there
        render_plugins=[JsonRenderPlugin()],
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        operation_id_creator=lambda handler, *_: handler.handler_name,
    )


def shapes_of(handlers: list[HTTPRouteHandler]) -> Iterator[type[msgspec.Struct]]:
    """Yield the Structs that routes take and return."""
    for handler in handlers:
        signature = handler.parsed_fn_signature
        taken = [signature.parameters["data"].annotation] if "data" in signature.parameters else []
        streamed = [spec.data_container for spec in (handler.responses or {}).values()]
        for shape in (*taken, signature.return_type.annotation, *streamed):
            if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
                yield shape


def bounded(app: Asgi) -> Asgi:
    """Return an app that refuses overlong addresses before the router remembers them."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if len(scope.get("raw_path") or scope["path"]) <= PATH and len(scope["query_string"]) <= QUERY:
            await app(scope, receive, send)
            return
        text = f"the address is too long: a path may have {PATH} bytes, a query {QUERY}"
        body = msgspec.json.encode(Problem(code="too_long", message=text))
        headers = {"content-type": "application/json", "content-length": str(len(body)), **HEADERS}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 400, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    return call
