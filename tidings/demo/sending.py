"""Calls become requests over kept connections."""

import base64
import http.client
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Protocol
from urllib.parse import urlsplit

from tidings.demo.calls import Brand, Call, Dialect
from tidings.demo.rhythm import DAY

BATCH_EVENTS = 100
BATCH_BYTES = 400_000  # Segment's clients stay below 500 KB
LATER = (429, 503)  # worth another try
TRIES = 20
STRANGER = "nobodys-key"
TIMEOUT_SECONDS = 60


class Stopped(Exception):  # noqa: N818
    """The server is gone, or answers otherwise than it should; the text says which."""


class Told(Protocol):
    """Who hears how far it is; called from several threads, one after the other."""

    def begin(self, total: int) -> None:
        """So many events are to be sent."""
        ...

    def sent(self, stored: int, refused: int) -> None:
        """So many more have been answered as they should."""
        ...


class Courier:
    """Brings calls to a server.

    Args:
        url: Where it answers.
        certificate: The server's own, PEM file; None for http.
        keys: The key of each source.
        told: Hears what has been sent.
    """

    def __init__(
        self, url: str, certificate: str | None, keys: Mapping[tuple[Brand, Dialect], str], told: Told
    ) -> None:
        self._place = urlsplit(url)
        self._certificate = certificate
        self._keys = keys
        self._told = told
        self._lock = threading.Lock()
        self._failure: Exception | None = None

    def send_all(self, lanes: Sequence[Sequence[Call]]) -> None:
        """Send each lane in its order over a connection of its own.

        Raises:
            Stopped: See there; the other lanes stop as well.
        """
        # Daemons: the process may end at any moment without waiting for them.
        threads = [threading.Thread(target=self._run, args=(lane,), name="tidings-demo", daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise Stopped(str(self._failure)) from self._failure

    def _run(self, lane: Sequence[Call]) -> None:
        connection = self._connect()
        try:
            for request in requests(lane):
                if self._failure is not None:
                    return
                self._post(connection, request)
                with self._lock:
                    self._told.sent(sum(call.events for call in request), sum(call.refused for call in request))
        except (OSError, http.client.HTTPException, Stopped) as error:
            self._failure = error if isinstance(error, Stopped) else Stopped(f"the server is gone ({error!r})")
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._place.hostname or "", self._place.port
        if self._certificate is None:
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        # It names the public host, which need not lead here; but this very certificate it must be.
        context = ssl.create_default_context(cafile=self._certificate)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)

    def _post(self, connection: http.client.HTTPConnection, request: Sequence[Call]) -> None:
        """Send one request until the server takes it.

        Raises:
            Stopped: It never does, or says something else.
        """
        first = request[0]
        for _ in range(TRIES):
            connection.request("POST", first.path or "/v1/batch", body_of(request), self._headers(first))
            answer = connection.getresponse()
            said = answer.read()
            if answer.status == first.status:
                return
            if answer.status not in LATER:
                break
            time.sleep(min(5.0, float(answer.headers.get("Retry-After", "1"))))
        raise Stopped(f"{first.path} was answered with {answer.status}: {said[:200].decode(errors='replace')}")

    def _headers(self, call: Call) -> dict[str, str]:
        key = STRANGER if call.stranger else self._keys[call.brand, call.dialect]
        colon = "" if call.dialect == "ripe" else ":"
        headers = {
            "Authorization": "Basic " + base64.b64encode(f"{key}{colon}".encode()).decode(),
            "Content-Type": "application/json",
        }
        return headers | {"Idempotency-Key": call.repeat} if call.repeat else headers


def requests(lane: Sequence[Call]) -> Iterator[list[Call]]:
    """Yield what goes into one request: day by day, the events of a Segment source together.

    Args:
        lane: In order.
    """
    for _, day in groupby(lane, lambda call: call.at // DAY):
        calls = list(day)
        for brand in ("shop", "wholesale"):
            yield from batches([call for call in calls if not call.path and call.brand == brand])
        yield from ([call] for call in calls if call.path)


def batches(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """Yield events of one source in batches that the server takes.

    Args:
        calls: Of one source.
    """
    batch: list[Call] = []
    size = 0
    for call in calls:
        if len(batch) == BATCH_EVENTS or size + len(call.body) > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(call)
        size += len(call.body)
    if batch:
        yield batch


def body_of(request: Sequence[Call]) -> bytes:
    """Return the body of a request.

    Args:
        request: Its calls.
    """
    if request[0].path:
        return request[0].body
    return b'{"batch":[%b]}' % b",".join(call.body for call in request)
