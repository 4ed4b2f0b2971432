"""The composition root: settings become objects, objects become roles. Reads from top to bottom."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn

from tidings.config import Settings
from tidings.db import Database
from tidings.db.migrate import migrate
from tidings.db.squeezing import keep_copies_in
from tidings.dialects import DIALECTS
from tidings.edge import Edge, Receive, Scope, Send, express
from tidings.events.refusals import Refusals
from tidings.folder import Folder
from tidings.kit import clock, crypto
from tidings.kit.places import open_places
from tidings.kit.proxies import Proxies
from tidings.kit.signing import Signer
from tidings.kit.threads import take_turns
from tidings.pipeline.opening import key_of, open_pipeline
from tidings.pipeline.reading import State
from tidings.tenants import people_store
from tidings.tenants.keys import REFRESH_SECONDS, Keys
from tidings.tenants.passwords import Passwords
from tidings.web.health import Health
from tidings.web.metrics import Metrics

if TYPE_CHECKING:
    from tidings.web.console.gate import Gate

MIB = 1024 * 1024
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
# Settings that the console shows to owners; one that is a secret itself, and not the path of one, must not be here.
SHOWN = (
    *("host", "port", "tls_cert", "tls_key", "trusted_proxies", "mmdb", "rate"),
    *("avatars", "drain_seconds", "disk_reserve_mib", "cache_mib", "log_level", "log_format"),
)
OPERATIONS = {"/healthz", "/readyz", "/metrics"}
logger = structlog.get_logger()


class CannotListen(Exception):  # noqa: N818
    """The address is taken or not ours; the text says which."""


class Server:
    """All roles over one data folder.

    Args:
        settings: What the operator set.
        folder: Prepared and owned by this process.
    """

    def __init__(self, settings: Settings, folder: Folder) -> None:
        self.settings = settings
        self.folder = folder
        epoch = migrate(folder.state, clock.now())
        self.database = Database(folder.state, settings.cache_mib)
        self._key = key = key_of(folder, self.database)
        self.log, self.pipeline = open_pipeline(folder, self.database, epoch, key, settings.disk_reserve_mib * MIB)
        self.signer = Signer(key)
        self.keys = Keys(self.database, self.signer)
        self.keys.refresh_now()
        self.refusals = Refusals(self.database)
        self.health = Health(settings.disk_reserve_mib, folder, self.log, self.pipeline)
        self.metrics = Metrics(self.health)
        self._proxies = Proxies(settings.trusted_proxies)
        self.edge = Edge(
            DIALECTS,
            self.keys,
            self.log,
            self.refusals,
            self.metrics,
            self._proxies,
            settings.rate,
            self.health.why_not_writable,
            State(self.database, self.pipeline),
            open_places(Path(settings.mmdb)) if settings.mmdb else None,
        )
        self.setup_code = "" if self.database.read_now(people_store.any_user) else crypto.code()
        self._hashing = Passwords()
        self._api: Asgi | None = None
        self._console: Gate | None = None
        self._loading = asyncio.Lock()
        self._uvicorn: uvicorn.Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to whom it belongs."""
        path: str = scope["path"]
        if path.startswith("/tidings/"):
            await (await self._load_api())(scope, receive, send)
        elif path == "/console" or path.startswith("/console/"):
            await (await self._load_console())(scope, receive, send)
        elif path in OPERATIONS:
            await self.metrics.answer(scope, send)
        else:
            await self.edge(scope, receive, send)

    async def run(self, listening: socket.socket, on_ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        config = server_config(self, self.edge, self.settings)
        server = self._uvicorn = uvicorn.Server(config)
        take_turns(quickly=False)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)  # batches make many objects and no cycles
        self.pipeline.start()
        tasks = [
            asyncio.create_task(self._every(REFRESH_SECONDS, self.keys.refresh)),
            asyncio.create_task(self._every(0.5, self.refusals.flush)),
            asyncio.create_task(self._every(1.0, self.health.look)),
            asyncio.create_task(self._announce(server, on_ready)),
            asyncio.create_task(self._expect_visits()),
        ]
        try:
            await server.serve(sockets=[listening])
        finally:
            for task in tasks:
                task.cancel()
            await self.refusals.flush()
            await asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Work off what is in the log for a while, then close the files."""
        self.pipeline.stop(self.settings.drain_seconds)
        self.log.close()
        self.database.close()

    async def _load_api(self) -> Asgi:
        # Half a second of imports that a server which only takes events never needs.
        async with self._loading:
            if self._api is None:
                self._api = await asyncio.get_running_loop().run_in_executor(None, self._make_api)
        return self._api

    async def _load_console(self) -> "Gate":
        async with self._loading:
            if self._console is None:
                self._console = await asyncio.get_running_loop().run_in_executor(None, self._make_console)
        return self._console

    def _make_api(self) -> Asgi:
        from tidings.web.api import make_api
        from tidings.web.confirming import Confirming, beside

        api = make_api(
            database=self.database,
            keys=self.keys,
            health=self.health,
            hashing=self._hashing,
            proxies=self._proxies,
            secret=self._key,
            settings=shown_settings(self.settings, self.folder),
            stopping=lambda: self._uvicorn is not None and self._uvicorn.should_exit,
        )
        return beside(Confirming(self.database, self._key, self._proxies), api)

    def _make_console(self) -> "Gate":
        from tidings.web.console.app import make_console

        return make_console(
            database=self.database,
            keys=self.keys,
            health=self.health,
            hashing=self._hashing,
            proxies=self._proxies,
            secret=self._key,
            setup_code=self.setup_code,
            settings=shown_settings(self.settings, self.folder),
        )

    async def _announce(self, server: uvicorn.Server, on_ready: Callable[[], None]) -> None:
        while not server.started:  # noqa: ASYNC110 -- uvicorn tells it by an attribute only
            await asyncio.sleep(0.01)
        on_ready()

    async def _expect_visits(self) -> None:
        if not self.setup_code:  # somebody can sign in: the first page need not wait for half a second of imports
            console = await self._load_console()
            await asyncio.get_running_loop().run_in_executor(None, console.prepare)

    async def _every(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await do()
            except Exception as error:
                logger.error("a periodic task failed and goes on", task=do.__qualname__, error=str(error))


def shown_settings(settings: Settings, folder: Folder) -> dict[str, Any]:
    """Return the settings as the console shows them: paths and numbers, nothing secret."""
    return {"data": str(folder.path.absolute()), **{name: getattr(settings, name) for name in SHOWN}}


def server_config(app: Any, edge: Edge | None, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves: no logs, no headers, no proxies of its own.

    Args:
        app: ASGI app.
        edge: Where the short way leads; None has none.
        settings: Name certificate and drain time.
    """
    return uvicorn.Config(
        app,
        http=express(edge),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, int(settings.drain_seconds)),
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        CannotListen: The address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        text = f"cannot listen on {host}:{port}: {getattr(error, 'strerror', error)} (choose another --port or --host)"
        raise CannotListen(text) from None
    listening.listen(2048)
    listening.set_inheritable(True)
    return listening


def serve(settings: Settings, folder_path: Path, on_ready: Callable[[Server, int], None]) -> None:
    """Run a server in this process until it is told to stop.

    Args:
        settings: What the operator set.
        folder_path: The data folder, made if absent.
        on_ready: Called once with the server and its port when it answers.
    """
    import uvloop

    folder = Folder(folder_path)
    folder.prepare()
    lock = folder.own()
    keep_copies_in(folder.path)
    listening = listen(settings.host, settings.port)
    # uvicorn stops at these signals, then raises them again for whoever was there before: that must not end the
    # process before it has drained.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    async def main() -> None:
        server = Server(settings, folder)
        await server.run(listening, lambda: on_ready(server, listening.getsockname()[1]))

    try:
        uvloop.run(main())
    finally:
        os.close(lock)
